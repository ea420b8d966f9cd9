import { convertIndexedToRgb, decode, encode } from "fast-png";
import { dataError, runDecoder } from "./data-error.ts";
import { inflate } from "./inflate.ts";
import { concat, type ReadOptions } from "./nd-array.ts";

/** A picture of bytes: `data` is [height, width, channels], 0 to 255. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const longestSide = 65_535;

/**
 * Reads a PNG as greyscale or RGB with 8 bits a channel: palettes are looked up, 16 bits become 8,
 * and transparent pixels are blended with white.
 *
 * Width and height are checked before anything is allocated; the decompressed pixels may not have
 * more bytes than they need.
 *
 * @throws GenError `invalid-data` when the file is no PNG, damaged, truncated, has a side of 0 or
 * above 65,535, or takes more than `limit` bytes when decoded (default 256 MiB).
 */
export function readPng(bytes: Uint8Array, options: ReadOptions = {}): Raster {
  const { name = "PNG file", limit = 2 ** 28 } = options;
  const { width, height, depth, color, pixelBytes, essential } = inspect(name, bytes, limit);
  const png = runDecoder(name, "PNG", () => decode(essential, { checkCrc: true }));
  let channels = channelsOf[color];
  let source = png.data;
  if (color === 3) {
    if (png.palette === undefined) throw dataError(name, "PNG with indices but no palette");
    source = runDecoder(name, "PNG palette", () => convertIndexedToRgb(png));
    channels = png.palette[0].length;
  }
  const most = color === 3 ? 255 : 2 ** depth - 1;
  const value = (row: number, column: number): number => {
    if (depth >= 8 || color === 3) return source[row * width * channels + column];
    const bit = column * depth;
    return (source[row * pixelBytes + (bit >> 3)] >> (8 - depth - (bit & 7))) & most;
  };
  const colors = channels < 3 ? 1 : 3;
  const opaque = channels === colors;
  const key = png.transparency;
  const out = new Uint8Array(width * height * colors);
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x++) {
      let alpha = opaque ? 1 : value(row, x * channels + colors) / most;
      if (key !== undefined && opaque) {
        alpha = 0;
        for (let c = 0; c < colors; c++) if (value(row, x * channels + c) !== key[c]) alpha = 1;
      }
      for (let c = 0; c < colors; c++) {
        const unit = value(row, x * channels + c) / most;
        out[(row * width + x) * colors + c] = Math.round(255 * (alpha * unit + 1 - alpha));
      }
    }
  }
  return { width, height, channels: colors, data: out };
}

/**
 * Writes a raster as an 8-bit greyscale or RGB PNG.
 *
 * @throws RangeError when `data` is not width * height * channels bytes.
 */
export function writePng(raster: Raster): Uint8Array {
  const { width, height, channels, data } = raster;
  const size = width * height * channels;
  if (width < 1 || height < 1 || data.length !== size) {
    throw new RangeError(
      `a ${width}x${height} raster of ${channels} channels needs ${size} bytes (at least 1), got ${data.length}`,
    );
  }
  return encode({ width, height, channels, depth: 8, data }, { zlib: { level: 9 } });
}

/** Keeps the chunks that make the pixels, and checks sizes before decoding. */
function inspect(name: string, bytes: Uint8Array, limit: number) {
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  if (!signature.every((byte, i) => bytes[i] === byte)) {
    throw dataError(name, "not a PNG file: the signature is missing");
  }
  const chunks = chunksOf(name, bytes);
  const first = chunks.next().value;
  if (first?.type !== "IHDR" || first.data.length !== 13) {
    throw dataError(name, "PNG must begin with IHDR");
  }
  const header = readHeader(name, first.data, limit);
  const kept = [first, ...chunks].filter(({ type }) => /^(IHDR|PLTE|tRNS|IDAT|IEND)$/.test(type));
  const deflated = concat(kept.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  const raw = inflate(name, "zlib", deflated, header.rawBytes).length;
  if (raw !== header.rawBytes) {
    throw dataError(name, `truncated PNG: ${raw} of ${header.rawBytes} bytes of pixels`);
  }
  const essential = concat([bytes.subarray(0, 8), ...kept.map(({ chunk }) => chunk)]);
  return { ...header, essential };
}

/** The chunks of a PNG up to IEND. */
function* chunksOf(name: string, bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8, type = ""; type !== "IEND"; ) {
    if (at + 12 > bytes.length) throw dataError(name, "truncated PNG: no IEND chunk");
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) {
      throw dataError(name, `truncated PNG: a chunk ends at ${end} of ${bytes.length} bytes`);
    }
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    yield { type, chunk: bytes.subarray(at, end), data: bytes.subarray(at + 8, end - 4) };
    at = end;
  }
}

function readHeader(name: string, data: Uint8Array, limit: number) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, color, , , interlaced] = data.subarray(8);
  if (width < 1 || height < 1 || width > longestSide || height > longestSide) {
    throw dataError(name, `PNG sides must be 1 to ${longestSide}, got ${width}x${height}`);
  }
  const channels = channelsOf[color];
  if (channels === undefined || ![1, 2, 4, 8, 16].includes(depth)) {
    throw dataError(name, `PNG of color type ${color} and ${depth} bits is not allowed`);
  }
  const rowBytes = (n: number) => Math.ceil((n * channels * depth) / 8);
  const decoded = Math.max(rowBytes(width) * height, width * height * Math.max(channels, 3));
  if (decoded > limit) {
    throw dataError(name, `a ${width}x${height} PNG takes ${decoded} bytes, the limit is ${limit}`);
  }
  let rawBytes = 0;
  for (const [x, y, dx, dy] of interlaced === 1 ? adam7 : [[0, 0, 1, 1]]) {
    const [w, h] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
    if (w > 0 && h > 0) rawBytes += h * (1 + rowBytes(w));
  }
  return { width, height, depth, color, pixelBytes: rowBytes(width), rawBytes };
}

/** The passes of an interlaced PNG: first column and row, steps between columns and rows. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
