import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  type AttributeProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataType,
  type TensorProtoSchema,
} from "onnx-buf";
import type { DType, Tensor } from "../tensor.ts";

export type AttributeInit = MessageInitShape<typeof AttributeProtoSchema>;
export type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
export type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

/** What is wrong with an ONNX file, in one line. */
export class OnnxError extends Error {
  override readonly name = "OnnxError";
}

/** What ONNX has and graphs have not: ONNX Runtime can still run the node as it is. */
export class Unsupported extends OnnxError {}

/** ONNX's number of each element type. */
export const elementTypes: Readonly<Record<DType, TensorProto_DataType>> = {
  float32: TensorProto_DataType.FLOAT,
  float64: TensorProto_DataType.DOUBLE,
  float16: TensorProto_DataType.FLOAT16,
  int32: TensorProto_DataType.INT32,
  int64: TensorProto_DataType.INT64,
  bool: TensorProto_DataType.BOOL,
};

/** The dtype that holds ONNX's element type `type`, or undefined where there is none; bfloat16 is read as float32. */
export const dtypeOf = (type: number): DType | undefined =>
  type === TensorProto_DataType.BFLOAT16
    ? "float32"
    : (Object.keys(elementTypes) as DType[]).find((dtype) => elementTypes[dtype] === type);

/** ONNX's name of an element type. */
export const typeName = (type: number): string => TensorProto_DataType[type] ?? String(type);

export const int = (name: string, value: number): AttributeInit => ({
  name,
  type: AttributeProto_AttributeType.INT,
  i: BigInt(value),
});

export const ints = (name: string, values: readonly number[]): AttributeInit => ({
  name,
  type: AttributeProto_AttributeType.INTS,
  ints: values.map(BigInt),
});

export const float = (name: string, value: number): AttributeInit => ({
  name,
  type: AttributeProto_AttributeType.FLOAT,
  f: value,
});

export const text = (name: string, value: string): AttributeInit => ({
  name,
  type: AttributeProto_AttributeType.STRING,
  // ONNX's own words are ASCII.
  s: Uint8Array.from(value, (letter) => letter.charCodeAt(0)),
});

/** A tensor's message; its bytes are the tensor's own, not a copy. */
export function tensorMessage(name: string, { dtype, shape, data }: Tensor): TensorInit {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return { name, dataType: elementTypes[dtype], dims: shape.map(BigInt), rawData: bytes };
}

/** A name from a file as errors print it: on one line, not endless. */
export function label(name: string): string {
  const short = name.length > 80 ? `${name.slice(0, 77)}...` : name;
  return JSON.stringify(short);
}
