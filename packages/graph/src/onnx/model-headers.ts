/*
 * An ONNX model without its large tensors, read from a file of any size:
 *
 *   headers = every field but the elements of large tensors, which are marked as left out
 *
 * Only the headers are read. `fromOnnx` reads the result as any model, without weights.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { FileParts } from "../expr/model-file.ts";
import { invalidModel } from "./protobuf.ts";

/** The largest tensor whose elements are headers too, in bytes. Shapes are such tensors. */
export const MAX_HEADER_TENSOR = 16_384;

/** The most bytes of headers, and the most fields of large messages. */
const MAX_HEADERS = 2 ** 26;
const MAX_FIELDS = 2 ** 20;

/** The deepest message inside of messages: graphs of branches are nested. */
const MAX_DEPTH = 64;

type Kind = "model" | "graph" | "function" | "node" | "attribute" | "tensor";

/** The fields of each message that are messages with tensors in them, by number. */
const nested: { readonly [K in Kind]: Readonly<Record<number, Kind>> } = {
  model: { 7: "graph", 25: "function" },
  graph: { 1: "node", 5: "tensor" },
  function: { 7: "node" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph" },
  tensor: {},
};

/** The fields of a tensor with its elements, of which one has their bytes, and the mark in its place. */
const ELEMENTS = [4, 5, 6, 7, 9, 10, 11];
const RAW = 9;
const LEFT_OUT = 1000;

const SHORTEST_PART = 4096;
const LONGEST_PART = 2 ** 20;

/** Reads a file from its beginning to its end, and skips over parts without reading them. */
class Cursor {
  at = 0;
  #part: Uint8Array = new Uint8Array(0);
  #start = 0;
  #length = SHORTEST_PART;
  readonly #file: FileParts;

  constructor(file: FileParts) {
    this.#file = file;
  }

  /** The next `length` bytes, or as many as there are, if they are in memory. */
  known(length: number): Uint8Array | undefined {
    const left = Math.min(length, this.#file.size - this.at);
    const from = this.at - this.#start;
    const has = from >= 0 && from + left <= this.#part.length;
    return has ? this.#part.subarray(from, from + left) : undefined;
  }

  /** The same, read from the file. */
  async peek(length: number): Promise<Uint8Array> {
    const left = Math.min(length, this.#file.size - this.at);
    const isNext = this.at - this.#start <= this.#part.length;
    // A file that is read on and on is read in larger parts.
    this.#length = isNext ? Math.min(2 * this.#length, LONGEST_PART) : SHORTEST_PART;
    const size = Math.min(Math.max(left, this.#length), this.#file.size - this.at);
    this.#part = await this.#file.read(this.at, size);
    this.#start = this.at;
    if (this.#part.length === size) return this.#part.subarray(0, left);
    throw invalidModel("the ONNX model changed while it was read");
  }
}

/** A number in base 128 at the beginning of `bytes`, and its length. */
function varint(bytes: Uint8Array): [value: number, length: number] {
  let value = 0;
  for (let i = 0; i < Math.min(10, bytes.length); i++) {
    value += (bytes[i] & 0x7f) * 2 ** (7 * i);
    if (bytes[i] < 128) return [value, i + 1];
  }
  throw damaged();
}

const damaged = (reason = "") => invalidModel(`not an ONNX model, or a damaged one${reason}`);

const cut = () => damaged(" (it ends too early)");

/**
 * Reads the headers of an ONNX model.
 *
 * @param file The file, which is read in parts.
 * @throws GenError `invalid-model` when the file is damaged or has more than 64 MiB of headers.
 */
export async function modelHeaders(file: FileParts): Promise<Uint8Array> {
  const cursor = new Cursor(file);
  let [total, fields] = [0, 0];

  async function copy(length: number): Promise<Uint8Array> {
    total += length;
    if (total > MAX_HEADERS) {
      throw invalidModel(`the ONNX model has more than ${MAX_HEADERS} bytes beside its weights`);
    }
    const bytes = (cursor.known(length) ?? (await cursor.peek(length))).slice();
    cursor.at += length;
    return bytes;
  }

  async function message(kind: Kind, end: number, depth: number): Promise<Uint8Array> {
    if (depth > MAX_DEPTH) throw damaged();
    const writer = new BinaryWriter();
    while (cursor.at < end) {
      const head = cursor.known(20) ?? (await cursor.peek(20));
      const [tag, tagLength] = varint(head);
      const [field, wire] = [Math.floor(tag / 8), tag % 8];
      if (field === 0 || ++fields > MAX_FIELDS) throw damaged();
      const fixed = { [WireType.Bit64]: 8, [WireType.Bit32]: 4 }[wire];
      if (wire === WireType.Varint || fixed !== undefined) {
        const length = tagLength + (fixed ?? varint(head.subarray(tagLength))[1]);
        if (cursor.at + length > end) throw cut();
        writer.raw(await copy(length));
        continue;
      }
      if (wire !== WireType.LengthDelimited) throw damaged();
      const [length, lengthLength] = varint(head.subarray(tagLength));
      const start = cursor.at + tagLength + lengthLength;
      if (start + length > end) throw cut();
      const inner = nested[kind][field];
      if (
        length <= MAX_HEADER_TENSOR ||
        !(inner || (kind === "tensor" && ELEMENTS.includes(field)))
      ) {
        writer.raw(await copy(start + length - cursor.at));
        continue;
      }
      cursor.at = start;
      if (inner) writer.tag(field, wire).bytes(await message(inner, start + length, depth + 1));
      else {
        // The bytes, or -1 where only a decoder tells how many elements they are.
        writer.tag(LEFT_OUT, WireType.Varint).int64(field === RAW ? length : -1);
        cursor.at = start + length;
      }
    }
    return writer.finish();
  }

  return message("model", file.size, 0);
}
