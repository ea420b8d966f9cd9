import { Gunzip, Unzlib } from "fflate";
import { dataError, runDecoder } from "./data-error.ts";
import { concat } from "./nd-array.ts";

// Deflate expands at most about 1,032 times, so one slice can overshoot the limit by about 8 MiB.
const slice = 1 << 13;

/** Whether the bytes start as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Inflates a gzip or zlib stream. Stops as soon as the result has more than `limit` bytes.
 *
 * @throws GenError `invalid-data` when the stream is damaged, ends early or is larger than `limit`.
 */
export function inflate(
  source: string,
  kind: "gzip" | "zlib",
  bytes: Uint8Array,
  limit: number,
): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const take = (chunk: Uint8Array) => {
    length += chunk.length;
    if (length > limit) {
      throw dataError(source, `decompresses to more than ${limit} bytes, the most allowed here`);
    }
    chunks.push(chunk);
  };
  runDecoder(source, `${kind} stream`, () => {
    const stream = kind === "gzip" ? new Gunzip(take) : new Unzlib(take);
    for (let at = 0; at < bytes.length; at += slice) {
      stream.push(bytes.subarray(at, at + slice), at + slice >= bytes.length);
    }
  });
  return concat(chunks);
}

/** The first bytes of an inflated gzip stream, enough for any file header. */
export function inflateHead(source: string, bytes: Uint8Array): Uint8Array {
  let head = new Uint8Array(0);
  runDecoder(source, "gzip stream", () => {
    const stream = new Gunzip((chunk) => {
      if (head.length === 0) head = chunk.slice(0, 4096);
    });
    stream.push(bytes.subarray(0, slice), bytes.length <= slice);
  });
  return head;
}
