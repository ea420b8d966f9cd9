/*
 * The bytes of a PNG or npy file as planes [channels, height, width]:
 *
 *   --image     3 channels in [-1, 1]
 *   --control   3 channels in [0, 1]
 *   --mask      1 channel in [0, 1], of colors their grey
 */
import { type NdArray, type Raster, readNpy, readPng } from "@gen/data";
import type { ImageToImageOptions } from "@gen/pipeline";
import { usageError } from "./errors.ts";
import { floatsOf } from "./npy-flags.ts";

/** Planes of floats. */
export type Planes = ImageToImageOptions["image"];

const forms = {
  "--image": { channels: 3, low: -1, ranks: [3, 4] },
  "--control": { channels: 3, low: 0, ranks: [3] },
  "--mask": { channels: 1, low: 0, ranks: [3, 4] },
} as const;

/** A flag whose file is a picture. */
export type PictureFlag = keyof typeof forms;

/** The most bytes of a picture's file, and of its numbers. */
export const PICTURE_LIMIT = 2 ** 30;

/** The planes of a flag's file. @throws GenError `usage` or `invalid-data` naming flag and file. */
export function planesOf(flag: PictureFlag, path: string, bytes: Uint8Array): Planes {
  const name = `${flag} ${path}`;
  if (bytes[0] === 0x89) return fromBytes(flag, readPng(bytes, { name }));
  if (bytes[0] !== 0x93) throw usageError(`${name} must be a PNG or an npy file`);
  const array = readNpy(bytes, { name, limit: PICTURE_LIMIT });
  const raster = rasterOf(array);
  if (raster) return fromBytes(flag, raster);
  const { channels, low, ranks } = forms[flag];
  const shape = channels === 1 && array.shape.length === 2 ? [1, ...array.shape] : array.shape;
  const isPicture = ranks.some((rank) => rank === shape.length) && shape.at(-3) === channels;
  if (!isPicture || array.dtype === "uint8") {
    const form = channels === 1 ? "[height, width]" : "[height, width, 3]";
    throw usageError(
      `${name} must be floats [${channels}, height, width] or bytes ${form}, got ${array.dtype} [${array.shape.join(", ")}]`,
    );
  }
  const data = Float32Array.from(floatsOf(name, array));
  const bad = data.find((value) => value < low || value > 1);
  if (bad === undefined) return { data, shape };
  throw usageError(`${name} must hold floats in [${low}, 1], got ${bad}`);
}

/** Bytes [height, width] or [height, width, 3], as numpy has pictures. */
function rasterOf({ data, dtype, shape }: NdArray): Raster | undefined {
  const [height, width, channels = 1] = shape;
  const fits = shape.length >= 2 && shape.length <= 3 && (channels === 1 || channels === 3);
  if (dtype !== "uint8" || !fits || data.length === 0) return undefined;
  return { width, height, channels, data: data as Uint8Array };
}

function fromBytes(flag: PictureFlag, { width, height, channels, data }: Raster): Planes {
  const form = forms[flag];
  const size = width * height;
  const at = (i: number, c: number) => data[channels * i + (channels === 1 ? 0 : c)];
  // The grey of a color, as Pillow's convert("L").
  const grey = (i: number) =>
    Math.floor((at(i, 0) * 19595 + at(i, 1) * 38470 + at(i, 2) * 7471 + 0x8000) / 65536);
  const values = new Float32Array(form.channels * size);
  for (let c = 0; c < form.channels; c++) {
    for (let i = 0; i < size; i++) {
      const level = (form.channels === 1 ? grey(i) : at(i, c)) / 255;
      values[c * size + i] = form.low + (1 - form.low) * level;
    }
  }
  return { data: values, shape: [form.channels, height, width] };
}
