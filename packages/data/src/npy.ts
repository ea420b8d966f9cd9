import { ArgumentError } from "@gen/math/arguments";
import { dataError } from "./data-error.ts";
import { inflateArray } from "./inflate.ts";
import { MAX_ARRAY_BYTES, MAX_NPY_HEADER } from "./limits.ts";
import {
  type ArrayLayout,
  arrayOf,
  byteSize,
  checkArray,
  checkedByteLength,
  concat,
  type DType,
  dtypeOf,
  dtypes,
  littleEndianBytes,
  type NdArray,
  type NumericArray,
  type ReadOptions,
  type WritableArray,
} from "./nd-array.ts";

/** numpy's code of a dtype, such as `f4`; it has none for bfloat16. */
const codeOf = (dtype: DType): string | undefined =>
  dtype === "bfloat16" ? undefined : `${dtype[0]}${byteSize(dtype)}`;

const latin1 = /* @__PURE__ */ new TextDecoder("latin1");

/**
 * Reads a `.npy` file (versions 1 to 3). Big-endian elements are swapped and Fortran order is
 * transposed, so that `data` is always native and row-major; `bool` becomes uint8.
 *
 * @param bytes The bytes of the file.
 * @param options The file's name in errors, and a limit on memory. Default: 1 GiB.
 * @throws GenError `invalid-data` when the magic number is another, elements are not plain numbers
 * (objects are never unpickled), the size exceeds `limit`, or bytes are missing or left over.
 */
export function readNpy(bytes: Uint8Array, options: ReadOptions = {}): NdArray {
  const { name = "npy file", limit = MAX_ARRAY_BYTES } = options;
  const layout = readHeader(name, bytes, limit);
  return inRowMajor(arrayOf(name, layout, bytes.subarray(layout.start)), layout);
}

/**
 * Reads a `.npy` file of `size` bytes from a deflate stream. `onPart` gets its bytes, in parts.
 *
 * @throws GenError as {@link readNpy} does, or when the file is not of this size.
 */
export function readDeflatedNpy(
  bytes: Uint8Array,
  { name, limit }: Required<ReadOptions>,
  size: number,
  onPart: (part: Uint8Array) => void,
): NdArray {
  const header = (head: Uint8Array) => {
    const layout = readHeader(name, head, limit);
    const needed = layout.start + layout.size;
    if (needed === size) return layout;
    throw dataError(name, `its shape needs ${needed} bytes, the archive declares ${size}`);
  };
  const longest = Math.min(size, 12 + MAX_NPY_HEADER);
  const { layout, elements } = inflateArray(name, "deflate", bytes, longest, header, onPart);
  const own = elements.length === layout.size;
  return inRowMajor(arrayOf(name, layout, elements, own), layout);
}

interface NpyLayout extends ArrayLayout {
  readonly isFortran: boolean;
}

function readHeader(name: string, bytes: Uint8Array, limit: number): NpyLayout {
  if (bytes.length < 10 || bytes[0] !== 0x93 || latin1.decode(bytes.subarray(1, 6)) !== "NUMPY") {
    throw dataError(name, "not an npy file: it must start with \\x93NUMPY");
  }
  const major = bytes[6];
  if (major < 1 || major > 3) throw dataError(name, `npy version must be 1, 2 or 3, got ${major}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const prefix = major === 1 ? 10 : 12;
  if (bytes.length < prefix) throw dataError(name, "truncated in its header");
  const headerLength = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerLength > MAX_NPY_HEADER) {
    throw dataError(name, `header must be at most ${MAX_NPY_HEADER} bytes, got ${headerLength}`);
  }
  const start = prefix + headerLength;
  if (bytes.length < start) throw dataError(name, `truncated in its ${start}-byte header`);
  const header = latin1.decode(bytes.subarray(prefix, start));
  const { dtype, littleEndian } = elementType(name, header);
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (fortran === undefined || sizes === undefined) {
    throw dataError(name, "npy header must hold 'descr', 'fortran_order' and 'shape'");
  }
  const shape = sizes.split(",").flatMap((s) => (s.trim() === "" ? [] : [Number(s)]));
  const size = checkedByteLength(name, dtype, shape, limit);
  return { dtype, shape, start, size, littleEndian, isFortran: fortran === "True" };
}

/**
 * Writes a `.npy` file (version 1.0, little-endian, C order) that `numpy.load` reads.
 *
 * @param array The elements and their shape.
 * @throws RangeError when the shape does not describe the data, or for bfloat16, which numpy lacks.
 */
export function writeNpy(array: WritableArray): Uint8Array {
  checkArray(array);
  const dtype = dtypeOf(array);
  const code = codeOf(dtype);
  if (code === undefined) throw new ArgumentError(`npy has no dtype ${dtype}`);
  const order = code.endsWith("1") ? "|" : "<";
  const shape = array.shape.length === 1 ? `${array.shape[0]},` : array.shape.join(", ");
  const dictionary = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${shape}), }`;
  // The elements start at a multiple of 64, as the format asks.
  const start = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const header = `${dictionary.padEnd(start - 11)}\n`;
  const { length } = header;
  const prefix = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8];
  const text = new TextEncoder().encode(header);
  return concat([Uint8Array.from(prefix), text, littleEndianBytes(array.data)]);
}

function elementType(name: string, header: string): { dtype: DType; littleEndian: boolean } {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const [, order, code] = /^([<>|=])(.*)$/.exec(descr ?? "") ?? [];
  const dtype = code === "b1" ? "uint8" : dtypes.find((each) => codeOf(each) === code);
  if (code !== undefined && dtype !== undefined) return { dtype, littleEndian: order !== ">" };
  const allowed = "f2, f4, f8, i1 to i8, u1 to u8, b1";
  throw dataError(name, `npy dtype must be one of ${allowed}, got ${descr ?? "a structure"}`);
}

/** The array of a file in row-major order. */
function inRowMajor(array: NdArray, { isFortran }: NpyLayout): NdArray {
  return isFortran ? { ...array, data: fromFortran(array) } : array;
}

/** The elements of an array in Fortran order, in row-major order. */
function fromFortran({ data, shape }: NdArray): NumericArray {
  const sizes = shape.filter((size) => size !== 1);
  if (data.length === 0 || sizes.length < 2) return data;
  const strides = sizes.map((_, axis) => sizes.slice(0, axis).reduce((a, b) => a * b, 1));
  const out = data.slice();
  const last = sizes.length - 1;
  const index = sizes.map(() => 0);
  for (let at = 0, from = 0; at < out.length; ) {
    for (let k = 0; k < sizes[last]; k++) out[at++] = data[from + k * strides[last]];
    let axis = last - 1;
    for (; axis >= 0; axis--) {
      index[axis] += 1;
      from += strides[axis];
      if (index[axis] < sizes[axis]) break;
      from -= sizes[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return out;
}
