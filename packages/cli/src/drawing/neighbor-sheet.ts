import type { Raster } from "@gen/data";
import { hstack } from "./image-sheet.ts";
import { pictureOf } from "./pictures.ts";
import { scatter } from "./scatter.ts";

/** Images `[n, ...shape]` in [-1, 1]. */
interface Images {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Rows of one column of pairs. */
const ROWS = 8;
const COLUMNS = 2;

/**
 * Draws samples beside their nearest training images, those nearest first: two columns of rows, each
 * a sample and its neighbors.
 */
export function neighborSheet(
  samples: Images,
  train: Images,
  { order, indices }: { readonly order: readonly number[]; readonly indices: Uint32Array },
  count: number,
): Raster {
  const size = samples.shape.reduce((a, b) => a * b, 1);
  const chosen = order.slice(0, ROWS * COLUMNS);
  const images = (set: Images, numbers: readonly number[], columns: number) => {
    const data = new Float32Array(numbers.length * size);
    numbers.forEach((index, i) => {
      data.set(set.data.subarray(index * size, (index + 1) * size), i * size);
    });
    return pictureOf(data, [numbers.length, ...set.shape], [-1, 1], columns);
  };
  const parts: Raster[] = [];
  const titles: string[] = [];
  for (let first = 0; first < chosen.length; first += ROWS) {
    const rows = chosen.slice(first, first + ROWS);
    const near = rows.flatMap((i) => Array.from(indices.subarray(i * count, (i + 1) * count)));
    parts.push(images(samples, rows, 1), images(train, near, count));
    titles.push("sample", "nearest in training");
  }
  return hstack(parts, titles);
}

/** Draws points of the plane: held-out ones and samples. */
export const pointSheet = (heldOut: Float32Array, samples: Float32Array): Raster =>
  hstack([scatter(heldOut), scatter(samples)], ["held-out data", "samples"]);
