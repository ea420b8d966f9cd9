import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type TensorShapeProto_DimensionSchema,
  type ValueInfoProtoSchema,
} from "onnx-buf";
import type * as g from "../src/index.ts";

export type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
export type TensorInit = MessageInitShape<typeof TensorProtoSchema>;
export type AttributeInit = MessageInitShape<typeof AttributeProtoSchema>;

const types = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;
type Type = keyof typeof types;

/** A tensor's message from the array that holds its bytes. */
export const tensorProto = (
  name: string,
  type: Type,
  dims: readonly number[],
  data: ArrayBufferView,
): TensorInit => ({
  name,
  dataType: types[type],
  dims: dims.map(BigInt),
  rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
});

export const floats = (name: string, dims: readonly number[], values: readonly number[]) =>
  tensorProto(name, "float32", dims, Float32Array.from(values));
export const int64s = (name: string, ...values: (number | bigint)[]) =>
  tensorProto(name, "int64", [values.length], BigInt64Array.from(values, BigInt));

const dimension = (d: g.Dim): MessageInitShape<typeof TensorShapeProto_DimensionSchema> =>
  typeof d === "number"
    ? { value: { case: "dimValue", value: BigInt(d) } }
    : { value: { case: "dimParam", value: d } };

/** A value's declaration; no shape where none is given. */
export const declared = (
  name: string,
  shape?: g.Shape,
  type: Type = "float32",
): MessageInitShape<typeof ValueInfoProtoSchema> => ({
  name,
  type: {
    value: {
      case: "tensorType",
      value: { elemType: types[type], ...(shape && { shape: { dim: shape.map(dimension) } }) },
    },
  },
});

/** Attributes by name: an integer, a text, integers, a float or floats. */
export type Attributes = Record<
  string,
  number | string | readonly number[] | { float: number } | { floats: number[] }
>;

const attributes = (given: Attributes): AttributeInit[] =>
  Object.entries(given).map(([name, value]) => {
    if (typeof value === "string") return { name, type: 3, s: new TextEncoder().encode(value) };
    if (typeof value === "number") return { name, type: 2, i: BigInt(value) };
    if ("float" in value) return { name, type: 1, f: value.float };
    if ("floats" in value) return { name, type: 6, floats: value.floats };
    return { name, type: 7, ints: value.map(BigInt) };
  });

/** One node of a file. */
export const node = (
  opType: string,
  input: string[],
  output: string[],
  { domain = "", ...given }: Attributes & { domain?: string } = {},
  more: AttributeInit[] = [],
): NodeInit => ({ opType, domain, input, output, attribute: [...attributes(given), ...more] });

/** The bytes of a model as another exporter might write them. */
export function fileOf(
  graph: {
    node: NodeInit[];
    input: ReturnType<typeof declared>[];
    output: ReturnType<typeof declared>[];
    initializer?: TensorInit[];
    valueInfo?: ReturnType<typeof declared>[];
  },
  opset = 17,
  domains: Record<string, number> = { "com.microsoft": 1 },
): Uint8Array {
  const others = Object.entries(domains).map(([domain, v]) => ({ domain, version: BigInt(v) }));
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: opset > 20 ? 10n : 8n,
      opsetImport: [{ domain: "", version: BigInt(opset) }, ...others],
      graph: { name: "other", ...graph },
    }),
  );
}
