import type { ReduceOp } from "../../expr/operations.ts";
import { sizeOf } from "../../expr/shape.ts";
import { type Kernel, type Kernels, rowMajor, walk } from "../kernel.ts";

type Reduction = Kernel<"ReduceSum" | "ReduceMean" | "ReduceMax">;

function reduceTo(take: "sum" | "max"): Reduction {
  return ({ attributes: { axes } }, [x], shape, memory) => {
    const kept = x.shape.map((length, d) => (axes.includes(d) ? 1 : length));
    const into = rowMajor(kept).map((stride, d) => (axes.includes(d) ? 0 : stride));
    const out = memory.take(sizeOf(shape)).fill(take === "sum" ? 0 : Number.NEGATIVE_INFINITY);
    const loop = take === "sum" ? sumLoop : maxLoop;
    walk(x.shape, [rowMajor(x.shape), into], (n, [i, o], [di, d]) => {
      loop(n, x.data, i, di, out, o, d);
    });
    return out;
  };
}

type Loop = (
  n: number,
  x: Float64Array,
  i: number,
  di: number,
  out: Float64Array,
  o: number,
  d: number,
) => void;

const sumLoop: Loop = (n, x, i, di, out, o, d) => {
  if (d === 0) {
    let total = out[o];
    for (let k = 0; k < n; k++, i += di) total += x[i];
    out[o] = total;
  } else for (let k = 0; k < n; k++, o += d, i += di) out[o] += x[i];
};

const maxLoop: Loop = (n, x, i, di, out, o, d) => {
  for (let k = 0; k < n; k++, o += d, i += di) out[o] = Math.max(out[o], x[i]);
};

const sum = reduceTo("sum");

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
  ReduceMax: reduceTo("max"),
  Softmax: softmax,
};
