import * as g from "../src/index.ts";
import { weights } from "./onnx-values.ts";

type Inputs = Record<string, g.Expr>;
export interface Case {
  signature: Record<string, g.Signature>;
  f: (inputs: Inputs) => Record<string, g.Expr>;
}

const matrix = { shape: ["batch", 6] };
const image = { shape: ["batch", 4, 6, 6] };

const one = (shape: g.Shape, f: (x: g.Expr) => g.Expr): Case => ({
  signature: { x: { shape } },
  f: ({ x }) => ({ y: f(x) }),
});
const two = (shape: g.Shape, other: g.Shape, f: (a: g.Expr, b: g.Expr) => g.Expr): Case => ({
  signature: { a: { shape }, b: { shape: other } },
  f: ({ a, b }) => ({ y: f(a, b) }),
});

const weight = (name: string, shape: number[], seed?: number) =>
  g.parameter(name, weights(shape, seed));
const positive = (x: g.Expr) => g.add(g.abs(x), 0.1);

/** Every operation, in every form that is written differently. */
export const cases: Record<string, Case> = {
  add: two(["batch", 3, 4], ["batch", 1, 4], g.add),
  sub: two([3, 4], [4], g.sub),
  mul: two([3, 4], [3, 1], g.mul),
  div: two([3, 4], [3, 4], (a, b) => g.div(a, positive(b))),
  pow: two([3, 4], [3, 4], (a, b) => g.pow(positive(a), b)),
  maximum: two([3, 4], [3, 4], g.maximum),
  minimum: two([3, 4], [3, 4], g.minimum),
  "greater, less, equal, where": two(["batch", 4], ["batch", 4], (a, b) =>
    g.where(
      g.greater(a, b),
      g.where(g.equal(a, a), a, 7),
      g.where(g.less(a, -0.5), g.mul(b, 3), -1),
    ),
  ),
  neg: one(["batch", 5], g.neg),
  exp: one(["batch", 5], g.exp),
  "log, sqrt": one(["batch", 5], (x) => g.add(g.log(positive(x)), g.sqrt(positive(x)))),
  "abs, sign": one(["batch", 5], (x) => g.add(g.abs(x), g.sign(x))),
  "sin, cos": one(["batch", 5], (x) => g.add(g.sin(g.mul(x, 5)), g.cos(x))),
  tanh: one(["batch", 5], g.tanh),
  sigmoid: one(["batch", 5], g.sigmoid),
  softplus: one(["batch", 5], g.softplus),
  relu: one(["batch", 5], g.relu),
  "erf, gelu": one(["batch", 5], (x) => g.add(g.erf(x), g.gelu(x))),
  floor: one(["batch", 5], (x) => g.floor(g.mul(x, 4))),
  silu: one(["batch", 5], g.silu),
  "cast of integers": {
    signature: { t: { shape: ["batch"], dtype: "int64" } },
    f: ({ t }) => ({
      y: g.cast(t, "float32"),
      b: g.cast(t, "bool"),
      i: g.cast(g.cast(t, "int32"), "int64"),
    }),
  },
  "reshape to one free dimension": one(["batch", 4, 6], (x) => g.reshape(x, ["batch", 24])),
  "reshape across the batch": one(["batch", 4, 6], (x) => g.reshape(x, ["2*batch", 2, 6])),
  "reshape with two free dimensions": {
    signature: { x: { shape: ["batch", "length", 4] } },
    f: ({ x }) => ({
      y: g.reshape(x, [2, "batch", "length", 2]),
      z: g.reshape(x, ["2*batch*length", 2]),
    }),
  },
  "dimensions that are multiples": {
    signature: { x: { shape: ["2*batch", "length", 4] } },
    f: ({ x }) => ({
      y: g.reshape(x, [2, "2*batch", "length", 2]),
      z: g.expandLike(g.constant(3), g.exp(x)),
    }),
  },
  transpose: one(["batch", 2, 3], (x) => g.transpose(x, [2, 0, 1])),
  concat: two(["batch", 2], ["batch", 3], (a, b) => g.concat([a, b, a], 1)),
  "concat along the batch": two(["batch", 2], ["batch", 2], (a, b) => g.concat([a, b], 0)),
  slice: one(["batch", 9], (x) => g.slice(x, 1, 1, -1, 3)),
  pad: one(["batch", 2, 3], (x) =>
    g.add(g.pad(x, [0, 1, 0], [0, 0, 2]), g.pad(x, [0, 0, 2], [0, 1, 0], -3)),
  ),
  expand: one(["batch", 1, 3], (x) => g.expand(x, ["batch", 4, 3])),
  "expand to leading dimensions": one([3], (x) => g.expand(x, [2, 4, 3])),
  expandLike: one(["batch", 3], (x) => g.expandLike(g.constant(0.25), x)),
  "expandLike of a value": one(["batch", 3, 4], (x) => {
    const h = g.reshape(x, ["batch", 12]);
    return g.expandLike(g.mean(h, [0], true), h);
  }),
  "expandLike of a product": one(["batch", 2, 3], (x) => {
    const h = g.reshape(x, ["2*batch", 3]);
    return g.concat([g.expandLike(g.constant(2), h), h], 1);
  }),
  "expand before arithmetic": one(["batch", 3], (x) =>
    g.mul(g.expandLike(g.mean(x), x), g.add(g.expandLike(g.constant(1), x), x)),
  ),
  "expand that broadcasting does not do": one([3, 1], (x) => g.add(g.expand(x, [3, 4]), 1)),
  gather: {
    signature: { i: { shape: ["batch"], dtype: "int64" } },
    f: ({ i }) => ({
      y: g.gather(weight("table", [4, 3]), i),
      z: g.gather(weight("other", [2, 4]), g.cast(i, "int32"), 1),
    }),
  },
  sum: one(["batch", 3, 4], (x) => g.add(g.sum(x, [2], true), g.sum(x))),
  mean: one(["batch", 3, 4], (x) => g.add(g.mean(x, [0, 2]), g.mean(x))),
  max: one(["batch", 3, 4], (x) => g.add(g.max(x, [1]), g.max(x))),
  softmax: one(["batch", 3, 4], (x) => g.add(g.softmax(x), g.softmax(x, 1))),
  logSumExp: one(["batch", 3, 4], (x) => g.logSumExp(x)),
  matmul: two(["batch", 3], [3, 4], (a, b) => g.matmul(a, b)),
  "matmul, transposed": {
    signature: { a: { shape: [3, "batch"] }, b: { shape: [4, 3] } },
    f: ({ a, b }) => ({
      y: g.matmul(a, b, { transposeA: true, transposeB: true }),
      z: g.matmul(b, a),
      w: g.matmul(a, a, { transposeB: true }),
    }),
  },
  "matmul with a bias": {
    signature: { x: matrix },
    f: ({ x }) => ({
      y: g.add(g.matmul(x, weight("w", [6, 4])), weight("b", [4])),
      z: g.add(weight("c", [1, 5]), g.matmul(x, weight("v", [5, 6]), { transposeB: true })),
    }),
  },
  "matmul with something that is no bias": {
    signature: { x: matrix },
    f: ({ x }) => {
      const y = g.matmul(x, weight("w", [6, 6]));
      const twice = g.matmul(x, weight("v", [6, 6]));
      return {
        y: g.add(y, x),
        z: g.add(twice, weight("b", [6])),
        twice,
        s: g.add(g.matmul(x, weight("u", [6, 1])), weight("c", [3])),
      };
    },
  },
  "matmul, batched": two(["batch", 2, 3, 4], ["batch", 2, 5, 4], (a, b) =>
    g.matmul(a, b, { transposeB: true }),
  ),
  "matmul, batched with one matrix": two(["batch", 4, 3], [4, 5], (a, b) =>
    g.matmul(a, b, { transposeA: true }),
  ),
  conv: {
    signature: { x: image },
    f: ({ x }) => ({
      y: g.conv2d(x, weight("w", [6, 4, 3, 3]), { stride: 2, pads: [1, 0, 1, 2] }),
      z: g.conv2d(x, weight("v", [8, 2, 2, 1]), { groups: 2 }),
    }),
  },
  "conv with a bias": {
    signature: { x: image, b: { shape: [6] } },
    f: ({ x, b }) => ({
      y: g.add(g.conv2d(x, weight("w", [6, 4, 3, 3])), g.reshape(b, [1, 6, 1, 1])),
      z: g.add(weight("c", [6, 1, 1]), g.conv2d(x, weight("v", [6, 4, 1, 1]))),
      u: g.add(g.conv2d(x, weight("t", [6, 4, 1, 1])), g.slice(x, 1, 0, 1)),
    }),
  },
  averagePool: one(image.shape, (x) =>
    g.add(g.averagePool(x), g.expandLike(g.averagePool(x, 6), g.averagePool(x))),
  ),
  upsampleNearest: one(image.shape, (x) =>
    g.concat([g.upsampleNearest(x), g.upsampleNearest(g.averagePool(x), 4)], 1),
  ),
  instanceNorm: {
    signature: { x: image },
    f: ({ x }) => ({ y: g.instanceNorm(x, weight("s", [4]), weight("b", [4], 3), 1e-3) }),
  },
  "outputs that are inputs, weights, constants or the same": {
    signature: { x: matrix, unused: { shape: [2] } },
    f: ({ x }) => {
      const y = g.neg(x);
      return { x2: x, w2: weight("w", [2]), c: g.constant(3), y, again: y };
    },
  },
};
