import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { AttributeProto_AttributeType, ModelProtoSchema, TensorProto_DataType } from "onnx-buf";
import { describe, expect, test } from "vitest";
import * as g from "../src/index.ts";
import { decode, encode } from "../src/onnx/message-codec.ts";
import { attributeType, elementType, type ModelProto, model } from "../src/onnx/messages.ts";
import { toOnnx } from "../src/onnx.ts";
import { cases } from "./onnx-cases.ts";

// The messages' other codec is protoc-gen-es's own, made from onnx.proto.
const theirs = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes);
const ours = (bytes: Uint8Array) => decode<ModelProto>(model, bytes);

const bytesOf = (...values: number[]) => Uint8Array.from(values);
const [low, high] = [-(2n ** 63n), 2n ** 63n - 1n];

/** A model with something in every field that is read here. */
const full = create(ModelProtoSchema, {
  irVersion: 8n,
  producerName: "größer als ASCII, 生成",
  opsetImport: [
    { domain: "", version: 17n },
    { domain: "com.microsoft", version: high },
  ],
  functions: [{ name: "f", domain: "own" }],
  graph: {
    name: "g",
    node: [
      {
        input: ["x", "", "w"],
        output: ["y"],
        name: "node",
        opType: "Op",
        domain: "d",
        attribute: [
          { name: "i", type: 2, i: low },
          { name: "zero", type: 2, i: 0n },
          { name: "f", type: 1, f: -1.5 },
          { name: "s", type: 3, s: bytesOf(0, 255) },
          {
            name: "many",
            floats: [1, -2.5],
            ints: [high, -1n, 0n],
            strings: [bytesOf(), bytesOf(7)],
          },
          { name: "t", type: 4, t: { dims: [2n], dataType: 1, floatData: [1, 2], name: "t" } },
          { name: "ts", type: 9, tensors: [{ dims: [], dataType: 7, int64Data: [low] }] },
          { name: "sparse", sparseTensor: { dims: [3n], values: { rawData: bytesOf(1, 2) } } },
        ],
      },
    ],
    initializer: [
      { name: "raw", dims: [1n, 2n], dataType: 1, rawData: bytesOf(0, 0, 128, 63, 1, 2, 3, 4) },
      { name: "double", dims: [1n], dataType: 11, doubleData: [Number.MIN_VALUE] },
      { name: "int32", dataType: 6, int32Data: [-(2 ** 31), 2 ** 31 - 1, -1] },
      { name: "uint64", dataType: 13, uint64Data: [2n ** 64n - 1n] },
      { name: "text", dataType: 8, stringData: [bytesOf(65)], docString: "constant" },
      { name: "out", dataLocation: 1, externalData: [{ key: "location", value: "weights.bin" }] },
    ],
    input: [
      {
        name: "x",
        type: {
          value: {
            case: "tensorType",
            value: {
              elemType: 1,
              shape: {
                dim: [
                  { value: { case: "dimParam", value: "batch" } },
                  { value: { case: "dimValue", value: 0n } },
                  {},
                ],
              },
            },
          },
        },
      },
    ],
    output: [{ name: "y", type: { value: { case: "tensorType", value: { elemType: 7 } } } }],
    valueInfo: [{ name: "z" }],
  },
});

describe("messages", () => {
  test("of every field are read and written as protobuf's own codec does", () => {
    const bytes = toBinary(ModelProtoSchema, full);
    const read = ours(bytes);
    expect(Array.from(encode(model, read))).toEqual(Array.from(bytes));
    const [dim] = [read.graph?.input[0].type?.tensorType?.shape?.dim];
    expect(dim?.map((d) => d.dimParam ?? d.dimValue)).toEqual(["batch", 0n, undefined]);
    expect(read.graph?.node[0].attribute.map((a) => a.i)).toEqual([low, ...Array(7).fill(0n)]);
  });
  test("that toOnnx writes are byte for byte those of protobuf's own codec", () => {
    for (const { signature, f } of Object.values(cases)) {
      const bytes = toOnnx(g.trace(f, signature));
      expect(Array.from(toBinary(ModelProtoSchema, theirs(bytes)))).toEqual(Array.from(bytes));
    }
  });
  test("read lists that are packed or not, and skip unknown fields", () => {
    const attribute = (write: (writer: BinaryWriter) => BinaryWriter) => {
      const inner = write(new BinaryWriter().tag(1, WireType.LengthDelimited).string("ints"));
      const wrap = (bytes: Uint8Array, no: number) =>
        new BinaryWriter().tag(no, WireType.LengthDelimited).bytes(bytes).finish();
      // Attribute 5 of node 1 of graph 7.
      return wrap(wrap(wrap(inner.finish(), 5), 1), 7);
    };
    const list = (writer: BinaryWriter) =>
      [3n, -4n].reduce((w, v) => w.tag(8, WireType.Varint).int64(v), writer);
    const packed = (writer: BinaryWriter) =>
      writer.tag(8, WireType.LengthDelimited).fork().int64(3n).int64(-4n).join();
    const unknown = (writer: BinaryWriter) => {
      writer.tag(99, WireType.Bit64).double(1).tag(98, WireType.LengthDelimited).string("new");
      writer.tag(97, WireType.StartGroup).tag(1, WireType.Varint).int32(1);
      return list(writer.tag(97, WireType.EndGroup));
    };
    for (const write of [list, packed, unknown]) {
      const [read] = ours(attribute(write)).graph?.node[0].attribute ?? [];
      expect([read.name, read.ints]).toEqual(["ints", [3n, -4n]]);
    }
    const cut = (writer: BinaryWriter) =>
      writer.tag(8, WireType.LengthDelimited).uint32(1).int64(-4n);
    expect(() => ours(attribute(cut))).toThrow("ints does not end where it says");
  });
  test("number types as ONNX does", () => {
    for (const [name, number] of Object.entries(elementType)) {
      expect(TensorProto_DataType[number]).toBe(name);
    }
    for (const [name, number] of Object.entries(attributeType)) {
      expect(AttributeProto_AttributeType[number]).toBe(name);
    }
  });
});
