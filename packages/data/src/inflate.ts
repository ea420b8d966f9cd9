import { Gunzip, Inflate, Unzlib } from "fflate";
import { dataError, runDecoder } from "./data-error.ts";
import { MAX_GZIP_MEMBERS, MAX_IDLE_BYTES } from "./limits.ts";
import { concat } from "./nd-array.ts";

const streams = { gzip: Gunzip, zlib: Unzlib, deflate: Inflate };

/** Compressed streams: with gzip's or zlib's header, or bare as in zip archives. */
export type StreamKind = keyof typeof streams;

/** Deflate's most bytes of output for a byte of input, rounded up. */
const LARGEST_RATIO = 1040;
// One slice can overshoot a limit by about 8 MiB.
const slice = 1 << 13;

/** Whether the bytes start as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Inflates a stream and passes the parts of the result to `take`, which stops the work by an error.
 *
 * @throws GenError `invalid-data` when the stream is damaged, or has more bytes in a row that
 * inflate to nothing, or more gzip members, than the limits.
 */
export function inflate(
  source: string,
  kind: StreamKind,
  bytes: Uint8Array,
  take: (part: Uint8Array) => void,
): void {
  let at = 0;
  let lastOutput = 0;
  let members = 1;
  runDecoder(source, `${kind} stream`, () => {
    const stream = new streams[kind]((part) => {
      if (part.length === 0) return;
      lastOutput = at;
      take(part);
    });
    if (stream instanceof Gunzip) {
      stream.onmember = () => {
        members += 1;
        if (members <= MAX_GZIP_MEMBERS) return;
        throw dataError(source, `a gzip file must have at most ${MAX_GZIP_MEMBERS} members`);
      };
    }
    for (; at < bytes.length; at += slice) {
      if (at - lastOutput > MAX_IDLE_BYTES) {
        const problem = `more than ${MAX_IDLE_BYTES} bytes in a row inflate to nothing`;
        throw dataError(source, `not a readable ${kind} stream: ${problem}`);
      }
      stream.push(bytes.subarray(at, at + slice), at + slice >= bytes.length);
    }
  });
}

/** @throws GenError `invalid-data` when `size` bytes cannot come from so short a stream. */
export function checkRatio(source: string, compressed: number, size: number): void {
  if (size <= compressed * LARGEST_RATIO) return;
  throw dataError(source, `truncated: ${compressed} compressed bytes cannot be ${size} bytes`);
}

/** Where an array's elements are in its file: from byte `start` on, `size` bytes. */
interface Extent {
  readonly start: number;
  readonly size: number;
}

/**
 * Inflates a file of one header and one array, straight into the memory of the array.
 *
 * @param headLength Bytes that hold the longest header; `readHeader` gets so many, or the whole file.
 * @throws GenError `invalid-data` as `inflate` and `readHeader` do, or when the file is longer than
 * its header says. A file that ends early gives fewer elements than `size` bytes.
 */
export function inflateArray<L extends Extent>(
  source: string,
  kind: StreamKind,
  bytes: Uint8Array,
  headLength: number,
  readHeader: (head: Uint8Array) => L,
  onPart?: (part: Uint8Array) => void,
): { layout: L; elements: Uint8Array } {
  const head: Uint8Array[] = [];
  let length = 0;
  let layout: L | undefined;
  let elements = new Uint8Array(0);
  const open = (): L => {
    const start = concat(head);
    const found = readHeader(start);
    checkRatio(source, bytes.length, found.size);
    elements = new Uint8Array(found.size);
    checkLength(found);
    elements.set(start.subarray(found.start));
    return found;
  };
  const checkLength = ({ start, size }: L) => {
    if (length <= start + size) return;
    const most = start + size;
    throw dataError(source, `decompresses to more than ${most} bytes, the most allowed here`);
  };
  inflate(source, kind, bytes, (part) => {
    const at = length;
    length += part.length;
    onPart?.(part);
    if (layout !== undefined) {
      checkLength(layout);
      elements.set(part, at - layout.start);
    } else {
      head.push(part);
      if (length >= headLength) layout = open();
    }
  });
  layout ??= open();
  return { layout, elements: elements.subarray(0, Math.max(0, length - layout.start)) };
}
