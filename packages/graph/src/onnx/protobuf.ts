import { GenError } from "@gen/math";
import type { DType, Tensor } from "../expr/tensor.ts";
import { type AttributeInit, attributeType, elementType, type TensorInit } from "./messages.ts";

/** The error for an ONNX file that is not sound. */
export const invalidModel = (message: string, options?: ErrorOptions): GenError =>
  new GenError("invalid-model", message, options);

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

/** The dtype for ONNX's element type, or undefined; bfloat16 is read as float32. */
export const dtypeOf = (type: number): DType | undefined =>
  type === elementType.BFLOAT16
    ? "float32"
    : (Object.keys(elementTypes) as DType[]).find((dtype) => elementTypes[dtype] === type);

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
