import { isFloat } from "../../expr/tensor.ts";
import { type Kernel, sizeOf } from "../kernel.ts";
import { broadcastStrides, rowMajor, walk } from "../walk.ts";
import { erf } from "./erf.ts";

const unary: Record<string, (x: number) => number> = {
  Neg: (x) => -x,
  Exp: (x) => Math.exp(x),
  Log: (x) => Math.log(x),
  Sqrt: (x) => Math.sqrt(x),
  Abs: (x) => Math.abs(x),
  Sign: (x) => Math.sign(x),
  Sin: (x) => Math.sin(x),
  Cos: (x) => Math.cos(x),
  Tanh: (x) => Math.tanh(x),
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  Relu: (x) => Math.max(x, 0),
  Erf: erf,
  Floor: (x) => Math.floor(x),
};

const binary: Record<string, (a: number, b: number) => number> = {
  Pow: (a, b) => a ** b,
  Max: (a, b) => Math.max(a, b),
  Min: (a, b) => Math.min(a, b),
  Greater: (a, b) => (a > b ? 1 : 0),
  Less: (a, b) => (a < b ? 1 : 0),
  Equal: (a, b) => (a === b ? 1 : 0),
};

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

// The commonest four are written out, since a call per element costs more than they do.
const loops: Record<string, Loop> = {
  Add: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = a[i + k * di] + b[j + k * dj];
  },
  Sub: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = a[i + k * di] - b[j + k * dj];
  },
  Mul: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = a[i + k * di] * b[j + k * dj];
  },
  Div: (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = a[i + k * di] / b[j + k * dj];
  },
};

const eachOf =
  (f: (a: number, b: number) => number): Loop =>
  (n, out, o, a, i, di, b, j, dj) => {
    for (let k = 0; k < n; k++) out[o + k] = f(a[i + k * di], b[j + k * dj]);
  };

const mapKernel =
  (f: (x: number) => number): Kernel =>
  (_, [{ data }], __, memory) => {
    const out = memory.take(data.length);
    for (let i = 0; i < data.length; i++) out[i] = f(data[i]);
    return out;
  };

const zipKernel =
  (loop: Loop): Kernel =>
  (_, [a, b], shape, memory) => {
    const out = memory.take(sizeOf(shape));
    const strides = [
      rowMajor(shape),
      broadcastStrides(a.shape, shape),
      broadcastStrides(b.shape, shape),
    ];
    walk(shape, strides, (n, [o, i, j], [, di, dj]) => {
      loop(n, out, o, a.data, i, di, b.data, j, dj);
    });
    return out;
  };

// Whole numbers divide towards zero, as ONNX and C do.
const divide: Kernel = (node, ...rest) => {
  const loop = isFloat(node.dtype) ? loops.Div : eachOf((a, b) => Math.trunc(a / b));
  return zipKernel(loop)(node, ...rest);
};

const where: Kernel = (_, [c, a, b], shape, memory) => {
  const out = memory.take(sizeOf(shape));
  const strides = [rowMajor(shape), ...[c, a, b].map((v) => broadcastStrides(v.shape, shape))];
  walk(shape, strides, (n, [o, h, i, j], [, dh, di, dj]) => {
    for (let k = 0; k < n; k++) {
      out[o + k] = c.data[h + k * dh] ? a.data[i + k * di] : b.data[j + k * dj];
    }
  });
  return out;
};

const cast: Kernel = (node, [x], shape, memory) => {
  const from = node.inputs[0].dtype;
  if (node.dtype === "bool") return mapKernel((v) => (v ? 1 : 0))(node, [x], shape, memory);
  if (isFloat(from) && !isFloat(node.dtype)) {
    return mapKernel((v) => Math.trunc(v))(node, [x], shape, memory);
  }
  return x.data;
};

export function elementwiseKernel(op: string): Kernel | undefined {
  if (op in unary) return mapKernel(unary[op]);
  if (op === "Div") return divide;
  if (op in loops) return zipKernel(loops[op]);
  if (op in binary) return zipKernel(eachOf(binary[op]));
  if (op === "Where") return where;
  return op === "Cast" ? cast : undefined;
}
