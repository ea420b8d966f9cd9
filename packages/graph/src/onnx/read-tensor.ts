import { sizeOf } from "../expr/shape.ts";
import { bytesPerElement, type Tensor, tensor, typedArrays } from "../expr/tensor.ts";
import { MAX_FILE_BYTES, MAX_RANK } from "./limits.ts";
import { filled } from "./message-codec.ts";
import {
  elementType,
  externalLocation,
  type TensorProto,
  tensor as tensorMessage,
} from "./messages.ts";
import { MAX_HEADER_TENSOR } from "./model-headers.ts";
import { dtypeOf, invalidModel, label, rankError, typeName, unsupported } from "./protobuf.ts";

/**
 * Reads `length` bytes from `offset` of the file `location`, a path below the model's folder.
 *
 * @param location The file's path below the model's folder.
 * @param offset The first byte.
 * @param length How many bytes.
 */
export type ExternalData = (location: string, offset: number, length: number) => Uint8Array;

/**
 * Takes note of a file outside the model and how many of its bytes are used. With it, large tensors
 * outside the model are not read: they are shapes without elements.
 */
export type NoteFile = (location: string, end: number) => void;

const ofSize = (bytes: number, names: string) =>
  names.split(" ").map((name) => [elementType[name as keyof typeof elementType], bytes] as const);

/** Bytes of an element of each type that graphs do not have; types of 4 bits take half a byte. */
const foreignBytes: ReadonlyMap<number, number> = /* @__PURE__ */ new Map([
  .../* @__PURE__ */ ofSize(0.5, "UINT4 INT4"),
  .../* @__PURE__ */ ofSize(1, "UINT8 INT8 FLOAT8E4M3FN FLOAT8E4M3FNUZ FLOAT8E5M2 FLOAT8E5M2FNUZ"),
  .../* @__PURE__ */ ofSize(2, "UINT16 INT16"),
  .../* @__PURE__ */ ofSize(4, "UINT32"),
  .../* @__PURE__ */ ofSize(8, "UINT64"),
]);

/** Whether graphs have no dtype for this numeric element type of ONNX. */
export const isForeignType = (type: number): boolean => foreignBytes.has(type);

/** Whether a tensor has a shape without its elements, as large weights have in a model's headers. */
export const isShapeAlone = ({ data, shape }: Tensor): boolean =>
  data.length === 0 && sizeOf(shape) > 0;

/**
 * A tensor of a type that graphs do not have, with a copy of its bytes.
 * @throws GenError `invalid-model` as {@link readTensor} does.
 */
export function readForeignTensor(
  message: TensorProto,
  resolve?: ExternalData,
  note?: NoteFile,
): TensorProto {
  const what = `tensor ${label(message.name)}`;
  const size = sizeOf(shapeOf(message, what));
  const bytes = Math.ceil(size * (foreignBytes.get(message.dataType) as number));
  const { dims, dataType, name, int32Data, uint64Data } = message;
  if (isNoted(message, what, bytes, note)) return filled(tensorMessage, { dims, dataType, name });
  const raw = rawBytes(message, what, bytes, resolve);
  const listed = message.int32Data.length + message.uint64Data.length;
  const fits = raw ? raw.length === bytes : listed === Math.min(bytes, size);
  if (!fits) throw misfit(what, message, `${bytes} bytes`, raw ? raw.length : `${listed} elements`);
  const data = raw ? { rawData: new Uint8Array(raw) } : { int32Data, uint64Data };
  return filled(tensorMessage, { dims, dataType, name, ...data });
}

/**
 * A tensor of an attribute with its bytes, which may be kept outside the model.
 * @throws GenError `invalid-model` as {@link readTensor} does.
 */
export function insideTensor(
  message: TensorProto,
  resolve: ExternalData,
  what: string,
): TensorProto {
  if (message.dataLocation !== externalLocation) return message;
  const { dims, dataType, name } = message;
  const dtype = message.dataType === elementType.BFLOAT16 ? "float16" : dtypeOf(dataType);
  const width = foreignBytes.get(dataType) ?? (dtype && bytesPerElement(dtype));
  if (width === undefined) throw invalidModel(`${what} has the element type ${typeName(dataType)}`);
  const bytes = Math.ceil(sizeOf(shapeOf(message, what)) * width);
  const rawData = new Uint8Array(rawBytes(message, what, bytes, resolve) as Uint8Array);
  if (rawData.length !== bytes) throw misfit(what, message, `${bytes} bytes`, rawData.length);
  return filled(tensorMessage, { dims, dataType, name, rawData });
}

const misfit = (what: string, { dims }: TensorProto, takes: string, got: number | string) =>
  invalidModel(`${what} of shape [${dims.join(", ")}] takes ${takes}, got ${got}`);

function shapeOf(message: TensorProto, what: string): number[] {
  if (message.dims.length > MAX_RANK) throw rankError(what, message.dims.length);
  const shape = message.dims.map(Number);
  if (shape.every((d) => Number.isSafeInteger(d) && d >= 0)) return shape;
  throw invalidModel(
    `${what} has the shape [${shape.join(", ")}]; dimensions must not be negative`,
  );
}

