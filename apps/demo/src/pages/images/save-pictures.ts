import { levelOfValue, type Picture } from "@gen/figures";
import { SIDE, SIZE } from "./picture-size.ts";

/*
 * The room's files. Writers and the model are read when the reader saves.
 */

const joined = (pictures: readonly Picture[]) =>
  Float32Array.from(pictures.flatMap(({ values }) => Array.from(values)));

/** The pictures side by side, white on black as the data have them. */
export async function pngOf(pictures: readonly Picture[]): Promise<Blob> {
  const { writePng } = await import("../../file-writers.ts");
  const width = SIDE * pictures.length;
  const data = Uint8Array.from({ length: width * SIDE }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const { values } = pictures[Math.floor(column / SIDE)];
    return levelOfValue(values[row * SIDE + (column % SIDE)]);
  });
  const bytes = writePng({ data, width, height: SIDE, channels: 1 });
  return new Blob([bytes as BlobPart], { type: "image/png" });
}

/** The pictures as an array `[n, 1, 28, 28]` of float32. */
export async function npyOf(pictures: readonly Picture[]): Promise<Blob> {
  const { writeNpy } = await import("../../file-writers.ts");
  const array = { data: joined(pictures), shape: [pictures.length, 1, SIDE, SIDE] };
  return new Blob([writeNpy({ ...array, dtype: "float32" }) as BlobPart]);
}

/** A line for each picture, a column for each pixel. */
export function csvOf(pictures: readonly Picture[]): Blob {
  const head = Array.from({ length: SIZE }, (_, i) => `y${Math.floor(i / SIDE)}x${i % SIDE}`);
  const lines = pictures.map(({ values }) => Array.from(values, (v) => v.toFixed(6)));
  const text = [head, ...lines].map((line) => `${line.join(",")}\n`).join("");
  return new Blob([text], { type: "text/csv" });
}
