// Definitions, written index by index with none of the package's shortcuts.

/** Elements by their indices. */
export interface Array_ {
  readonly shape: readonly number[];
  at(index: readonly number[]): number;
}

export const naive = (data: ArrayLike<number>, shape: readonly number[]): Array_ => ({
  shape,
  at: (index) => data[index.reduce((flat, i, d) => flat * shape[d] + i, 0)],
});

/** Every element in row-major order. */
export function fill(shape: readonly number[], f: (index: readonly number[]) => number): number[] {
  const size = shape.reduce((a, b) => a * b, 1);
  return Array.from({ length: size }, (_, flat) => {
    const index = new Array<number>(shape.length);
    let rest = flat;
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = rest % shape[d];
      rest = Math.floor(rest / shape[d]);
    }
    return f(index);
  });
}

export const total = (shape: readonly number[], f: (index: readonly number[]) => number): number =>
  fill(shape, f).reduce((a, b) => a + b, 0);

/** Reads `x` at the index of a larger shape that it broadcasts to. */
export const broadcastAt = (x: Array_, index: readonly number[]): number =>
  x.at(x.shape.map((d, i) => (d === 1 ? 0 : index[index.length - x.shape.length + i])));

export function naiveConv(
  x: Array_,
  w: Array_,
  shape: readonly number[],
  stride: number,
  [top, left]: readonly number[],
  groups: number,
  dilation = 1,
): number[] {
  const [out, perGroup, kh, kw] = w.shape;
  return fill(shape, ([b, o, r, c]) =>
    total([perGroup, kh, kw], ([i, dy, dx]) => {
      const y = r * stride + dy * dilation - top;
      const z = c * stride + dx * dilation - left;
      if (y < 0 || z < 0 || y >= x.shape[2] || z >= x.shape[3]) return 0;
      const channel = Math.floor(o / (out / groups)) * perGroup + i;
      return x.at([b, channel, y, z]) * w.at([o, i, dy, dx]);
    }),
  );
}
