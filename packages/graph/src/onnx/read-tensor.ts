import { bytesPerElement, type Tensor, tensor } from "../expr/tensor.ts";
import { filled } from "./message-codec.ts";
import {
  elementType,
  externalLocation,
  type TensorProto,
  tensor as tensorMessage,
} from "./messages.ts";
import { dtypeOf, invalidModel, label, typeName, unsupported } from "./protobuf.ts";

/** Gives `length` bytes of the file at `location`, a path below the model's own folder, from `offset` on. */
export type ExternalData = (location: string, offset: number, length: number) => Uint8Array;

/** Bytes of an element of each type that graphs do not have; halves of one for those of 4 bits. */
const foreignBytes: ReadonlyMap<number, number> = /* @__PURE__ */ new Map<number, number>([
  [elementType.UINT8, 1],
  [elementType.INT8, 1],
  [elementType.UINT16, 2],
  [elementType.INT16, 2],
  [elementType.UINT32, 4],
  [elementType.UINT64, 8],
  [elementType.FLOAT8E4M3FN, 1],
  [elementType.FLOAT8E4M3FNUZ, 1],
  [elementType.FLOAT8E5M2, 1],
  [elementType.FLOAT8E5M2FNUZ, 1],
  [elementType.UINT4, 0.5],
  [elementType.INT4, 0.5],
]);

/** Whether ONNX's element type is one of numbers that graphs do not have. */
export const isForeignType = (type: number): boolean => foreignBytes.has(type);

/** A tensor of a type that graphs do not have, with its own bytes in it. @throws GenError `invalid-model` as `readTensor` does. */
export function readForeignTensor(message: TensorProto, resolve?: ExternalData): TensorProto {
  const what = `tensor ${label(message.name)}`;
  const size = sizeOf(message, what);
  const bytes = Math.ceil(size * (foreignBytes.get(message.dataType) as number));
  const raw = rawBytes(message, what, bytes, resolve);
  const listed = message.int32Data.length + message.uint64Data.length;
  const fits = raw ? raw.length === bytes : listed === Math.min(bytes, size);
  if (!fits) {
    const got = raw ? `${raw.length}` : `${listed} elements`;
    throw invalidModel(
      `${what} of shape [${message.dims.join(", ")}] takes ${bytes} bytes, got ${got}`,
    );
  }
  const { dims, dataType, name, int32Data, uint64Data } = message;
  const data = raw ? { rawData: raw.slice() } : { int32Data, uint64Data };
  return filled<TensorProto>(tensorMessage, { dims, dataType, name, ...data });
}

function sizeOf(message: TensorProto, what: string): number {
  const shape = message.dims.map(Number);
  if (shape.some((d) => !Number.isSafeInteger(d) || d < 0)) {
    throw invalidModel(
      `${what} has the shape [${shape.join(", ")}]; dimensions must not be negative`,
    );
  }
  return shape.reduce((a, b) => a * b, 1);
}

/** The tensor's bytes, `bytes` of them where they are outside the model; undefined where its elements are listed. */
function rawBytes(
  message: TensorProto,
  what: string,
  bytes: number,
  resolve?: ExternalData,
): Uint8Array | undefined {
  if (message.dataLocation === externalLocation) {
    return readExternal(message, what, bytes, resolve);
  }
  return message.rawData.length > 0 ? message.rawData : undefined;
}

/**
 * The tensor in a message.
 * @throws GenError `invalid-model` when its bytes do not fit its shape, `unsupported-operation` when its type is none of a graph's.
 */
export function readTensor(message: TensorProto, externalData?: ExternalData): Tensor {
  const what = `tensor ${label(message.name)}`;
  const size = sizeOf(message, what);
  const shape = message.dims.map(Number);
  const half = message.dataType === elementType.BFLOAT16;
  const dtype = half ? "float32" : dtypeOf(message.dataType);
  if (dtype === undefined) {
    const refuse = isForeignType(message.dataType) ? unsupported : invalidModel;
    const type = typeName(message.dataType);
    throw refuse(`${what} has elements of type ${type}, which is not supported`);
  }
  const bytes = size * (half ? 2 : bytesPerElement(dtype));
  const raw = rawBytes(message, what, bytes, externalData);
  if (raw) {
    if (raw.length !== bytes) {
      throw invalidModel(
        `${what} of shape [${shape.join(", ")}] takes ${bytes} bytes, got ${raw.length}`,
      );
    }
    if (half) return tensor(fromBfloat16(raw), shape);
    // A copy: the elements start anywhere in the file, and the tensor must outlive it.
    const data = new ArrayBuffer(bytes);
    new Uint8Array(data).set(raw);
    if (dtype === "bool") return tensor(new Uint8Array(data).map(Number), shape, dtype);
    const length = {
      float32: Float32Array,
      float64: Float64Array,
      float16: Uint16Array,
      int32: Int32Array,
      int64: BigInt64Array,
    }[dtype];
    return tensor(new length(data), shape, dtype);
  }
  const values = listed(message, dtype);
  if (values.length !== size) {
    throw invalidModel(
      `${what} of shape [${shape.join(", ")}] takes ${size} elements, got ${values.length}`,
    );
  }
  if (half)
    return tensor(fromBfloat16(new Uint8Array(Uint16Array.from(values as number[]).buffer)), shape);
  return tensor(values, shape, dtype);
}

function listed(
  message: TensorProto,
  dtype: Tensor["dtype"],
): readonly number[] | BigInt64Array | Uint16Array {
  if (dtype === "float64") return message.doubleData;
  if (dtype === "int64") return BigInt64Array.from(message.int64Data);
  if (dtype === "float16") return Uint16Array.from(message.int32Data);
  if (message.dataType === elementType.FLOAT) return message.floatData;
  return message.int32Data;
}

function fromBfloat16(bytes: Uint8Array): Float32Array {
  const out = new Float32Array(bytes.length / 2);
  const words = new Uint32Array(out.buffer);
  for (let i = 0; i < words.length; i++) words[i] = (bytes[2 * i] << 16) | (bytes[2 * i + 1] << 24);
  return out;
}

function readExternal(
  message: TensorProto,
  what: string,
  bytes: number,
  resolve?: ExternalData,
): Uint8Array {
  const entry = (key: string) => message.externalData.find((e) => e.key === key)?.value;
  const location = entry("location") ?? "";
  if (!isBelow(location)) {
    throw invalidModel(
      `${what} is kept in ${label(location)}; only a relative path below the model's folder is allowed`,
    );
  }
  if (!resolve) {
    throw invalidModel(
      `${what} is kept outside the model in ${label(location)}; pass externalData to read it`,
    );
  }
  const whole = (key: string, otherwise: number) => {
    const value = entry(key);
    if (value === undefined) return otherwise;
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw invalidModel(`${what} has ${label(value)} as the ${key} of its external data`);
  };
  const length = whole("length", bytes);
  if (length !== bytes) {
    throw invalidModel(
      `${what} of shape [${message.dims.join(", ")}] takes ${bytes} bytes, got ${length}`,
    );
  }
  return resolve(location, whole("offset", 0), length);
}

/** Whether a path stays below the folder that it starts in, on any system. */
const isBelow = (path: string): boolean =>
  !/[\\:\0]/.test(path) && path.split("/").every((part) => part !== "" && part !== "..");
