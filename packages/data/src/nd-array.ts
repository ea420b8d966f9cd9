import { ArgumentError } from "@gen/math/arguments";
import { dataError, limitError } from "./data-error.ts";
import { MAX_DIMENSIONS } from "./limits.ts";

/** The class of the elements for each dtype. @internal */
const constructors = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
} as const;

/**
 * Element type of an {@link NdArray}: float64, float32, float16, bfloat16, int64, int32, int16, int8,
 * uint64, uint32, uint16 or uint8.
 */
export type DType = keyof typeof constructors;

/** Arrays of numbers as files hold them; float16 and bfloat16 stay raw bits in a `Uint16Array`. */
export type NumericArray = (typeof constructors)[DType]["prototype"];

/** A dense array in row-major (C) order: `data.length` is the product of `shape`. */
export interface NdArray {
  /** The type of the elements. */
  readonly dtype: DType;
  /** The sizes of the dimensions; `[]` for one number. */
  readonly shape: readonly number[];
  /** The elements, row-major; raw bits for float16 and bfloat16. */
  readonly data: NumericArray;
}

/** An {@link NdArray} for a writer. @defaultValue `dtype` is that of the typed array */
export type WritableArray = Omit<NdArray, "dtype"> & {
  /** The type of the elements. @defaultValue that of the typed array */
  readonly dtype?: DType;
};

/** Settings of a reader. */
export interface ReadOptions {
  /** The name of the file in errors. @defaultValue the kind of file */
  readonly name?: string;
  /**
   * The most bytes that may be allocated for the result.
   * @defaultValue 1 GiB; 256 MiB for pictures and CSV
   */
  readonly limit?: number;
}

/** All element types, wide ones first. */
export const dtypes = /* @__PURE__ */ Object.keys(constructors) as readonly DType[];

/** Bytes of one element. */
export const byteSize = (dtype: DType): number => constructors[dtype].BYTES_PER_ELEMENT;

/** The `dtype` of an array, by default that of its typed array. */
export const dtypeOf = ({ data, dtype }: WritableArray): DType =>
  dtype ?? (data.constructor.name.replace(/Big|Array/g, "").toLowerCase() as DType);

/**
 * Bytes of an array of this dtype and shape, checked against `limit` before anything is allocated.
 *
 * @throws GenError `invalid-data` when a size is no whole number or the bytes exceed the limit.
 */
export function checkedByteLength(
  source: string,
  dtype: DType,
  shape: readonly number[],
  limit: number,
): number {
  if (shape.length > MAX_DIMENSIONS) {
    throw dataError(source, `at most ${MAX_DIMENSIONS} dimensions, got ${shape.length}`);
  }
  let bytes = byteSize(dtype);
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw dataError(source, `shape must hold whole numbers, got [${shape.join(", ")}]`);
    }
    bytes *= size;
  }
  if (!(bytes <= limit)) {
    throw limitError(source, `[${shape.join(", ")}] of ${dtype} takes ${bytes} bytes`, limit);
  }
  return bytes;
}

/** Copies bytes of the given order into a typed array of `dtype`. */
export const decodeElements = (bytes: Uint8Array, dtype: DType, littleEndian: boolean) =>
  // Not bytes.slice(), which is a view for Node's Buffer.
  ownElements(new Uint8Array(bytes), dtype, littleEndian);

/** The typed array of `dtype` in a buffer that is nobody else's. Swaps its bytes in place. */
function ownElements(bytes: Uint8Array, dtype: DType, littleEndian: boolean) {
  if (littleEndian !== hostIsLittleEndian()) swapBytes(bytes, byteSize(dtype));
  return new constructors[dtype](bytes.buffer as ArrayBuffer) as NumericArray;
}

/** The bytes of all parts, one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** An array's dtype and shape, its first byte in its file, and its bytes. */
export interface ArrayLayout extends Pick<NdArray, "dtype" | "shape"> {
  readonly start: number;
  readonly size: number;
  readonly littleEndian: boolean;
}

/**
 * The array of a layout from its bytes, which are copied unless they are `own`.
 *
 * @throws GenError `invalid-data` when they are not the `size` bytes of its shape.
 */
export function arrayOf(
  source: string,
  { dtype, shape, size, littleEndian }: ArrayLayout,
  elements: Uint8Array,
  own = false,
): NdArray {
  if (elements.length !== size) {
    throw dataError(
      source,
      `[${shape.join(", ")}] of ${dtype} needs ${size} bytes of data, got ${elements.length}`,
    );
  }
  const data = (own ? ownElements : decodeElements)(elements, dtype, littleEndian);
  return { dtype, shape, data };
}

/** The elements of an array as little-endian bytes; a view where the host is little-endian. */
export function littleEndianBytes(data: NumericArray): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (hostIsLittleEndian()) return bytes;
  const copy = bytes.slice();
  swapBytes(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

/** @throws RangeError when `shape` does not describe `data`, or `dtype` is not its element type. */
export function checkArray(array: WritableArray): void {
  const { shape, data } = array;
  const size = shape.reduce((product, n) => product * n, 1);
  if (size !== data.length) {
    throw new ArgumentError(
      `shape [${shape.join(", ")}] needs ${size} elements, got ${data.length}`,
    );
  }
  const dtype = dtypeOf(array);
  const type = constructors[dtype];
  if (data instanceof type) return;
  throw new ArgumentError(`dtype ${dtype} needs ${type.name}, got ${data.constructor.name}`);
}

const hostIsLittleEndian = () => new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function swapBytes(bytes: Uint8Array, size: number): void {
  if (size === 1) return;
  for (let i = 0; i < bytes.length; i += size) {
    for (let low = i, high = i + size - 1; low < high; low++, high--) {
      const byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}
