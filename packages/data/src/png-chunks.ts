import { crc32 } from "./crc32.ts";
import { dataError } from "./data-error.ts";

/** A part of a PNG: its place in the file, its type as a number, and its data. */
export interface PngChunk {
  readonly at: number;
  readonly type: number;
  readonly data: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A chunk's type as the number that its four letters make. */
export const typeNumber = (type: string): number =>
  [...type].reduce((number, char) => number * 256 + char.charCodeAt(0), 0);

const [IHDR, IEND] = ["IHDR", "IEND"].map(typeNumber);

/**
 * The chunks of a PNG up to IEND.
 *
 * @throws GenError `invalid-data` when the file is no PNG, does not begin with IHDR, or is cut short.
 */
export function* pngChunks(name: string, bytes: Uint8Array): Generator<PngChunk> {
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    throw dataError(name, "not a PNG file: the signature is missing");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8, type = 0; type !== IEND; ) {
    if (at + 12 > bytes.length) throw dataError(name, "truncated PNG: no IEND chunk");
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) {
      throw dataError(name, `truncated PNG: a chunk ends at ${end} of ${bytes.length} bytes`);
    }
    type = view.getUint32(at + 4);
    if (at === 8 && (type !== IHDR || end !== at + 25)) {
      throw dataError(name, "PNG must begin with IHDR");
    }
    yield { at, type, data: bytes.subarray(at + 8, end - 4) };
    at = end;
  }
}

/** Whether a chunk has the checksum that the file says. */
export function hasChecksum(bytes: Uint8Array, { at, data }: PngChunk): boolean {
  const end = at + 8 + data.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return crc32(bytes.subarray(at + 4, end)) === view.getUint32(end);
}

/** The bytes of a chunk: length, type, data and checksum. */
export function chunkBytes(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  view.setUint32(4, typeNumber(type));
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}
