import type { Memory } from "../kernel.ts";

/** A matrix in an array: element (i, j) is at `start + i * row + j * column`. */
export interface Matrix {
  readonly data: Float64Array;
  readonly start: number;
  readonly row: number;
  readonly column: number;
}

const depth = 256;

/** `out[start + i * n + j] = sum_l a(i, l) * b(l, j)`, in 4 x 4 tiles of packed operands. */
export function multiply(
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  out: Float64Array,
  start: number,
  memory: Memory,
): void {
  if (k === 0) out.fill(0, start, start + m * n);
  const columns = Math.ceil(n / 4);
  const right = memory.take(columns * 4 * Math.min(k, depth));
  const left = memory.take(4 * Math.min(k, depth));
  for (let from = 0; from < k; from += depth) {
    const length = Math.min(depth, k - from);
    for (let p = 0; p < columns; p++) {
      const at = b.start + from * b.row + p * 4 * b.column;
      pack(right, p * 4 * length, b.data, at, b.column, b.row, Math.min(4, n - p * 4), length);
    }
    for (let i = 0; i < m; i += 4) {
      const rows = Math.min(4, m - i);
      pack(left, 0, a.data, a.start + i * a.row + from * a.column, a.row, a.column, rows, length);
      for (let p = 0; p < columns; p++) {
        const wide = Math.min(4, n - p * 4);
        const to = start + i * n + p * 4;
        tile(left, right, p * 4 * length, length, out, to, n, rows, wide, from > 0);
      }
    }
  }
  memory.give(right);
  memory.give(left);
}

function pack(
  to: Float64Array,
  start: number,
  from: Float64Array,
  at: number,
  across: number,
  along: number,
  count: number,
  length: number,
): void {
  for (let l = 0; l < length; l++) {
    for (let c = 0; c < 4; c++) {
      to[start + l * 4 + c] = c < count ? from[at + c * across + l * along] : 0;
    }
  }
}

function tile(
  a: Float64Array,
  b: Float64Array,
  bStart: number,
  length: number,
  out: Float64Array,
  start: number,
  row: number,
  rows: number,
  columns: number,
  adds: boolean,
): void {
  let c00: number, c01: number, c02: number, c03: number;
  let c10: number, c11: number, c12: number, c13: number;
  let c20: number, c21: number, c22: number, c23: number;
  let c30: number, c31: number, c32: number, c33: number;
  c00 = c01 = c02 = c03 = c10 = c11 = c12 = c13 = 0;
  c20 = c21 = c22 = c23 = c30 = c31 = c32 = c33 = 0;
  for (let l = 0, i = 0, j = bStart; l < length; l++, i += 4, j += 4) {
    const b0 = b[j],
      b1 = b[j + 1],
      b2 = b[j + 2],
      b3 = b[j + 3];
    const a0 = a[i],
      a1 = a[i + 1],
      a2 = a[i + 2],
      a3 = a[i + 3];
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  const put = (i: number, v0: number, v1: number, v2: number, v3: number) => {
    if (i >= rows) return;
    const at = start + i * row;
    out[at] = adds ? out[at] + v0 : v0;
    if (columns > 1) out[at + 1] = adds ? out[at + 1] + v1 : v1;
    if (columns > 2) out[at + 2] = adds ? out[at + 2] + v2 : v2;
    if (columns > 3) out[at + 3] = adds ? out[at + 3] + v3 : v3;
  };
  put(0, c00, c01, c02, c03);
  put(1, c10, c11, c12, c13);
  put(2, c20, c21, c22, c23);
  put(3, c30, c31, c32, c33);
}
