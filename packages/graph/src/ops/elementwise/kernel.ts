import type { ElementwiseOp } from "../../expr/operations.ts";
import { sizeOf } from "../../expr/shape.ts";
import { isFloat } from "../../expr/tensor.ts";
import {
  broadcastStrides,
  type Kernel,
  type Kernels,
  rowMajor,
  type Value,
  walk,
} from "../kernel.ts";

type Loop = (
  n: number,
  out: Float64Array,
  o: number,
  a: Float64Array,
  i: number,
  di: number,
  b: Float64Array,
  j: number,
  dj: number,
) => void;

const eachOf =
  (f: (a: number, b: number) => number): Loop =>
  (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++, i += di, j += dj) out[o + k] = f(a[i], b[j]);
  };

const map =
  (f: (x: number) => number): Kernel<ElementwiseOp> =>
  (_, [{ data }], __, memory) => {
    const out = memory.take(data.length);
    for (let i = 0; i < data.length; i++) out[i] = f(data[i]);
    return out;
  };

const zip =
  (loop: Loop): Kernel<ElementwiseOp> =>
  (_, [a, b], shape, memory) => {
    const out = memory.take(sizeOf(shape));
    const n = out.length;
    if (isRun(a.data, n) && isRun(b.data, n)) {
      const step = ({ data }: Value) => (data.length === n ? 1 : 0);
      loop(n, out, 0, a.data, 0, step(a), b.data, 0, step(b));
      return out;
    }
    const strides = [rowMajor(shape), ...[a, b].map((v) => broadcastStrides(v.shape, shape))];
    walk(shape, strides, (n, [o, i, j], [, di, dj]) => {
      loop(n, out, o, a.data, i, di, b.data, j, dj);
    });
    return out;
  };

/** Whether an operand needs no strides: it has one element or as many as the result. */
const isRun = ({ length }: Float64Array, n: number): boolean => length === n || length === 1;

const zipEach = (f: (a: number, b: number) => number) => zip(eachOf(f));

// The most frequent loops are written out: a call per element costs more than the arithmetic.
const divide = zip((n, out, o, a, i, di, b, j, dj) => {
  for (let k = 0; k < n; k++, i += di, j += dj) out[o + k] = a[i] / b[j];
});
const truncate = map((x) => Math.trunc(x));
const truth = map((x) => (x ? 1 : 0));
// Whole numbers divide towards zero, as ONNX and C do.
const divideWhole = zipEach((a, b) => Math.trunc(a / b));

const where: Kernel<"Where"> = (_, [c, a, b], shape, memory) => {
  const out = memory.take(sizeOf(shape));
  const strides = [rowMajor(shape), ...[c, a, b].map((v) => broadcastStrides(v.shape, shape))];
  walk(shape, strides, (n, [o, h, i, j], [, dh, di, dj]) => {
    for (let k = 0; k < n; k++) {
      out[o + k] = c.data[h + k * dh] ? a.data[i + k * di] : b.data[j + k * dj];
    }
  });
  return out;
};

const cast: Kernel<"Cast"> = (node, inputs, shape, memory) => {
  if (node.dtype === "bool") return truth(node, inputs, shape, memory);
  const cuts = isFloat(node.inputs[0].dtype) && !isFloat(node.dtype);
  return cuts ? truncate(node, inputs, shape, memory) : inputs[0].data;
};

const TWO_OVER_ROOT_PI = 1.1283791670955126;

/**
 * The error function, to about 1e-15: `2/sqrt(pi) * e^(-x^2) * sum 2^n x^(2n+1) / (2n+1)!!`
 * near 0 (Abramowitz and Stegun 7.1.6), and the continued fraction 7.1.14 of its complement beyond.
 */
function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return Number.isNaN(a) ? a : Math.sign(x);
  const square = x * x;
  if (a < 2.5) {
    let term = x;
    let total = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
      term *= (2 * square) / (2 * n + 1);
      total += term;
    }
    return TWO_OVER_ROOT_PI * Math.exp(-square) * total;
  }
  let tail = 0;
  for (let n = 60; n >= 1; n--) tail = n / 2 / (a + tail);
  const complement = (TWO_OVER_ROOT_PI / 2) * (Math.exp(-square) / (a + tail));
  return Math.sign(x) * (1 - complement);
}

export const elementwiseKernels: Kernels<ElementwiseOp> = {
  Add: zip((n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++, i += di, j += dj) out[o + k] = a[i] + b[j];
  }),
  Sub: zip((n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++, i += di, j += dj) out[o + k] = a[i] - b[j];
  }),
  Mul: zip((n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++, i += di, j += dj) out[o + k] = a[i] * b[j];
  }),
  Div: (node, ...rest) => (isFloat(node.dtype) ? divide : divideWhole)(node, ...rest),
  Pow: zipEach((a, b) => a ** b),
  Max: zip((n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++, i += di, j += dj) out[o + k] = Math.max(a[i], b[j]);
  }),
  Min: zip((n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++, i += di, j += dj) out[o + k] = Math.min(a[i], b[j]);
  }),
  Greater: zip((n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++, i += di, j += dj) out[o + k] = a[i] > b[j] ? 1 : 0;
  }),
  Less: zipEach((a, b) => (a < b ? 1 : 0)),
  Equal: zipEach((a, b) => (a === b ? 1 : 0)),
  Where: where,
  Cast: cast,
  Neg: (_, [{ data }], __, memory) => {
    const out = memory.take(data.length);
    for (let i = 0; i < data.length; i++) out[i] = -data[i];
    return out;
  },
  Exp: map((x) => Math.exp(x)),
  Log: map((x) => Math.log(x)),
  Sqrt: map((x) => Math.sqrt(x)),
  Abs: (_, [{ data }], __, memory) => {
    const out = memory.take(data.length);
    for (let i = 0; i < data.length; i++) out[i] = Math.abs(data[i]);
    return out;
  },
  Sign: map((x) => Math.sign(x)),
  Sin: map((x) => Math.sin(x)),
  Cos: map((x) => Math.cos(x)),
  Tanh: map((x) => Math.tanh(x)),
  Sigmoid: map((x) => 1 / (1 + Math.exp(-x))),
  Softplus: map((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Relu: map((x) => Math.max(x, 0)),
  Erf: map(erf),
  Floor: map((x) => Math.floor(x)),
};
