/**
 * An ONNX file with another tensor in place of one initializer. Everything else stays byte for byte,
 * also what the reader of graphs does not know.
 *
 *   replaceInitializer(bytes, "table", tensor(values, [41, 8]));
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ArgumentError } from "@gen/math/arguments";
import type { Tensor } from "../expr/tensor.ts";
import { MAX_GROUP_DEPTH } from "./limits.ts";
import { encode, message } from "./message-codec.ts";
import { tensor as tensorProto } from "./messages.ts";
import { decoded, invalidModel, label, tensorMessage } from "./protobuf.ts";

const [GRAPH, INITIALIZER, NAME] = [7, 5, 8];

/** A field of a message: from `start` on with its tag, its content from `content` to `end`. */
interface Field {
  readonly number: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

/**
 * The file with `tensor` as the initializer `name`.
 *
 * @param bytes The bytes of the ONNX file.
 * @param name The initializer's name.
 * @param tensor The new values, of any shape.
 * @throws GenError `invalid-model` when the bytes are no ONNX model.
 * @throws RangeError when the model has no such initializer.
 */
export function replaceInitializer(bytes: Uint8Array, name: string, tensor: Tensor): Uint8Array {
  const found = decoded(() => initializerOf(bytes, name));
  if (!found) throw new ArgumentError(`the model has no initializer ${label(name)}`);
  const { graph, initializer } = found;
  const replaced = encode(message({ value: [INITIALIZER, tensorProto] }), {
    value: tensorMessage(name, tensor),
  });
  const length =
    graph.end - graph.content - (initializer.end - initializer.start) + replaced.length;
  const head = new BinaryWriter().tag(GRAPH, WireType.LengthDelimited).uint32(length).finish();
  const parts = [
    bytes.subarray(0, graph.start),
    head,
    bytes.subarray(graph.content, initializer.start),
    replaced,
    bytes.subarray(initializer.end),
  ];
  return parts.reduce((writer, part) => writer.raw(part), new BinaryWriter()).finish();
}

function initializerOf(bytes: Uint8Array, name: string) {
  for (const graph of fieldsOf(bytes, 0, bytes.length)) {
    if (graph.number !== GRAPH) continue;
    for (const initializer of fieldsOf(bytes, graph.content, graph.end)) {
      if (initializer.number !== INITIALIZER) continue;
      for (const field of fieldsOf(bytes, initializer.content, initializer.end)) {
        const isName = field.number === NAME;
        if (isName && textOf(bytes, field) === name) return { graph, initializer };
      }
    }
  }
  return undefined;
}

const textOf = (bytes: Uint8Array, { content, end }: Field): string =>
  new BinaryReader(new BinaryWriter().bytes(bytes.subarray(content, end)).finish()).string();

/** The fields of the message in a part of the file. Only those with a length have a content. */
function* fieldsOf(bytes: Uint8Array, from: number, to: number): Generator<Field> {
  const reader = new BinaryReader(bytes.subarray(0, to));
  reader.pos = from;
  while (reader.pos < to) {
    const start = reader.pos;
    const [number, wire] = reader.tag();
    if (wire !== WireType.LengthDelimited) {
      reader.skip(wire, number, MAX_GROUP_DEPTH);
      continue;
    }
    const length = reader.uint32();
    const content = reader.pos;
    reader.pos += length;
    if (reader.pos > to) throw invalidModel("a part is longer than what holds it");
    yield { number, start, content, end: reader.pos };
  }
}
