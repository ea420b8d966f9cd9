import * as g from "@gen/graph";
import { agreement, type Case } from "./case.ts";

const image = { shape: ["batch", 4, 6, 5] };
const weight = (...shape: number[]) => ({ shape });

/** Reductions, matrix products, convolutions and normalization. */
export const products: Case[] = [
  ...Object.entries({ sum: g.sum, mean: g.mean, max: g.max }).map(([name, f]) =>
    agreement(name, { x: { shape: ["batch", 3, 2, 4] } }, (i) => ({
      all: f(i.x),
      kept: f(i.x, undefined, true),
      batch: f(i.x, [0]),
      last: f(i.x, [-1], true),
      inner: f(i.x, [1, 2]),
      apart: f(i.x, [0, 2], true),
      spatial: f(i.x, [2, 3]),
    })),
  ),
  agreement("softmax, logSumExp", { x: { shape: ["batch", 3, 4] } }, (i) => ({
    last: g.softmax(i.x),
    middle: g.softmax(i.x, 1),
    batch: g.softmax(i.x, 0),
    far: g.softmax(g.mul(i.x, 100)),
    total: g.logSumExp(i.x),
    kept: g.logSumExp(i.x, 1, true),
  })),
  agreement(
    "matmul",
    { a: { shape: ["batch", 4] }, b: weight(4, 3), at: { shape: [4, "batch"] }, bt: weight(3, 4) },
    (i) => ({
      ab: g.matmul(i.a, i.b),
      atb: g.matmul(i.at, i.b, { transposeA: true }),
      abt: g.matmul(i.a, i.bt, { transposeB: true }),
      atbt: g.matmul(i.at, i.bt, { transposeA: true, transposeB: true }),
      bias: g.add(g.matmul(i.a, i.b), g.constant(g.tensor([1, 2, 3]))),
      gram: g.matmul(i.a, i.a, { transposeA: true }),
    }),
  ),
  agreement(
    "matmul, batched",
    {
      a: { shape: ["batch", 2, 3, 4] },
      b: { shape: ["batch", 2, 4, 3] },
      shared: weight(4, 5),
      heads: weight(2, 4, 5),
      one: { shape: ["batch", 1, 4, 3] },
      rows: weight(5, 4),
    },
    (i) => ({
      ab: g.matmul(i.a, i.b),
      shared: g.matmul(i.a, i.shared),
      rows: g.matmul(i.a, i.rows, { transposeB: true }),
      heads: g.matmul(i.a, i.heads),
      one: g.matmul(i.a, i.one),
      scores: g.matmul(i.a, i.a, { transposeB: true }),
      columns: g.matmul(i.a, i.a, { transposeA: true }),
      both: g.matmul(i.b, i.a, { transposeA: true, transposeB: true }),
      left: g.matmul(i.rows, i.b),
      tall: g.matmul(i.shared, i.b, { transposeA: true }),
    }),
  ),
  agreement(
    "conv2d",
    { x: image, w: weight(3, 4, 3, 3), one: weight(2, 4, 1, 1), wide: weight(2, 4, 5, 2) },
    (i) => ({
      plain: g.conv2d(i.x, i.w),
      same: g.conv2d(i.x, i.w, { pads: [1, 1, 1, 1] }),
      stride: g.conv2d(i.x, i.w, { stride: 2, pads: [1, 1, 1, 1] }),
      uneven: g.conv2d(i.x, i.w, { stride: 2, pads: [0, 2, 1, 0] }),
      pointwise: g.conv2d(i.x, i.one),
      strided: g.conv2d(i.x, i.one, { stride: 2 }),
      wide: g.conv2d(i.x, i.wide, { pads: [2, 0, 2, 1] }),
      bias: g.add(g.conv2d(i.x, i.w), g.constant(g.tensor([1, 2, 3], [3, 1, 1]))),
      dilated: g.conv2d(i.x, i.w, { dilation: 2, pads: [2, 1, 2, 3] }),
      dilatedStride: g.conv2d(i.x, i.w, { dilation: 2, stride: 3, pads: [2, 2, 2, 1] }),
    }),
  ),
  agreement(
    "conv2d, grouped",
    { x: image, two: weight(6, 2, 3, 3), each: weight(4, 1, 3, 3) },
    (i) => ({
      two: g.conv2d(i.x, i.two, { groups: 2, pads: [1, 1, 1, 1] }),
      each: g.conv2d(i.x, i.each, { groups: 4 }),
      dilated: g.conv2d(i.x, i.two, { groups: 2, dilation: 2, stride: 2, pads: [2, 2, 2, 2] }),
    }),
  ),
  agreement("averagePool, upsampleNearest", { x: { shape: ["batch", 3, 6, 12] } }, (i) => ({
    two: g.averagePool(i.x),
    three: g.averagePool(i.x, 3),
    up: g.upsampleNearest(i.x),
    upThree: g.upsampleNearest(i.x, 3),
  })),
  agreement(
    "normalization",
    { x: image, v: { shape: ["batch", 2, 9] }, s: weight(4), b: weight(4) },
    (i) => ({
      image: g.instanceNorm(i.x, i.s, i.b),
      vector: g.instanceNorm(i.v, g.slice(i.s, 0, 0, 2), g.slice(i.b, 0, 0, 2), 1e-3),
      groups: g.groupNormalization(i.x, i.s, i.b, 2),
      whole: g.groupNormalization(i.x, i.s, i.b, 1, 1e-3),
    }),
  ),
];
