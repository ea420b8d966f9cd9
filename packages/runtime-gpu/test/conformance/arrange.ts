import * as g from "@gen/graph";
import { agreement, type Case } from "./case.ts";

const image = { shape: ["batch", 4, 3, 6] };

/** Operations that move elements without changing them. */
export const arrange: Case[] = [
  agreement("reshape", { x: image }, (i) => ({
    flat: g.reshape(i.x, ["batch", -1]),
    rows: g.reshape(i.x, ["4*batch", 18]),
    groups: g.reshape(i.x, ["batch", 2, 2, 3, 2, 3]),
    all: g.reshape(i.x, [-1]),
  })),
  agreement("transpose", { x: image, m: { shape: ["batch", 5] } }, (i) => ({
    m: g.transpose(i.m, [1, 0]),
    channelsLast: g.transpose(i.x, [0, 2, 3, 1]),
    reversed: g.transpose(i.x, [3, 2, 1, 0]),
    batchLast: g.transpose(i.x, [1, 2, 3, 0]),
    swap: g.transpose(i.x, [0, 1, 3, 2]),
    same: g.transpose(i.x, [0, 1, 2, 3]),
  })),
  agreement("transpose, many axes", { x: { shape: ["batch", 2, 1, 3, 2, 2] } }, (i) => ({
    a: g.transpose(i.x, [0, 3, 1, 4, 2, 5]),
    b: g.transpose(i.x, [5, 4, 3, 2, 1, 0]),
    c: g.transpose(i.x, [1, 2, 0, 3, 5, 4]),
    d: g.transpose(g.reshape(i.x, ["batch", 2, 1, 3, 2, 2, 1]), [2, 5, 0, 4, 6, 1, 3]),
  })),
  agreement(
    "concat",
    {
      a: { shape: ["batch", 2, 3] },
      b: { shape: ["batch", 4, 3] },
      t: { shape: ["batch"], dtype: "int64" },
    },
    (i) => ({
      middle: g.concat([i.a, i.b, i.a], 1),
      last: g.concat([i.a, i.a], -1),
      batch: g.concat([i.a, i.a], 0),
      t: g.concat([i.t, i.t], 0),
    }),
  ),
  agreement("slice", { x: image, t: { shape: ["batch", 6], dtype: "int64" } }, (i) => ({
    channels: g.slice(i.x, 1, 1, 3),
    end: g.slice(i.x, -1, -2, 6),
    every: g.slice(i.x, 3, 1, 6, 2),
    third: g.slice(i.x, 1, 0, 4, 3),
    both: g.slice(g.slice(i.x, 2, 0, 2), 3, 2, 5),
    t: g.slice(i.t, 1, 2, 4),
  })),
  agreement("pad", { x: image, v: { shape: ["batch", 3] } }, (i) => ({
    border: g.pad(i.x, [0, 0, 1, 2], [0, 0, 2, 1]),
    channels: g.pad(i.x, [0, 1, 0, 0], [0, 2, 0, 0], -1.5),
    v: g.pad(i.v, [0, 1], [0, 0], 2),
  })),
  agreement(
    "expand",
    { x: image, v: { shape: ["batch", 1, 3, 1] }, c: { shape: [3] }, s: { shape: [] } },
    (i) => ({
      v: g.expand(i.v, ["batch", 2, 3, 4]),
      leading: g.expand(i.c, [2, 4, 3]),
      like: g.expandLike(i.s, i.x),
      rows: g.expandLike(g.reshape(i.c, [3, 1]), i.x),
      zeros: g.zerosLike(i.x),
      ones: g.onesLike(i.v),
      times: g.mul(g.expandLike(i.v, i.x), i.x),
    }),
  ),
  agreement(
    "gather",
    {
      table: { shape: [7, 3] },
      x: { shape: ["batch", 4, 3] },
      t: { shape: ["batch"], dtype: "int64", low: 0, high: 6 },
      grid: { shape: [2, 2], dtype: "int32", low: 0, high: 2 },
      names: { shape: [7], dtype: "int64" },
    },
    (i) => ({
      rows: g.gather(i.table, i.t),
      columns: g.gather(i.table, i.grid, 1),
      middle: g.gather(i.x, i.grid, 1),
      last: g.gather(i.x, i.grid, -1),
      names: g.gather(i.names, i.t),
    }),
  ),
];
