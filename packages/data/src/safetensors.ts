import { dataError, runDecoder } from "./data-error.ts";
import {
  byteSize,
  checkArray,
  checkedByteLength,
  type DType,
  decodeElements,
  defaultLimit,
  dtypeOf,
  littleEndianBytes,
  type NdArray,
  type ReadOptions,
  type WritableArray,
} from "./nd-array.ts";

const dtypeNames = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "uint8",
} as const satisfies Record<string, DType>;
const longestHeader = 100_000_000;

/** The content of a safetensors file. F16 and BF16 tensors stay raw bits in a `Uint16Array`. */
export interface Safetensors<A = NdArray> {
  readonly tensors: Readonly<Record<string, A>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file: 8 bytes of header length, a JSON header, the tensors' bytes.
 *
 * @throws GenError `invalid-data` when the header is longer than 100 MB or than the file, is no such JSON, names
 * an unknown dtype, or when a tensor's range is not its size, leaves the file, overlaps another or
 * leaves a gap.
 */
export function readSafetensors(bytes: Uint8Array, options: ReadOptions = {}): Safetensors {
  const { name = "safetensors file", limit = defaultLimit } = options;
  if (bytes.length < 8) throw dataError(name, `truncated: ${bytes.length} bytes of at least 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > longestHeader) {
    throw dataError(name, `header must be at most ${longestHeader} bytes, got ${headerLength}`);
  }
  const start = 8 + headerLength;
  if (start > bytes.length) {
    throw dataError(name, `truncated: the header ends at ${start}, the file at ${bytes.length}`);
  }
  const header: unknown = runDecoder(name, "safetensors header", () =>
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start))),
  );
  if (!isRecord(header)) throw dataError(name, "safetensors header must be a JSON object");
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((text) => typeof text !== "string")) {
    throw dataError(name, "__metadata__ must map strings to strings");
  }
  const body = bytes.subarray(start);
  const checked = Object.entries(entries).map(([key, entry]) => ({
    key,
    ...checkedEntry(`${name} (${key})`, entry, limit),
  }));
  let end = 0;
  for (const { key, from, to } of checked.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (to > body.length) {
      throw dataError(name, `truncated: ${key} ends at ${to} of ${body.length} bytes of data`);
    }
    if (from !== end) {
      throw dataError(name, `tensors must lie end to end: ${key} starts at ${from}, not ${end}`);
    }
    end = to;
  }
  if (end !== body.length) {
    throw dataError(name, `tensors end at ${end}, the data at ${body.length}`);
  }
  const tensors = checked.map(({ key, dtype, shape, from, to }): [string, NdArray] => [
    key,
    { dtype, shape, data: decodeElements(body.subarray(from, to), dtype, true) },
  ]);
  return {
    tensors: Object.fromEntries(tensors),
    metadata: metadata as Record<string, string>,
  };
}

/**
 * Writes a safetensors file that the `safetensors` library reads: widest elements first and then by
 * name, the tensors aligned to 8 bytes, so equal content gives equal bytes.
 *
 * @throws RangeError when a shape does not describe its data or a name is `__metadata__`.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, WritableArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = Object.entries(tensors).map(([key, array]) => {
    if (key === "__metadata__") throw new RangeError("a tensor must not be named __metadata__");
    checkArray(array);
    return { key, array, dtype: dtypeOf(array) };
  });
  entries.sort(
    (a, b) => byteSize(b.dtype) - byteSize(a.dtype) || (a.key < b.key ? -1 : Number(a.key > b.key)),
  );
  const fields: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) fields.push(["__metadata__", metadata]);
  let length = 0;
  for (const { key, array, dtype } of entries) {
    const label = Object.entries(dtypeNames).find(([, known]) => known === dtype)?.[0];
    const offsets = [length, length + array.data.byteLength];
    fields.push([key, { dtype: label, shape: array.shape, data_offsets: offsets }]);
    length = offsets[1];
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + headerLength + length).fill(0x20, 8, 8 + headerLength);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerLength), true);
  out.set(json, 8);
  let at = 8 + headerLength;
  for (const { array } of entries) {
    out.set(littleEndianBytes(array.data), at);
    at += array.data.byteLength;
  }
  return out;
}

function checkedEntry(source: string, entry: unknown, limit: number) {
  if (!isRecord(entry)) throw dataError(source, "must be an object of dtype, shape, offsets");
  const { dtype: label, shape, data_offsets: offsets } = entry;
  if (typeof label !== "string" || !Object.hasOwn(dtypeNames, label)) {
    const allowed = Object.keys(dtypeNames).join(", ");
    throw dataError(source, `dtype must be one of ${allowed}, got ${String(label)}`);
  }
  if (!isNumbers(shape) || !isNumbers(offsets) || offsets.length !== 2) {
    throw dataError(source, "shape and data_offsets must be lists of whole numbers");
  }
  const dtype = dtypeNames[label as keyof typeof dtypeNames];
  const size = checkedByteLength(source, dtype, shape, limit);
  const [from, to] = offsets;
  if (to - from !== size) {
    throw dataError(
      source,
      `[${shape.join(", ")}] of ${label} takes ${size} bytes, its offsets span ${to - from}`,
    );
  }
  return { dtype, shape, from, to };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
