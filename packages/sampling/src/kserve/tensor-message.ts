/*
 * Messages of the Open Inference Protocol v2 over HTTP, with the extension for binary tensors:
 *
 *   header  Inference-Header-Content-Length: bytes of the JSON
 *   body    { "inputs": [{ "name", "shape", "datatype", "parameters": { "binary_data_size" } }] }
 *           the numbers of each tensor in turn, little-endian
 *
 * A server without the extension gets and gives `data`, a list of numbers.
 * https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */
import { GenError } from "@gen/math";
import { parseJson } from "@gen/math/json";

/** A type of the protocol with its typed array. */
const arrays = {
  FP32: Float32Array,
  FP64: Float64Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
} as const;

/** The types that tensors may have. */
export type Datatype = keyof typeof arrays;

/** A tensor of a message. */
export interface RemoteTensor {
  /** Its dimensions. */
  readonly shape: readonly number[];
  /** Its numbers, row-major. */
  readonly data: ArrayLike<number>;
}

/** What a model says of an input or an output. -1 is any size. */
export interface RemoteSignature {
  /** The name in messages. */
  readonly name: string;
  /** A type of the protocol, such as FP32. */
  readonly datatype: string;
  /** The dimensions; -1 is any size. */
  readonly shape: readonly number[];
}

interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

const isKnown = (datatype: string): datatype is Datatype => Object.hasOwn(arrays, datatype);

/** The message that asks for a model's outputs. */
export function requestMessage(
  inputs: readonly (RemoteSignature & RemoteTensor)[],
  isBinary: boolean,
): Message {
  const parts: Uint8Array[] = [];
  const listed = inputs.map(({ name, datatype, shape, data }) => {
    if (!isKnown(datatype)) throw unknownType(name, datatype);
    const about = { name, datatype, shape };
    if (!isBinary) return { ...about, data: Array.from(data) };
    const numbers =
      datatype === "INT64"
        ? BigInt64Array.from(data, (value) => BigInt(Math.round(value)))
        : arrays[datatype].from(data);
    parts.push(new Uint8Array(numbers.buffer));
    return { ...about, parameters: { binary_data_size: numbers.byteLength } };
  });
  const text = JSON.stringify({
    inputs: listed,
    ...(isBinary && { parameters: { binary_data_output: true } }),
  });
  const json = new TextEncoder().encode(text);
  if (!isBinary) return { headers: { "content-type": "application/json" }, body: json };
  const size = parts.reduce((sum, { length }) => sum + length, json.length);
  const body = new Uint8Array(size);
  let at = 0;
  for (const part of [json, ...parts]) {
    body.set(part, at);
    at += part.length;
  }
  return {
    headers: {
      "content-type": "application/octet-stream",
      "inference-header-content-length": String(json.length),
    },
    body,
  };
}

interface ListedTensor {
  readonly name?: unknown;
  readonly shape?: unknown;
  readonly datatype?: unknown;
  readonly data?: unknown;
  readonly parameters?: { readonly binary_data_size?: unknown };
}

/** The tensors of an answer by name. @throws GenError `invalid-data` when it is damaged. */
export function answerTensors(
  bytes: Uint8Array,
  jsonLength: number | undefined,
): Record<string, RemoteTensor> {
  let at = jsonLength ?? bytes.length;
  const json = parse(bytes.subarray(0, at)) as { outputs?: unknown } | undefined;
  if (!Array.isArray(json?.outputs)) throw damaged("it has no outputs");
  const entries = (json.outputs as readonly ListedTensor[]).map((listed) => {
    const { name, shape, datatype, data, parameters } = listed;
    if (typeof name !== "string" || !isShape(shape))
      throw damaged("an output has no name or shape");
    const text = String(datatype);
    if (!isKnown(text)) throw unknownType(name, text);
    const length = shape.reduce((a, b) => a * b, 1);
    const size = parameters?.binary_data_size;
    if (size === undefined) {
      const flat = Array.isArray(data) ? (data as unknown[]).flat(Number.POSITIVE_INFINITY) : [];
      if (flat.length !== length) throw damaged(`${name} has ${flat.length} numbers`);
      return [name, { shape, data: Float64Array.from(flat as number[]) }] as const;
    }
    const width = arrays[text].BYTES_PER_ELEMENT;
    if (size !== length * width || at + length * width > bytes.length)
      throw damaged(`${name} has ${String(size)} bytes for the shape [${shape.join(", ")}]`);
    const part = bytes.slice(at, at + length * width).buffer;
    at += length * width;
    const numbers =
      text === "INT64" ? Array.from(new BigInt64Array(part), Number) : new arrays[text](part);
    return [name, { shape, data: numbers as ArrayLike<number> }] as const;
  });
  return Object.fromEntries(entries);
}

const isShape = (shape: unknown): shape is number[] =>
  Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);

/** The value of JSON bytes; undefined when they are none. */
export function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, { limit: bytes.length });
  } catch {
    return undefined;
  }
}

const damaged = (what: string) =>
  new GenError("invalid-data", `the server's answer cannot be read: ${what}`);

const unknownType = (name: string, datatype: string) =>
  new GenError(
    "unsupported-operation",
    `${name} has the type ${datatype}; allowed are ${Object.keys(arrays).join(", ")}: export the model in float32`,
  );
