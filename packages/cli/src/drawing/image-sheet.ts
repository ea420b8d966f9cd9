import type { Raster } from "@gen/data";
import { drawText, textHeight, textWidth, whiteRaster } from "./raster.ts";

/** Images `[n, channels, height, width]` with 1 or 3 channels, or `[n, height, width]`. */
export interface ImageBatch {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
  /** The values of black and white. @defaultValue [0, 255] for bytes, [0, 1] otherwise */
  readonly range?: readonly [number, number];
}

/** Settings of {@link imageSheet}. */
export interface SheetOptions {
  /** Images in a row. @defaultValue ceil(sqrt(n)) */
  readonly columns?: number;
  /** Pixels between images and around them, before `scale`. @defaultValue 2 */
  readonly padding?: number;
  /** Width and height of an image pixel in pixels of the sheet. @defaultValue 1 */
  readonly scale?: number;
  /** Grey of the space between images, 0 to 255. @defaultValue 255 */
  readonly background?: number;
}

/**
 * Lays images out in rows on one raster. Values outside `range` are clipped; NaN becomes black.
 *
 * @throws RangeError when the shape is not one of {@link ImageBatch}, when it does not fit the data,
 * or when an option is not a whole number in its range.
 */
export function imageSheet(images: ImageBatch, options: SheetOptions = {}): Raster {
  const { data, shape } = images;
  const [n, channels, height, width] =
    shape.length === 3 ? [shape[0], 1, shape[1], shape[2]] : shape;
  if ((shape.length !== 3 && shape.length !== 4) || (channels !== 1 && channels !== 3)) {
    throw new RangeError(
      `images must be [n, 1 or 3, height, width] or [n, height, width], got [${shape.join(", ")}]`,
    );
  }
  const size = n * channels * height * width;
  if (n < 1 || data.length !== size) {
    throw new RangeError(
      `images [${shape.join(", ")}] need ${size} values (at least one image), got ${data.length}`,
    );
  }
  const columns = checkWholeNumber("columns", options.columns ?? Math.ceil(Math.sqrt(n)), 1);
  const padding = checkWholeNumber("padding", options.padding ?? 2, 0);
  const scale = checkWholeNumber("scale", options.scale ?? 1, 1);
  const background = options.background ?? 255;
  const isBytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  const [low, high] = images.range ?? (isBytes ? [0, 255] : [0, 1]);
  const across = Math.min(columns, n);
  const down = Math.ceil(n / columns);
  const sheetWidth = (across * (width + padding) + padding) * scale;
  const sheetHeight = (down * (height + padding) + padding) * scale;
  const sheet = whiteRaster(sheetWidth, sheetHeight, channels);
  sheet.data.fill(background);
  for (let i = 0; i < n; i++) {
    const left = (padding + (i % columns) * (width + padding)) * scale;
    const top = (padding + Math.floor(i / columns) * (height + padding)) * scale;
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        for (let c = 0; c < channels; c++) {
          const row = (i * channels + c) * height + Math.floor(y / scale);
          const value = (data[row * width + Math.floor(x / scale)] - low) / (high - low);
          const level = Math.round(255 * Math.min(1, Math.max(0, value || 0)));
          sheet.data[((top + y) * sheetWidth + left + x) * channels + c] = level;
        }
      }
    }
  }
  return sheet;
}

/**
 * Puts rasters side by side on white, each under its title.
 *
 * @throws RangeError when there is no raster, or when there are more or fewer titles than rasters.
 */
export function hstack(rasters: readonly Raster[], titles?: readonly string[]): Raster {
  if (rasters.length === 0 || (titles !== undefined && titles.length !== rasters.length)) {
    throw new RangeError(
      `at least one raster and as many titles are needed, got ${rasters.length} and ${titles?.length}`,
    );
  }
  const gap = 12;
  const head = titles === undefined ? gap : textHeight + 2 * gap;
  const widths = rasters.map((r, i) => Math.max(r.width, textWidth(titles?.[i] ?? "")));
  const width = widths.reduce((sum, w) => sum + w + gap, gap);
  const height = head + Math.max(...rasters.map((r) => r.height)) + gap;
  const channels = rasters.some((r) => r.channels === 3) ? 3 : 1;
  const out = whiteRaster(width, height, channels);
  let left = gap;
  rasters.forEach((raster, i) => {
    if (titles !== undefined) drawText(out, titles[i], left, gap, [40, 40, 40]);
    for (let y = 0; y < raster.height; y++) {
      for (let x = 0; x < raster.width; x++) {
        for (let c = 0; c < channels; c++) {
          const from = (y * raster.width + x) * raster.channels + Math.min(c, raster.channels - 1);
          out.data[((head + y) * width + left + x) * channels + c] = raster.data[from];
        }
      }
    }
    left += widths[i] + gap;
  });
  return out;
}

function checkWholeNumber(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value <= 65_535) return value;
  throw new RangeError(`${name} must be a whole number in [${least}, 65535], got ${value}`);
}
