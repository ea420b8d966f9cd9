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

/** Adds `scale * up @ down` to a matrix, which may be stored with its columns first. */
export function addDelta(
  out: Float64Array,
  [rows, columns]: readonly number[],
  transposed: boolean,
  module: LoraModule,
  scale: number,
): void {
  const { up } = module;
  const down = widened(module);
  const rank = down.shape[0];
  const [step, stride] = transposed ? [1, rows] : [columns, 1];
  for (let row = 0; row < rows; row++) {
    for (let r = 0; r < rank; r++) {
      const factor = scale * up.data[row * rank + r];
      for (let column = 0; column < columns; column++) {
        out[row * step + column * stride] += factor * down.data[r * columns + column];
      }
    }
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
