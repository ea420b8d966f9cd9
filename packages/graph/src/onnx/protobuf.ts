import { GenError } from "@gen/math";
import { type Shape, shapeText } from "../expr/shape.ts";
import type { DType, Tensor } from "../expr/tensor.ts";
import { MAX_ELEMENTS, MAX_RANK } from "./limits.ts";
import { type AttributeInit, attributeType, elementType, type TensorInit } from "./messages.ts";

/** The error for an ONNX file that is not sound. */
export const invalidModel = (message: string, options?: ErrorOptions): GenError =>
  new GenError("invalid-model", message, options);

/** The error for a file with a node that may crash the process or read its memory. */
export const unsafeModel = (message: string, options?: ErrorOptions): GenError =>
  new GenError("unsafe-model", message, options);

/** Decodes a file. @throws GenError `invalid-model` when its bytes are no such message. */
export function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw invalidModel(`not an ONNX model, or a damaged one (${reason})`, { cause });
  }
}

/** The error for a tensor of too many dimensions. */
export const rankError = (what: string, rank: number): GenError =>
  invalidModel(`${what} has ${rank} dimensions, more than the ${MAX_RANK} allowed; reshape it`);

/** The error for a tensor of too many elements. */
export const tooLarge = (what: string, shape: Shape): GenError =>
  unsafeModel(
    `${what} has the shape ${shapeText(shape)}; a tensor has at most ${MAX_ELEMENTS} elements; make it smaller`,
  );

/** The error for a node that graphs lack; ONNX Runtime can still run it. */
export const unsupported = (message: string): GenError =>
  new GenError("unsupported-operation", message);

/** ONNX's number of each element type. */
export const elementTypes: Readonly<Record<DType, number>> = {
  float32: elementType.FLOAT,
  float64: elementType.DOUBLE,
  float16: elementType.FLOAT16,
  int32: elementType.INT32,
  int64: elementType.INT64,
  bool: elementType.BOOL,
};

const dtypes = /* @__PURE__ */ new Map<number, DType>(
  /* @__PURE__ */ (Object.keys(elementTypes) as DType[]).map((dtype) => [
    elementTypes[dtype],
    dtype,
  ]),
);

/** The dtype for ONNX's element type, or undefined; bfloat16 is read as float32. */
export const dtypeOf = (type: number): DType | undefined =>
  type === elementType.BFLOAT16 ? "float32" : dtypes.get(type);

const typeNames = /* @__PURE__ */ new Map<number, string>(
  /* @__PURE__ */ Object.entries(elementType).map(([name, number]) => [number, name]),
);

/** ONNX's name of an element type. */
export const typeName = (type: number): string => typeNames.get(type) ?? String(type);

const { INT, INTS, FLOAT, STRING } = attributeType;

export const int = (name: string, value: number): AttributeInit => ({
  name,
  type: INT,
  i: BigInt(value),
});
export const ints = (name: string, values: readonly number[]): AttributeInit => ({
  name,
  type: INTS,
  ints: values.map(BigInt),
});
export const float = (name: string, value: number): AttributeInit => ({
  name,
  type: FLOAT,
  f: value,
});
/** A text of ASCII letters, as all of ONNX's own words are. */
export const text = (name: string, value: string): AttributeInit => ({
  name,
  type: STRING,
  s: Uint8Array.from(value, (letter) => letter.charCodeAt(0)),
});

/** A tensor's message, which shares the tensor's bytes. */
export function tensorMessage(name: string, { dtype, shape, data }: Tensor): TensorInit {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return { name, dataType: elementTypes[dtype], dims: shape.map(BigInt), rawData: bytes };
}

/** A name from a file as errors print it: on one line, at most 80 letters. */
export function label(name: string): string {
  const short = name.length > 80 ? `${name.slice(0, 77)}...` : name;
  return JSON.stringify(short);
}
