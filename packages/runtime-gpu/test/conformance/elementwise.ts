import * as g from "@gen/graph";
import { agreement, type Case } from "./case.ts";

const x = { shape: ["batch", 5] };

const unary = {
  neg: g.neg,
  abs: g.abs,
  sign: g.sign,
  exp: g.exp,
  sin: g.sin,
  cos: g.cos,
  tanh: g.tanh,
  sigmoid: g.sigmoid,
  softplus: g.softplus,
  relu: g.relu,
  erf: g.erf,
  floor: g.floor,
  square: g.square,
  silu: g.silu,
  gelu: g.gelu,
};
const binary = {
  add: g.add,
  sub: g.sub,
  mul: g.mul,
  maximum: g.maximum,
  minimum: g.minimum,
  greater: g.greater,
  less: g.less,
  equal: g.equal,
};

const shapes: [string, g.Shape, g.Shape][] = [
  ["a vector", ["batch", 5], [5]],
  ["a scalar", ["batch", 2, 3], []],
  ["a column", ["batch", 4, 3], ["batch", 4, 1]],
  ["both ways", ["batch", 1, 3], [4, 1]],
  ["rank 5", ["batch", 2, 1, 3, 2], [1, 4, 1, 2]],
];

/** Elementwise operations, their broadcasting and their dtypes. */
export const elementwise: Case[] = [
  ...Object.entries(unary).map(([name, f]) => agreement(name, { x }, (i) => ({ y: f(i.x) }))),
  agreement("log, sqrt", { x: { ...x, low: 0.125, high: 9 } }, (i) => ({
    log: g.log(i.x),
    sqrt: g.sqrt(i.x),
  })),
  agreement(
    "sigmoid, softplus, tanh far out",
    { x: { ...x, values: [-90, -20, 0, 20, 90] } },
    (i) => ({
      sigmoid: g.sigmoid(i.x),
      softplus: g.softplus(i.x),
      tanh: g.tanh(i.x),
    }),
  ),
  ...Object.entries(binary).flatMap(([name, f]) =>
    shapes.map(([how, a, b]) =>
      agreement(`${name}, ${how}`, { a: { shape: a }, b: { shape: b } }, (i) => ({
        y: f(i.a, i.b),
        z: f(i.b, i.a),
      })),
    ),
  ),
  ...shapes.map(([how, a, b]) =>
    agreement(`div, ${how}`, { a: { shape: a }, b: { shape: b, low: 0.5, high: 4 } }, (i) => ({
      y: g.div(i.a, i.b),
    })),
  ),
  agreement("pow", { x: { ...x, low: 0.25, high: 3 }, p: { shape: [5] }, s: x }, (i) => ({
    y: g.pow(i.x, i.p),
    square: g.pow(i.s, 2),
    cube: g.pow(i.s, 3),
    root: g.pow(i.x, 0.5),
  })),
  agreement("numbers as operands", { x }, (i) => ({
    y: g.sub(1, g.mul(i.x, 0.25)),
    z: g.maximum(g.div(i.x, 3), -0.5),
  })),
  agreement(
    "where",
    {
      c: { shape: ["batch", 1, 4], dtype: "bool" },
      a: { shape: ["batch", 3, 4] },
      b: { shape: [3, 1] },
    },
    (i) => ({
      y: g.where(i.c, i.a, i.b),
      z: g.where(i.c, i.a, 0),
      w: g.where(g.less(i.a, 1), i.b, i.a),
    }),
  ),
  agreement(
    "integers",
    { t: { shape: ["batch"], dtype: "int64" }, u: { shape: ["batch", 3], dtype: "int32" } },
    (i) => ({
      t: g.add(g.mul(i.t, 3), 1),
      u: g.sub(i.u, g.constant(2, "int32")),
      above: g.greater(i.t, 0),
      same: g.equal(i.u, 1),
      picked: g.where(g.less(i.u, 0), i.u, 7),
    }),
  ),
  agreement(
    "cast",
    {
      x: { shape: ["batch", 6] },
      t: { shape: ["batch"], dtype: "int64" },
      b: { shape: ["batch", 2], dtype: "bool" },
    },
    (i) => ({
      int32: g.cast(i.x, "int32"),
      int64: g.cast(i.x, "int64"),
      bool: g.cast(i.x, "bool"),
      float: g.cast(i.t, "float32"),
      narrow: g.cast(i.t, "int32"),
      wide: g.cast(g.cast(i.t, "int32"), "int64"),
      mask: g.cast(i.b, "float32"),
      count: g.cast(i.b, "int64"),
      flag: g.cast(i.t, "bool"),
      there: g.mul(g.cast(g.greater(i.x, 0), "float32"), i.x),
    }),
  ),
  agreement(
    "float16",
    { h: { shape: ["batch", 4], dtype: "float16" }, x: { shape: ["batch", 4] } },
    (i) => ({
      h: g.add(g.mul(i.h, 2), 1),
      back: g.cast(g.add(i.h, g.cast(i.x, "float16")), "float32"),
    }),
    ["float16"],
  ),
  agreement(
    "float64",
    { d: { shape: ["batch", 4], dtype: "float64" }, x: { shape: ["batch", 4] } },
    (i) => ({ d: g.add(g.mul(i.d, 2), g.cast(i.x, "float64")), x: g.cast(i.d, "float32") }),
    ["float64"],
  ),
];