/**
 * The tensor in a message. With `note`, a large tensor outside the model has no elements.
 * @throws GenError `invalid-model` when the bytes do not fit the shape, `unsupported-operation`
 * when graphs do not have the element type.
 */
export function readTensor(
  message: TensorProto,
  externalData?: ExternalData,
  note?: NoteFile,
): Tensor {
  const what = `tensor ${label(message.name)}`;
  const shape = shapeOf(message, what);
  const size = sizeOf(shape);
  const half = message.dataType === elementType.BFLOAT16;
  const dtype = dtypeOf(message.dataType);
  if (dtype === undefined) {
    const refuse = isForeignType(message.dataType) ? unsupported : invalidModel;
    const type = typeName(message.dataType);
    throw refuse(`${what} has elements of type ${type}, which is not supported`);
  }
  const bytes = size * (half ? 2 : bytesPerElement(dtype));
  if (isNoted(message, what, bytes, note)) return { dtype, shape, data: new typedArrays[dtype](0) };
  const raw = rawBytes(message, what, bytes, externalData);
  if (raw) {
    if (raw.length !== bytes) throw misfit(what, message, `${bytes} bytes`, raw.length);
    if (half) return tensor(fromBfloat16(raw), shape);
    // A copy: the elements start anywhere in the file, and the tensor must outlive it.
    return tensor(new typedArrays[dtype](new Uint8Array(raw).buffer), shape, dtype);
  }
  const values = listedElements(message, dtype);
  if (values.length !== size) throw misfit(what, message, `${size} elements`, values.length);
  if (!half) return tensor(values, shape, dtype);
  return tensor(fromBfloat16(new Uint8Array(Uint16Array.from(message.int32Data).buffer)), shape);
}

function listedElements(message: TensorProto, dtype: Tensor["dtype"]) {
  if (dtype === "float64") return message.doubleData;
  if (dtype === "int64") return BigInt64Array.from(message.int64Data);
  if (dtype === "float16") return Uint16Array.from(message.int32Data);
  return message.dataType === elementType.FLOAT ? message.floatData : message.int32Data;
}

function fromBfloat16(bytes: Uint8Array): Float32Array {
  const out = new Float32Array(bytes.length / 2);
  const words = new Uint32Array(out.buffer);
  for (let i = 0; i < words.length; i++) words[i] = (bytes[2 * i] << 16) | (bytes[2 * i + 1] << 24);
  return out;
}

/** Where a tensor's elements lie outside the model. */
interface Outside {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Takes note of a tensor outside the model; whether its elements are left out. */
function isNoted(
  message: TensorProto,
  what: string,
  bytes: number,
  note: NoteFile | undefined,
): boolean {
  if (!note) return false;
  const leftOut = Number(message.leftOut);
  if (leftOut > 0 && leftOut !== bytes) throw misfit(what, message, `${bytes} bytes`, leftOut);
  if (leftOut !== 0) return true;
  const outside = placeOf(message, what, bytes);
  if (!outside) return false;
  note(outside.location, outside.offset + outside.length);
  return outside.length > MAX_HEADER_TENSOR;
}

/** Where the elements of a tensor of `bytes` lie outside the model; undefined for one inside. */
function placeOf(message: TensorProto, what: string, bytes: number): Outside | undefined {
  const place = externalPlace(message, what);
  if (!place) return undefined;
  const { length = bytes } = place;
  if (length !== bytes) throw misfit(what, message, `${bytes} bytes`, length);
  return { ...place, length };
}

/** The tensor's bytes, also from a file beside the model; undefined for listed elements. */
function rawBytes(
  message: TensorProto,
  what: string,
  bytes: number,
  resolve?: ExternalData,
): Uint8Array | undefined {
  const outside = placeOf(message, what, bytes);
  if (!outside) return message.rawData.length > 0 ? message.rawData : undefined;
  const { location, offset, length } = outside;
  if (!resolve) {
    throw invalidModel(
      `${what} is kept outside the model in ${label(location)}; pass externalData to read it`,
    );
  }
  if (length > MAX_FILE_BYTES) {
    throw invalidModel(
      `${what} takes ${length} bytes, more than the ${MAX_FILE_BYTES} allowed outside the model; split it`,
    );
  }
  return resolve(location, offset, length);
}

/**
 * Where a tensor lies in a file beside the model; undefined for a tensor of the model itself.
 * @throws GenError `invalid-model` when the path leaves the model's folder, or a number is wrong.
 */
export function externalPlace({ dataLocation, externalData }: TensorProto, what: string) {
  if (dataLocation !== externalLocation) return undefined;
  const entry = (key: string) => externalData.find((e) => e.key === key)?.value;
  const location = entry("location") ?? "";
  if (!isBelow(location)) {
    throw invalidModel(
      `${what} is kept in ${label(location)}; only a relative path below the model's folder is allowed`,
    );
  }
  const integer = (key: string): number | undefined => {
    const value = entry(key);
    if (value === undefined) return undefined;
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw invalidModel(`${what} has ${label(value)} as the ${key} of its external data`);
  };
  return { location, offset: integer("offset") ?? 0, length: integer("length") };
}

/** Whether a path stays below the folder that it starts in, on any system. */
const isBelow = (path: string): boolean =>
  !/[\\:\0]/.test(path) && path.split("/").every((part) => part !== "" && part !== "..");
