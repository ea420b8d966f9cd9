import { dataError } from "./data-error.ts";
import { inflateArray, isGzip } from "./inflate.ts";
import { MAX_ARRAY_BYTES, MAX_IDX_DIMENSIONS } from "./limits.ts";
import {
  type ArrayLayout,
  arrayOf,
  checkedByteLength,
  type DType,
  type NdArray,
  type ReadOptions,
} from "./nd-array.ts";

const dtypes: Readonly<Record<number, DType>> = {
  8: "uint8",
  9: "int8",
  11: "int16",
  12: "int32",
  13: "float32",
  14: "float64",
};

/**
 * Reads an idx file, the format of MNIST and Fashion-MNIST, plain or gzipped.
 *
 * The header is `00 00 type rank`, then `rank` big-endian 32-bit sizes, then the elements.
 *
 * @param bytes The bytes of the file.
 * @param options The file's name in errors, and a limit on memory. Default: 1 GiB.
 * @throws GenError `invalid-data` when the magic number or type is unknown, the size exceeds
 * `limit`, or bytes are missing or left over.
 */
export function readIdx(bytes: Uint8Array, options: ReadOptions = {}): NdArray {
  const { name = "idx file", limit = MAX_ARRAY_BYTES } = options;
  const header = (head: Uint8Array) => readHeader(name, head, limit);
  if (isGzip(bytes)) {
    const longest = 4 + 4 * MAX_IDX_DIMENSIONS;
    const { layout, elements } = inflateArray(name, "gzip", bytes, longest, header);
    return arrayOf(name, layout, elements, elements.length === layout.size);
  }
  const layout = header(bytes);
  return arrayOf(name, layout, bytes.subarray(layout.start));
}

function readHeader(name: string, file: Uint8Array, limit: number): ArrayLayout {
  if (file.length < 4 || file[0] !== 0 || file[1] !== 0) {
    throw dataError(name, "not an idx file: it must start with two zero bytes");
  }
  const dtype = dtypes[file[2]];
  if (dtype === undefined) {
    throw dataError(
      name,
      `idx type must be one of 8, 9, 11, 12, 13, 14 (uint8 to float64), got ${file[2]}`,
    );
  }
  const rank = file[3];
  const start = 4 + 4 * rank;
  if (rank < 1 || rank > MAX_IDX_DIMENSIONS) {
    throw dataError(name, `idx rank must be 1 to ${MAX_IDX_DIMENSIONS}, got ${rank}`);
  }
  if (file.length < start) throw dataError(name, `truncated in its ${start}-byte header`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const shape = Array.from({ length: rank }, (_, k) => view.getUint32(4 + 4 * k));
  const size = checkedByteLength(name, dtype, shape, limit);
  return { dtype, shape, start, size, littleEndian: false };
}
