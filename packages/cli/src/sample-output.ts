import { totalmem } from "node:os";
import { resolve } from "node:path";
import { writeNpy, writePng } from "@gen/data";
import type { Generated } from "@gen/sampling";
import { replaceFile } from "./atomic-files.ts";
import { isDrawable, maxDrawable, pictureOf, singleImage } from "./drawing/pictures.ts";
import { usageError } from "./errors.ts";
import { sweep, writeFolder } from "./files.ts";
import type { LoadedPipeline } from "./model-folder.ts";
import type { OutputKind } from "./output-kind.ts";

type PngSettings = NonNullable<Parameters<typeof writePng>[1]>["settings"];

/** @throws GenError `usage` when the samples cannot be drawn, or do not fit in memory. */
export function checkOutput(
  out: string,
  kind: OutputKind,
  count: number,
  { item, shape }: Pick<LoadedPipeline, "item" | "shape">,
): void {
  const drawable = isDrawable(item);
  if (kind === "png" && !drawable)
    throw usageError(
      `--out ${out}: samples [${item.join(", ")}] are no pictures; choose a path that ends in .npy`,
    );
  // The numbers of a sample and of its latents are in memory about four times.
  const size = [item, shape].flatMap((s) => s.reduce((a, b) => a * b, 1)).reduce((a, b) => a + b);
  const memory = Math.min(process.constrainedMemory() || Infinity, totalmem());
  const most = Math.max(1, Math.floor(Math.min(memory / 4, 2 ** 31) / (16 * size)));
  if (count > most)
    throw usageError(
      `--count must be at most ${most} for samples [${item.join(", ")}] in this machine's memory, got ${count}`,
    );
  if (kind !== "npy" && drawable && count > maxDrawable(item))
    throw usageError(
      `--count must be at most ${maxDrawable(item)} for a picture of samples [${item.join(", ")}], got ${count}; --out ending in .npy takes more`,
    );
}

/**
 * Writes a picture, the numbers, or a folder of both and of single pictures. With `settings`, which
 * every picture keeps, a single sample is a picture at its own size. `columns` are the samples in a
 * row of the picture.
 */
export async function writeSamples(
  out: string,
  kind: OutputKind,
  { x: data, shape }: Pick<Generated, "x" | "shape">,
  settings?: PngSettings,
  columns?: number,
): Promise<void> {
  const npy = () => writeNpy({ data, shape });
  const single = (i: number) => writePng(singleImage(data, shape, i), { settings });
  const png = () =>
    settings && shape[0] === 1
      ? single(0)
      : writePng(pictureOf(data, shape, [-1, 1], columns), { settings });
  await sweep(resolve(out, ".."), { olderThanMs: 3_600_000 });
  if (kind === "npy") return replaceFile(out, npy());
  if (kind === "png") return replaceFile(out, png());
  const files: Record<string, Uint8Array> = { "samples.npy": npy() };
  const [count, ...item] = shape;
  if (isDrawable(item)) {
    files["sheet.png"] = png();
    for (let i = 0; i < count && item.length === 3; i++)
      files[`${String(i).padStart(4, "0")}.png`] = single(i);
  }
  await writeFolder(out, files, /^(\d{4,}\.png|sheet\.png)$/);
}
