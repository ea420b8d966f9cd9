import { ArgumentError } from "@gen/math/arguments";
import { encode } from "fast-png";
import { dataError } from "./data-error.ts";
import { checkRatio, inflate } from "./inflate.ts";
import { MAX_PICTURE_BYTES } from "./limits.ts";
import { concat, type ReadOptions } from "./nd-array.ts";
import type { PictureSettings } from "./parameters-text.ts";
import { hasChecksum, pngChunks, typeNumber } from "./png-chunks.ts";
import { type PngHeader, readPngHeader } from "./png-header.ts";
import { rasterWriter } from "./png-pixels.ts";
import { settingsChunks } from "./png-settings.ts";

/** A picture of bytes: `data` is [height, width, channels], 0 to 255. */
export interface Raster {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** 1 for greyscale, 3 for RGB. */
  readonly channels: 1 | 3;
  /** The values, `[height, width, channels]`, 0 to 255. */
  readonly data: Uint8Array;
}

/**
 * Reads a PNG as greyscale or RGB with 8 bits a channel: palettes are looked up, 16 bits become 8,
 * and transparent pixels are blended with white.
 *
 * Width and height are checked before anything is allocated. The rows of pixels are decoded as the
 * stream inflates, and the stream may not be longer than they need.
 *
 * @param bytes The bytes of the file.
 * @param options The file's name in errors, and a limit on memory. Default: 256 MiB.
 * @throws GenError `invalid-data` when the file is no PNG, damaged, truncated, has a side of 0 or
 * above 65,535, or takes more than `limit` bytes when decoded (default 256 MiB).
 */
export function readPng(bytes: Uint8Array, options: ReadOptions = {}): Raster {
  const { name = "PNG file", limit = MAX_PICTURE_BYTES } = options;
  const { header, deflated, palette, transparency, wrongChecksum } = readChunks(name, bytes, limit);
  const { width, height, passes } = header;
  const total = passes.reduce((sum, pass) => sum + pass.height * (1 + pass.rowBytes), 0);
  checkRatio(name, deflated.length, total);
  const { raster, writeRow } = rasterWriter(name, header, palette, transparency);
  let length = 0;
  const feed = rowReader(name, header, writeRow);
  inflate(name, "zlib", deflated, (part) => {
    length += part.length;
    if (length > total) {
      throw dataError(name, `decompresses to more than ${total} bytes, the most allowed here`);
    }
    feed(part);
  });
  if (length !== total) {
    throw dataError(name, `truncated PNG: ${length} of ${total} bytes of pixels`);
  }
  // Last, so that a size that is not allowed is named by the size.
  if (wrongChecksum !== undefined) {
    throw dataError(
      name,
      `not a readable PNG (the chunk at ${wrongChecksum} has another checksum)`,
    );
  }
  return { width, height, ...raster };
}

/** The bytes of a PNG before its first chunk after IHDR. */
const HEADER_BYTES = 33;

/** What a PNG says beside its pixels. */
export interface PngOptions {
  /**
   * How the picture was made, for {@link readPngSettings} and other programs.
   * @defaultValue none
   */
  readonly settings?: PictureSettings;
}

/**
 * Writes a raster as an 8-bit greyscale or RGB PNG. Settings become two texts in the file: JSON under
 * `gen`, and `parameters` as Stable Diffusion web UI writes them.
 *
 * @param raster The picture.
 * @param options How the picture was made. Default: says nothing.
 * @throws RangeError when `data` is not width * height * channels bytes.
 */
export function writePng(raster: Raster, options: PngOptions = {}): Uint8Array {
  const { width, height, channels, data } = raster;
  const size = width * height * channels;
  if (width < 1 || height < 1 || data.length !== size) {
    throw new ArgumentError(
      `a ${width}x${height} raster of ${channels} channels needs ${size} bytes (at least 1), got ${data.length}`,
    );
  }
  const png = encode({ width, height, channels, depth: 8, data }, { zlib: { level: 9 } });
  if (!options.settings) return png;
  const [header, pixels] = [png.subarray(0, HEADER_BYTES), png.subarray(HEADER_BYTES)];
  return concat([header, settingsChunks(options.settings), pixels]);
}

const [IHDR, PLTE, TRNS, IDAT, IEND] = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"].map(typeNumber);

/** The chunks that make the pixels; all others are passed over. Several IDAT chunks become one. */
function readChunks(name: string, bytes: Uint8Array, limit: number) {
  const single = new Map<number, Uint8Array>();
  const deflated = new Uint8Array(bytes.length);
  let header: PngHeader | undefined;
  let length = 0;
  let wrongChecksum: number | undefined;
  for (const chunk of pngChunks(name, bytes)) {
    const { at, type, data } = chunk;
    if (type !== IDAT && type !== IEND && type !== IHDR && type !== PLTE && type !== TRNS) continue;
    if (!hasChecksum(bytes, chunk)) wrongChecksum ??= at;
    if (type === IDAT) {
      deflated.set(data, length);
      length += data.length;
    } else if (single.has(type)) {
      throw dataError(name, `a PNG must have one chunk of each kind, got a second at ${at}`);
    } else {
      single.set(type, data);
      header ??= readPngHeader(name, data, limit);
    }
  }
  return {
    header: header as PngHeader,
    deflated: deflated.subarray(0, length),
    wrongChecksum,
    palette: single.get(PLTE),
    transparency: single.get(TRNS),
  };
}

/** Takes inflated bytes, in parts, and passes on each row with its filter undone. */
function rowReader(
  name: string,
  { passes, pixelBits }: PngHeader,
  writeRow: (row: Uint8Array, pass: PngHeader["passes"][number], y: number) => void,
) {
  const pixelBytes = Math.max(1, pixelBits >> 3);
  let pass = 0;
  let y = 0;
  let filled = 0;
  // Each row begins with its filter.
  let row = new Uint8Array(1 + passes[0].rowBytes);
  let above = new Uint8Array(row.length);
  return (part: Uint8Array) => {
    for (let at = 0; at < part.length; ) {
      const taken = Math.min(row.length - filled, part.length - at);
      row.set(part.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < row.length) return;
      undoFilter(name, row, above, pixelBytes);
      writeRow(row.subarray(1), passes[pass], y);
      [row, above] = [above, row];
      filled = 0;
      y += 1;
      if (y < passes[pass].height || pass + 1 === passes.length) continue;
      pass += 1;
      y = 0;
      row = new Uint8Array(1 + passes[pass].rowBytes);
      above = new Uint8Array(row.length);
    }
  };
}

/** Undoes a row's filter in place (PNG specification, section 9). */
function undoFilter(name: string, row: Uint8Array, above: Uint8Array, step: number): void {
  const [filter] = row;
  const first = 1 + step;
  if (filter > 4) throw dataError(name, `a row's filter must be 0 to 4, got ${filter}`);
  if (filter === 1) {
    for (let i = first; i < row.length; i++) row[i] += row[i - step];
  } else if (filter === 2) {
    for (let i = 1; i < row.length; i++) row[i] += above[i];
  } else if (filter === 3) {
    for (let i = 1; i < row.length; i++) {
      row[i] += ((i < first ? 0 : row[i - step]) + above[i]) >> 1;
    }
  } else if (filter === 4) {
    for (let i = 1; i < Math.min(first, row.length); i++) row[i] += above[i];
    for (let i = first; i < row.length; i++) {
      row[i] += paeth(row[i - step], above[i], above[i - step]);
    }
  }
}

function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
