import { MAX_NODES } from "./limits.ts";
import { message, type ValueOf } from "./message-codec.ts";

// The messages of ONNX's onnx.proto, with the fields that are read or written here. Graphs inside
// attributes stay bytes, and so do kinds of attributes that no operation here has.

/** A tensor of an ONNX file. @internal */
export type TensorProto = ValueOf<typeof tensor>;
export const tensor = message(
  {
    dims: [1, "int64", "list"],
    dataType: [2, "int32"],
    floatData: [4, "float", "packed"],
    int32Data: [5, "int32", "packed"],
    stringData: [6, "bytes", "list"],
    int64Data: [7, "int64", "packed"],
    name: [8, "string"],
    rawData: [9, "bytes"],
    doubleData: [10, "double", "packed"],
    uint64Data: [11, "uint64", "packed"],
    docString: [12, "string"],
    externalData: [13, message({ key: [1, "string"], value: [2, "string"] }), "list"],
    dataLocation: [14, "int32"],
    // Our own, in the headers of a model: see `model-headers.ts`.
    leftOut: [1000, "int64"],
  },
  { memory: 800 },
);

const sparseTensor = message({
  values: [1, tensor, "optional"],
  indices: [2, tensor, "optional"],
  dims: [3, "int64", "list"],
});

/** An attribute of a node of an ONNX file. @internal */
export type AttributeProto = ValueOf<typeof attribute>;
const attribute = message(
  {
    name: [1, "string"],
    f: [2, "float"],
    i: [3, "int64"],
    s: [4, "bytes"],
    t: [5, tensor, "optional"],
    g: [6, "bytes", "optional"],
    floats: [7, "float", "list"],
    ints: [8, "int64", "list"],
    strings: [9, "bytes", "list"],
    tensors: [10, tensor, "list"],
    graphs: [11, "bytes", "list"],
    tp: [14, "bytes", "optional"],
    typeProtos: [15, "bytes", "list"],
    type: [20, "int32"],
    sparseTensor: [22, sparseTensor, "optional"],
    refAttrName: [21, "string"],
    sparseTensors: [23, "bytes", "list"],
  },
  { memory: 200 },
);

export type NodeProto = ValueOf<typeof node>;
/** The limits on nodes, for each message type that reads them. */
export const nodeTraits = { most: MAX_NODES, what: "nodes", memory: 600 };
/** The fields of nodes, for the same. */
export const nodeFields = {
  input: [1, "string", "list"],
  output: [2, "string", "list"],
  name: [3, "string"],
  opType: [4, "string"],
  attribute: [5, attribute, "list"],
  domain: [7, "string"],
  overload: [8, "string"],
} as const;
const node = message(nodeFields, nodeTraits);

/** A number, a name or neither. */
const dimension = message({
  dimValue: [1, "int64", "optional"],
  dimParam: [2, "string", "optional"],
});
const shape = message({ dim: [1, dimension, "list"] });
const tensorType = message({ elemType: [1, "int32"], shape: [2, shape, "optional"] });
const type = message({ tensorType: [1, tensorType, "optional"] });

export type ValueInfoProto = ValueOf<typeof valueInfo>;
const valueInfo = message({ name: [1, "string"], type: [2, type, "optional"] }, { memory: 200 });

export const graph = message({
  node: [1, node, "list"],
  name: [2, "string"],
  initializer: [5, tensor, "list"],
  input: [11, valueInfo, "list"],
  output: [12, valueInfo, "list"],
  valueInfo: [13, valueInfo, "list"],
  sparseInitializer: [15, "bytes", "list"],
});

/** Messages to be written: absent fields are left out of the file. */
export type TensorInit = Partial<TensorProto>;
export type AttributeInit = Partial<AttributeProto>;
export type NodeInit = Partial<Omit<NodeProto, "attribute">> & {
  attribute?: readonly AttributeInit[];
};

const operatorSet = message({ domain: [1, "string"], version: [2, "int64"] });

export type ModelProto = ValueOf<typeof model>;
export const model = message({
  irVersion: [1, "int64"],
  producerName: [2, "string"],
  graph: [7, graph, "optional"],
  opsetImport: [8, operatorSet, "list"],
  functions: [
    25,
    message({
      name: [1, "string"],
      input: [4, "string", "list"],
      output: [5, "string", "list"],
      node: [7, node, "list"],
      opsetImport: [9, operatorSet, "list"],
      domain: [10, "string"],
      attributeProto: [11, attribute, "list"],
      overload: [13, "string"],
    }),
    "list",
  ],
});

/** ONNX's numbers and names of element types. */
export const elementType = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  COMPLEX64: 14,
  COMPLEX128: 15,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E4M3FNUZ: 18,
  FLOAT8E5M2: 19,
  FLOAT8E5M2FNUZ: 20,
  UINT4: 21,
  INT4: 22,
  FLOAT4E2M1: 23,
} as const;

/** ONNX's numbers of the kinds of attributes. */
export const attributeType = { FLOAT: 1, INT: 2, STRING: 3, INTS: 7 } as const;

/** The `dataLocation` of a tensor whose bytes are in a file beside the model. */
export const externalLocation = 1;
