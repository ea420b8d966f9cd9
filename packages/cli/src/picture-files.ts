/*
 * The files that pictures are made of beside their model: an image, a mask, LoRAs.
 *
 *   image   PNG, or npy: bytes [height, width, 3], or floats [3, height, width] in [-1, 1]
 *   mask    PNG, or npy: bytes [height, width], or floats [1, height, width] in [0, 1]; white
 *           is painted anew
 *
 * A picture's settings have the path and the SHA-256 of each, so that --like finds the same bytes.
 */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { type NdArray, type Raster, readNpy, readPng } from "@gen/data";
import { errorCode } from "@gen/math";
import type { ImageToImageOptions } from "@gen/pipeline";
import { usageError } from "./errors.ts";
import { readBounded } from "./files.ts";
import { floatsOf } from "./npy-flags.ts";
import type { PictureFile, PictureSources } from "./picture-sources.ts";

type PictureInput = ImageToImageOptions["image"];

/** The contents of {@link PictureSources}, and what the settings of a picture keep of them. */
export interface PictureContents {
  readonly image?: PictureInput;
  readonly mask?: PictureInput;
  readonly loras?: readonly { bytes: Uint8Array; strength: number; name: string }[];
  readonly kept: PictureSources;
}

const imageLimit = 2 ** 30;
const loraLimit = 2 ** 31 - 1;

/** Reads the files. @throws GenError `usage` or `invalid-data` naming the flag and the file. */
export async function readSources(sources: PictureSources): Promise<PictureContents> {
  const { image, mask } = sources;
  const [ofImage, ofMask] = [
    image && (await readSource("--image", image, imageLimit)),
    mask && (await readSource("--mask", mask, imageLimit)),
  ];
  const loras = [];
  for (const lora of sources.loras ?? []) {
    loras.push({ ...(await readSource("--lora", lora, loraLimit)), strength: lora.strength });
  }
  const kept = ({ path, sha256 }: Source) => ({ path: resolve(path), sha256 });
  return {
    ...(ofImage && { image: pictureOf("--image", ofImage) }),
    ...(ofMask && { mask: pictureOf("--mask", ofMask) }),
    ...(loras.length > 0 && {
      loras: loras.map(({ path, bytes, strength }) => ({
        bytes,
        strength,
        name: `--lora ${path}`,
      })),
    }),
    kept: {
      ...(ofImage && { image: kept(ofImage) }),
      ...(ofMask && { mask: kept(ofMask) }),
      ...(loras.length > 0 && {
        loras: loras.map((lora) => ({ ...kept(lora), strength: lora.strength })),
      }),
    },
  };
}

interface Source extends Required<PictureFile> {
  readonly bytes: Uint8Array;
}

async function readSource(
  flag: string,
  { path, sha256: wanted }: PictureFile,
  limit: number,
): Promise<Source> {
  const again = `pass it again as ${flag}`;
  const bytes = await readBounded(path, limit).catch((error: Error) => {
    throw errorCode(error) === "usage" ? usageError(`${flag} ${error.message}`) : error;
  });
  if (!bytes) {
    const moved = wanted === undefined ? "" : `; the picture of --like was made of it: ${again}`;
    throw usageError(`${flag} ${path}: no such file${moved}`);
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (wanted === undefined || wanted === sha256) return { path, sha256, bytes };
  throw usageError(
    `${flag} ${path} is another file than the picture of --like was made of (SHA-256 ${wanted}): ${again}`,
  );
}

/** An image or a mask in the numbers that a model takes. */
function pictureOf(flag: "--image" | "--mask", { path, bytes }: Source): PictureInput {
  const name = `${flag} ${path}`;
  if (bytes[0] === 0x89) return fromBytes(flag, readPng(bytes, { name }));
  if (bytes[0] !== 0x93) throw usageError(`${name} must be a PNG or an npy file`);
  const array = readNpy(bytes, { name, limit: imageLimit });
  const raster = rasterOf(array);
  if (raster) return fromBytes(flag, raster);
  const shape = flag === "--mask" && array.shape.length === 2 ? [1, ...array.shape] : array.shape;
  const channels = flag === "--mask" ? 1 : 3;
  const isPicture = [3, 4].includes(shape.length) && shape.at(-3) === channels;
  if (!isPicture || array.dtype === "uint8") {
    const form = flag === "--mask" ? "[height, width]" : "[height, width, 3]";
    throw usageError(
      `${name} must be floats [${channels}, height, width] or bytes ${form}, got ${array.dtype} [${array.shape.join(", ")}]`,
    );
  }
  const data = Float32Array.from(floatsOf(name, array));
  const low = flag === "--mask" ? 0 : -1;
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

function fromBytes(flag: string, { width, height, channels, data }: Raster): PictureInput {
  const size = width * height;
  const at = (i: number, c: number) => data[channels * i + (channels === 1 ? 0 : c)];
  if (flag === "--mask") {
    // The grey of a color, as Pillow's convert("L").
    const grey = (i: number) =>
      Math.floor((at(i, 0) * 19595 + at(i, 1) * 38470 + at(i, 2) * 7471 + 0x8000) / 65536);
    const values = Float32Array.from({ length: size }, (_, i) => grey(i) / 255);
    return { data: values, shape: [1, height, width] };
  }
  const values = new Float32Array(3 * size);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < size; i++) values[c * size + i] = (2 * at(i, c)) / 255 - 1;
  }
  return { data: values, shape: [3, height, width] };
}
