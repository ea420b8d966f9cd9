import { GraphError } from "./graph-error.ts";
import { shapeText, sizeOf } from "./shape.ts";

/** Element types of expressions and tensors; the names are ONNX's. */
export type DType = "float32" | "float64" | "float16" | "int32" | "int64" | "bool";

/** The array of a tensor's elements: raw bits for `float16`, 0 or 1 for `bool`. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array;

/** Numbers in host memory with a dtype and a static shape, row-major. */
export interface Tensor {
  /** The type of the elements. */
  readonly dtype: DType;
  /** The dimensions, outermost first. */
  readonly shape: readonly number[];
  /** The elements, row-major. */
  readonly data: TensorData;
}

/** The typed array of each dtype. */
export const typedArrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

/**
 * Bytes of one element of each dtype.
 *
 * @param dtype The type of the elements.
 */
export const bytesPerElement = (dtype: DType): number => typedArrays[dtype].BYTES_PER_ELEMENT;

/**
 * Whether `dtype` holds real numbers, as opposed to integers and booleans.
 *
 * @param dtype The type of the elements.
 */
export const isFloat = (dtype: DType): boolean => dtype.startsWith("float");

/**
 * A tensor of numbers in row-major order; a typed array of the dtype's own kind is not copied.
 *
 * @param values The numbers, row-major.
 * @param shape The dimensions. Default: one, of all numbers.
 * @param dtype The type of the elements. Default: "float32".
 * @throws RangeError when the number of elements is not the product of `shape`, or there is no such
 * dtype.
 */
export function tensor(
  values: ArrayLike<number> | TensorData,
  shape: readonly number[] = [values.length],
  dtype: DType = "float32",
): Tensor {
  const size = sizeOf(shape);
  if (values.length !== size) {
    throw new GraphError(
      `tensor of shape ${shapeText(shape)} takes ${size} elements, got ${values.length}`,
    );
  }
  return { dtype, shape: [...shape], data: tensorData(values, dtype) };
}

/**
 * Elements as the typed array of `dtype`; an array of that type is not copied.
 *
 * @param values The numbers.
 * @param dtype The type of the elements.
 * @throws RangeError when there is no such dtype.
 */
export function tensorData(values: ArrayLike<number> | TensorData, dtype: DType): TensorData {
  if (!Object.hasOwn(typedArrays, dtype)) {
    throw new GraphError(
      `dtype must be one of ${Object.keys(typedArrays).join(", ")}, got ${dtype}`,
    );
  }
  const Kind = typedArrays[dtype];
  if (values instanceof Kind) return values;
  if (values instanceof BigInt64Array) return tensorData(Array.from(values, Number), dtype);
  const numbers = values as ArrayLike<number>;
  if (dtype === "int64") return converted(new BigInt64Array(numbers.length), numbers, BigInt);
  if (dtype === "float16") return converted(new Uint16Array(numbers.length), numbers, toFloat16);
  if (dtype === "bool")
    return converted(new Uint8Array(numbers.length), numbers, (v) => (v ? 1 : 0));
  return new (Kind as Float32ArrayConstructor)(numbers);
}

/** The numbers through `f`. A typed array's own `from` takes 25 times as long. */
function converted<A extends TensorData>(
  out: A,
  numbers: ArrayLike<number>,
  f: (value: number) => A[number],
): A {
  for (let i = 0; i < out.length; i++) out[i] = f(numbers[i]);
  return out;
}

/**
 * A tensor's elements as ordinary numbers, whatever its dtype.
 *
 * @param tensor The tensor, of any dtype.
 */
export function tensorNumbers({ dtype, data }: Tensor): ArrayLike<number> {
  if (data instanceof BigInt64Array) return Float64Array.from(data, Number);
  if (dtype === "float16") return Float64Array.from(data as Uint16Array, fromFloat16);
  return data as Float32Array;
}

const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(4));

/** The nearest IEEE half to `value`, ties to even, as its 16 bits. */
export function toFloat16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  // Subnormal halves are whole multiples of 2^-24.
  const units = Math.abs(value) * 0x1000000;
  const floor = Math.floor(units);
  const rest = units - floor;
  return sign | (floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0));
}

/**
 * The number that 16 bits of an IEEE half stand for.
 *
 * @param bits The 16 bits, as a whole number.
 */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
