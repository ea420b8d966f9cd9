import type { ReduceOp } from "../../expr/operations.ts";
import { sizeOf } from "../../expr/shape.ts";
import { type Kernel, type Kernels, type Run, rowMajor, walk } from "../kernel.ts";

type Reduction = Kernel<"ReduceSum" | "ReduceMean" | "ReduceMax">;

/** A reduction of `x` into `out`, which holds `start` everywhere at first. */
const reduction =
  (start: number, reduce: (x: Float64Array, out: Float64Array) => Run): Reduction =>
  ({ attributes: { axes } }, [x], shape, memory) => {
    const kept = x.shape.map((length, d) => (axes.includes(d) ? 1 : length));
    const into = rowMajor(kept).map((stride, d) => (axes.includes(d) ? 0 : stride));
    const out = memory.take(sizeOf(shape)).fill(start);
    walk(x.shape, [rowMajor(x.shape), into], reduce(x.data, out));
    return out;
  };

const sum = reduction(0, (x, out) => (n, [i, o], [di, d]) => {
  if (d === 0) {
    let total = out[o];
    for (let k = 0; k < n; k++, i += di) total += x[i];
    out[o] = total;
  } else for (let k = 0; k < n; k++, o += d, i += di) out[o] += x[i];
});

const max = reduction(Number.NEGATIVE_INFINITY, (x, out) => (n, [i, o], [di, d]) => {
  for (let k = 0; k < n; k++, o += d, i += di) out[o] = Math.max(out[o], x[i]);
});

const mean: Reduction = (node, inputs, shape, memory) => {
  const out = sum(node, inputs, shape, memory);
  const count = sizeOf(node.attributes.axes.map((a) => inputs[0].shape[a]));
  for (let i = 0; i < out.length; i++) out[i] /= count;
  return out;
};

const softmax: Kernel<"Softmax"> = ({ attributes: { axis } }, [x], shape, memory) => {
  const out = memory.take(x.data.length);
  const length = shape[axis];
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * length * inner + i;
      const end = start + length * inner;
      let top = Number.NEGATIVE_INFINITY;
      for (let k = start; k < end; k += inner) top = Math.max(top, x.data[k]);
      let total = 0;
      for (let k = start; k < end; k += inner) total += out[k] = Math.exp(x.data[k] - top);
      for (let k = start; k < end; k += inner) out[k] /= total;
    }
  }
  return out;
};

export const reduceKernels: Kernels<ReduceOp> = {
  ReduceSum: sum,
  ReduceMean: mean,
  ReduceMax: max,
  Softmax: softmax,
};
