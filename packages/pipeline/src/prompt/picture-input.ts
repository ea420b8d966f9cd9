/*
 * Images and masks that a caller gives, checked against the folder's model.
 *
 *   image   [3, height, width] or [n, 3, height, width] in [-1, 1], or latents as the denoiser's
 *   mask    [1, height, width] or [n, 1, height, width] in [0, 1]; from 0.5 on it is repainted
 */
import { ArgumentError, refused } from "@gen/math/arguments";
import type { FolderModel } from "./folder-model.ts";
import type { PictureInput } from "./options.ts";
import { latentShape } from "./picture-size.ts";

/** Images or latents `[n, channels, height, width]`. */
export interface Batch {
  readonly data: Float32Array;
  readonly shape: readonly [rows: number, channels: number, height: number, width: number];
}

/** The numbers of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

// Images of 0..255 are far outside; latents, and images that were sharpened, are a little.
const MOST = 16;

function batchOf(name: string, { data, shape }: PictureInput): Batch {
  const size = sizeOf(shape);
  if (data.length !== size)
    throw refused(`${name}.data`, `${size} numbers, as its shape says`, data.length);
  const wrong = data.findIndex((value) => !(Math.abs(value) <= MOST));
  if (wrong >= 0) throw refused(name, "in [-1, 1]", data[wrong]);
  const [rows, channels, height, width] = shape.length === 3 ? [1, ...shape] : shape;
  return { data: Float32Array.from(data), shape: [rows, channels, height, width] };
}

/** @throws RangeError when there is neither one for all pictures nor one for each in turn. */
function requireRows(name: string, given: number, rows: number): void {
  if (rows % given === 0) return;
  throw new ArgumentError(
    `${name} must be one, or as many as divide the ${rows} pictures, got ${given}`,
  );
}

/** An image of a call. */
export interface GivenImage {
  readonly image: Batch;
  /** Whether it is latents. */
  readonly isLatent: boolean;
  /** `[channels, height, width]` of its latents. */
  readonly latent: readonly number[];
}

/** The image of a call for `rows` pictures. */
export function imageOf<T>(model: FolderModel<T>, image: PictureInput, rows: number): GivenImage {
  const batch = batchOf("image", image);
  const [given, channels, height, width] = batch.shape;
  requireRows("image", given, rows);
  const [latents] = model.pipeline.shape;
  const isLatent = channels === latents;
  if (!isLatent && channels !== 3) {
    throw refused("image.shape", `of 3 channels, or of ${latents} for latents`, image.shape);
  }
  const scale = isLatent ? model.factor : 1;
  const pixels = [width * scale, height * scale] as const;
  return { image: batch, isLatent, latent: latentShape(pixels, model, "the image's size") };
}

/** A mask of 0 and 1 as large as latents: of each square of pixels its first, as `interpolate`. */
export interface Mask {
  /** `[n, 1, height, width]` of the picture. */
  readonly pixels: Batch;
  /** `[n, 1, height, width]` of its latents. */
  readonly latents: Batch;
}

/** The mask of a call for latents of a shape. */
export function maskOf<T>(
  { factor }: FolderModel<T>,
  mask: PictureInput,
  [, height, width]: readonly number[],
  rows: number,
): Mask {
  const { data, shape } = batchOf("mask", mask);
  const [given, channels, ...sides] = shape;
  if (channels !== 1) throw refused("mask.shape", "of one channel", mask.shape);
  const [wantedHeight, wantedWidth] = [height * factor, width * factor];
  if (sides[0] !== wantedHeight || sides[1] !== wantedWidth) {
    throw new ArgumentError(
      `mask must have the image's size, ${wantedWidth} x ${wantedHeight}, got ${sides[1]} x ${sides[0]}`,
    );
  }
  const wrong = data.findIndex((value) => value < 0 || value > 1);
  if (wrong >= 0) throw refused("mask", "in [0, 1]", data[wrong]);
  requireRows("mask", given, rows);
  const pixels = data.map((value) => (value >= 0.5 ? 1 : 0));
  const latents = new Float32Array(given * height * width);
  for (let i = 0; i < latents.length; i++) {
    const [column, row] = [i % width, Math.floor(i / width)];
    latents[i] = pixels[row * factor * wantedWidth + column * factor];
  }
  return {
    pixels: { data: pixels, shape },
    latents: { data: latents, shape: [given, 1, height, width] },
  };
}

/** Rows of a batch for `rows` pictures, one after the other and again from the first. */
export function repeated({ data, shape }: Batch, rows: number): Batch {
  const [given, ...rest] = shape;
  if (given === rows) return { data, shape };
  const whole = new Float32Array((data.length / given) * rows);
  for (let at = 0; at < whole.length; at += data.length) whole.set(data, at);
  return { data: whole, shape: [rows, ...rest] };
}
