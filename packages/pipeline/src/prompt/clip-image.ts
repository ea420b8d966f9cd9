/*
 * Pictures as CLIP's vision encoders take them, as CLIPImageProcessor of transformers 4.57 makes them
 * with Pillow: bytes, bicubic with a = -0.5 and antialiasing, in fixed point of 22 bits:
 *
 *   resize the shorter side -> crop the center -> (byte / 255 - mean) / std
 */
import { GenError } from "@gen/math";
import { checkOptions, rules } from "@gen/math/arguments";
import type { Fields } from "../folder-kind.ts";
import { MAX_CHECKED_SIDE } from "../limits.ts";

/** Bytes `[3, height, width]`. */
export interface BytePicture {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** What a preprocessor_config.json says. */
interface Preprocessing {
  /** The shorter side, or `[height, width]`; undefined for no resize. */
  readonly size?: number | readonly [number, number];
  /** `[height, width]`; undefined for no crop. */
  readonly crop?: readonly [number, number];
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const MEAN = [0.48145466, 0.4578275, 0.40821073];
const STD = [0.26862954, 0.26130258, 0.27577711];

const SIDE = rules.integerIn(1, MAX_CHECKED_SIDE);
const isColors = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
const MEAN_RULE: rules.Rule = ["three numbers", isColors];
const STD_RULE: rules.Rule = [
  "three positive numbers",
  (value) => isColors(value) && value.every((v) => v > 0),
];

/** @throws RangeError for a side above the limit; GenError `invalid-model` for another resampling. */
export function readPreprocessing(config: Fields): Preprocessing {
  const { size = 224, crop_size = 224, resample = 3, rescale_factor = 1 / 255 } = config;
  const { image_mean: mean = MEAN, image_std: std = STD } = config;
  if (resample !== 3) {
    throw new GenError(
      "invalid-model",
      `resample must be 3 (bicubic), got ${resample}: other filters are not known here`,
    );
  }
  const sides = (value: unknown) => {
    if (typeof value !== "object" || value === null) return { square: value };
    const { shortest_edge: shortest, height, width } = value as Fields;
    return { shortest, height, width };
  };
  const [resize, crop] = [sides(size), sides(crop_size)];
  const values = { ...resize, scale: rescale_factor, mean, std };
  const side = rules.optional(SIDE);
  const sideRules = { square: side, shortest: side, height: side, width: side };
  checkOptions(values, { ...sideRules, scale: rules.FINITE, mean: MEAN_RULE, std: STD_RULE });
  checkOptions(crop, sideRules);
  const pair = ({ square, height = square, width = square }: Fields) =>
    height === undefined || width === undefined
      ? undefined
      : ([Number(height), Number(width)] as const);
  const shorter = resize.shortest ?? resize.square;
  return {
    size:
      config.do_resize === false
        ? undefined
        : shorter === undefined
          ? pair(resize)
          : Number(shorter),
    crop: config.do_center_crop === false ? undefined : pair(crop),
    scale: config.do_rescale === false ? 1 : Number(rescale_factor),
    mean: config.do_normalize === false ? [0, 0, 0] : (mean as number[]),
    std: config.do_normalize === false ? [1, 1, 1] : (std as number[]),
  };
}

/** The numbers `[1, 3, height, width]` of a picture for a vision encoder. */
export function clipImage(picture: BytePicture, how: Preprocessing) {
  const { size, crop, scale, mean, std } = how;
  const { data, height, width } = centerCrop(size ? resized(picture, size) : picture, crop);
  const values = Float32Array.from(data, (byte, i) => {
    const color = Math.floor(i / (height * width));
    return (byte * scale - mean[color]) / std[color];
  });
  return { data: values, shape: [1, 3, height, width] };
}

function resized(picture: BytePicture, size: number | readonly [number, number]): BytePicture {
  const { height, width } = picture;
  const shorter = Math.min(height, width);
  const [rows, columns] =
    typeof size === "number"
      ? [height, width].map((side) => Math.floor((size * side) / shorter))
      : size;
  return alongRows(alongColumns(picture, columns), rows);
}

/** Each row of a picture at `columns` pixels. */
function alongColumns(picture: BytePicture, columns: number): BytePicture {
  const { data, height, width } = picture;
  if (columns === width) return picture;
  const out = new Uint8Array(3 * height * columns);
  for (const [column, { from, weights }] of kernels(width, columns).entries()) {
    for (let row = 0; row < 3 * height; row++) {
      out[row * columns + column] = weighted(data, row * width + from, 1, weights);
    }
  }
  return { data: out, height, width: columns };
}

/** Each column of a picture at `rows` pixels. */
function alongRows(picture: BytePicture, rows: number): BytePicture {
  const { data, height, width } = picture;
  if (rows === height) return picture;
  const out = new Uint8Array(3 * rows * width);
  for (const [row, { from, weights }] of kernels(height, rows).entries()) {
    for (let color = 0; color < 3; color++) {
      for (let column = 0; column < width; column++) {
        const at = (color * height + from) * width + column;
        out[(color * rows + row) * width + column] = weighted(data, at, width, weights);
      }
    }
  }
  return { data: out, height: rows, width };
}

const UNIT = 2 ** 22;

/** A weighted sum of bytes, rounded and clipped as Pillow does. */
function weighted(data: Uint8Array, at: number, step: number, weights: Float64Array): number {
  let sum = UNIT / 2;
  for (let i = 0; i < weights.length; i++) sum += data[at + i * step] * weights[i];
  return Math.min(255, Math.max(0, Math.floor(sum / UNIT)));
}

/** Catmull-Rom's cubic (Keys 1981, a = -0.5). */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** For each pixel of `to`: the first pixel of `from` that counts, and integer weights. */
function kernels(from: number, to: number) {
  const scale = from / to;
  const spread = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - 2 * spread + 0.5));
    const end = Math.min(from, Math.trunc(center + 2 * spread + 0.5));
    const raw = Float64Array.from({ length: end - first }, (_, k) =>
      cubic((k + first - center + 0.5) / spread),
    );
    const total = raw.reduce((a, b) => a + b, 0);
    const weights = raw.map((w) => Math.sign(w) * Math.floor(Math.abs(w / total) * UNIT + 0.5));
    return { from: first, weights };
  });
}

/** The center of a picture, with black where it is smaller. */
function centerCrop(
  picture: BytePicture,
  crop: readonly [number, number] | undefined,
): BytePicture {
  if (!crop) return picture;
  const [rows, columns] = crop;
  const { data, height, width } = picture;
  const [top, left] = [offset(height, rows), offset(width, columns)];
  const out = new Uint8Array(3 * rows * columns);
  for (let color = 0; color < 3; color++) {
    for (let row = Math.max(0, -top); row < Math.min(rows, height - top); row++) {
      const first = Math.max(0, -left);
      const last = Math.min(columns, width - left);
      const at = (color * height + row + top) * width + left;
      out.set(data.subarray(at + first, at + last), (color * rows + row) * columns + first);
    }
  }
  return { data: out, height: rows, width: columns };
}

/** Where a crop begins; a picture in a larger crop begins at half the rest, rounded up. */
const offset = (side: number, crop: number) => Math.floor((side - crop) / 2);
