import { Gunzip, Unzlib } from "fflate";
import { dataError, decoding } from "./data-error.ts";

// Deflate expands at most about 1,032 times, so one slice can overshoot the limit by about 8 MiB.
const slice = 1 << 13;

/** Whether the bytes start as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Inflates a gzip or zlib stream, given in parts, stopping as soon as it yields more than `limit`
 * bytes.
 *
 * @throws GenError `invalid-data` when the stream is damaged, ends early or is larger than `limit`.
 */
export function inflate(
  source: string,
  kind: "gzip" | "zlib",
  parts: readonly Uint8Array[],
  limit: number,
): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const take = (chunk: Uint8Array) => {
    length += chunk.length;
    if (length > limit) {
      throw dataError(source, `decompresses to more than ${limit} bytes, the most allowed here`);
    }
    if (chunk.length > 0) chunks.push(chunk);
  };
  decoding(source, `${kind} stream`, () => {
    const stream = kind === "gzip" ? new Gunzip(take) : new Unzlib(take);
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    let seen = 0;
    for (const part of parts) {
      for (let at = 0; at < part.length; at += slice) {
        const piece = part.subarray(at, at + slice);
        seen += piece.length;
        stream.push(piece, seen === total);
      }
    }
  });
  const out = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/** The first bytes of what a gzip stream holds, enough for any file header. */
export function inflateHead(source: string, bytes: Uint8Array): Uint8Array {
  let head = new Uint8Array(0);
  decoding(source, "gzip stream", () => {
    const stream = new Gunzip((chunk) => {
      if (head.length === 0) head = chunk.slice(0, 4096);
    });
    stream.push(bytes.subarray(0, slice), bytes.length <= slice);
  });
  return head;
}
