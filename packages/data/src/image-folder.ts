import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { dataError, limitError } from "./data-error.ts";
import type { Dataset } from "./dataset.ts";
import { nodeModule, readBounded } from "./files.ts";
import { MAX_ARRAY_BYTES, MAX_IMAGE_SIDE } from "./limits.ts";
import type { Raster } from "./png.ts";
import { readPicture } from "./read-picture.ts";
import { type Fit, resize } from "./resize.ts";

/** Settings of a folder of images. */
export interface ImageFolderOptions {
  /**
   * Scales every image to this side, or [height, width]. Without it all must have one size.
   * @defaultValue the size that all images have
   */
  readonly size?: number | readonly [height: number, width: number];
  /**
   * How an image of other proportions fits `size`: cut at both ends of its longer direction, filled
   * with black at both ends of its shorter one, or stretched.
   * @defaultValue "crop"
   */
  readonly fit?: Fit;
  /** 1 for greyscale (Rec. 601 luma), 3 for RGB. @defaultValue 3 if any image has color channels */
  readonly channels?: 1 | 3;
  /** The most bytes for all images together. @defaultValue 1 GiB, and 256 MiB for one image */
  readonly limit?: number;
  /**
   * Called before each image of a folder is read, and after the last.
   *
   * @param done Images read.
   * @param total Images of the folder.
   * @defaultValue none
   */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Reads the PNG, JPEG and WebP files of a folder, in order of their names. Subfolders (one level
 * deep) are the classes. Other files are ignored. A link may lead only to a file within the folder.
 * Node only; JPEG and WebP need `sharp`.
 *
 * @throws GenError `invalid-data` when there is no image, an image is unreadable or of another size
 * than the first, images lie both in the folder and in subfolders, a link leads out of the folder,
 * or `limit` is exceeded; `backend-unavailable` when `sharp` is needed and not installed.
 */
export async function readImageFolder(
  path: string,
  options: ImageFolderOptions = {},
): Promise<Dataset> {
  checkOptions(options, { fit: rules.optional(FIT), onProgress: rules.optional(rules.FUNCTION) });
  const { limit = MAX_ARRAY_BYTES, fit, onProgress } = options;
  const target = targetSize(options.size);
  const { files, classes } = await listImages(path);
  const rasters: Raster[] = [];
  let total = 0;
  for (const [done, { file }] of files.entries()) {
    onProgress?.(done, files.length);
    const bytes = await readBounded(file, limit);
    const raw = await readPicture(bytes, { name: file, limit: options.limit });
    const raster = target ? resize(raw, target[1], target[0], fit) : raw;
    const first = rasters[0] ?? raster;
    if (raster.width !== first.width || raster.height !== first.height) {
      throw dataError(
        file,
        `must be ${first.width}x${first.height} like the first image, got ` +
          `${raster.width}x${raster.height} (or give a size to scale to)`,
      );
    }
    total += raster.width * raster.height * (options.channels ?? 3);
    if (total > limit) throw limitError(path, `its images take at least ${total} bytes`, limit);
    rasters.push(raster);
  }
  onProgress?.(files.length, files.length);
  const channels = options.channels ?? (rasters.some((raster) => raster.channels === 3) ? 3 : 1);
  const { width, height } = rasters[0];
  const pixels = width * height;
  const data = new Uint8Array(rasters.length * channels * pixels);
  for (const [i, raster] of rasters.entries()) {
    writePlanes(raster, channels, data.subarray(i * channels * pixels));
  }
  return {
    name: path,
    data,
    shape: [channels, height, width],
    length: rasters.length,
    range: [0, 255],
    ...(classes && { classes, labels: Int32Array.from(files, ({ label }) => label) }),
  };
}

const FIT = rules.oneOf("crop", "contain", "stretch");

function targetSize(size: ImageFolderOptions["size"]): readonly [number, number] | undefined {
  if (size === undefined) return undefined;
  const pair = typeof size === "number" ? ([size, size] as const) : size;
  if (pair.length !== 2 || pair.some((n) => !Number.isInteger(n) || n < 1 || n > MAX_IMAGE_SIDE)) {
    throw new ArgumentError(
      `size must be whole numbers in [1, ${MAX_IMAGE_SIDE}], got ${pair.join("x")}`,
    );
  }
  return pair;
}

/** Whether a path is that of one picture. */
export const isPicture = (path: string): boolean => /\.(png|jpe?g|webp)$/i.test(path);

/** The images of a folder or of its subfolders, each with its class; of a picture itself. */
async function listImages(path: string) {
  const { join } = nodeModule("node:path");
  const { stat } = nodeModule("node:fs/promises");
  if ((await stat(path).catch(() => undefined))?.isFile())
    return { files: [{ file: path, label: -1 }], classes: undefined };
  const top = await listFolder(path, path);
  const classes: string[] = [];
  const files = top.images.map((file) => ({ file, label: -1 }));
  for (const folder of top.folders) {
    const { images } = await listFolder(join(path, folder), path);
    if (images.length === 0) continue;
    files.push(...images.map((file) => ({ file, label: classes.length })));
    classes.push(folder);
  }
  if (files.length === 0)
    throw dataError(path, "at least one .png, .jpg or .webp file is needed, got none");
  if (classes.length > 0 && top.images.length > 0) {
    throw dataError(path, "images must lie either in the folder or in its subfolders, not both");
  }
  return { files, classes: classes.length > 0 ? classes : undefined };
}

async function listFolder(folder: string, root: string) {
  const { readdir, realpath, stat } = nodeModule("node:fs/promises");
  const { join, sep } = nodeModule("node:path");
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: Error) => {
    throw dataError(folder, `not a readable folder (${error.message})`);
  });
  const images: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) folders.push(entry.name);
    if (!isPicture(entry.name)) continue;
    if (entry.isFile()) images.push(path);
    if (entry.isSymbolicLink()) {
      const inside = `${await realpath(root)}${sep}`;
      const target = await realpath(path).catch(() => "");
      if (!target.startsWith(inside) || !(await stat(target)).isFile()) {
        throw dataError(path, "a link must lead to a file within the folder");
      }
      images.push(path);
    }
  }
  return { images: images.sort(), folders: folders.sort() };
}

/** Writes a raster as planes [channels, height, width], in greyscale or color. */
function writePlanes(raster: Raster, channels: 1 | 3, out: Uint8Array): void {
  const pixels = raster.width * raster.height;
  const { data } = raster;
  const luma = (p: number) =>
    Math.round(0.299 * data[3 * p] + 0.587 * data[3 * p + 1] + 0.114 * data[3 * p + 2]);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < channels; c++) {
      out[c * pixels + p] =
        raster.channels === 1 ? data[p] : channels === 3 ? data[3 * p + c] : luma(p);
    }
  }
}
