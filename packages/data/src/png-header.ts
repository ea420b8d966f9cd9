import { dataError, limitError } from "./data-error.ts";
import { MAX_PNG_SIDE } from "./limits.ts";

/** What the IHDR chunk of a PNG says. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  readonly color: number;
  /** Samples of a pixel: an index or grey, RGB, and perhaps alpha. */
  readonly samples: number;
  readonly pixelBits: number;
  /** The pictures in the stream, one after the other: one, or seven where it is interlaced. */
  readonly passes: readonly Pass[];
}

/** A part of the picture: pixel (i, j) is at (x + i * dx, y + j * dy). */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly width: number;
  readonly height: number;
  readonly rowBytes: number;
}

const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** The passes of an interlaced PNG: first column and row, steps between columns and rows. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Reads the data of an IHDR chunk.
 *
 * @throws GenError `invalid-data` when a side, the color type, the depth or a method is not allowed,
 * or the decoded picture has more than `limit` bytes.
 */
export function readPngHeader(name: string, data: Uint8Array, limit: number): PngHeader {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, color, compression, filter, interlace] = data.subarray(8);
  if (width < 1 || height < 1 || width > MAX_PNG_SIDE || height > MAX_PNG_SIDE) {
    throw dataError(name, `PNG sides must be 1 to ${MAX_PNG_SIDE}, got ${width}x${height}`);
  }
  const samples = samplesOf[color];
  if (samples === undefined || !depthsOf[color].includes(depth)) {
    throw dataError(name, `PNG of color type ${color} and ${depth} bits is not allowed`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw dataError(
      name,
      `PNG must have compression 0, filter 0, interlace 0 or 1, got ${compression}, ${filter}, ${interlace}`,
    );
  }
  const pixelBits = samples * depth;
  const rowBytes = (pixels: number) => Math.ceil((pixels * pixelBits) / 8);
  const decoded = Math.max(rowBytes(width) * height, width * height * Math.max(samples, 3));
  if (decoded > limit) {
    throw limitError(name, `a ${width}x${height} PNG takes ${decoded} bytes`, limit);
  }
  const places = interlace === 1 ? ADAM7 : [[0, 0, 1, 1]];
  const passes = places
    .map(([x, y, dx, dy]) => {
      const [w, h] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
      return { x, y, dx, dy, width: w, height: h, rowBytes: rowBytes(w) };
    })
    .filter((pass) => pass.width > 0 && pass.height > 0);
  return { width, height, depth, color, samples, pixelBits, passes };
}
