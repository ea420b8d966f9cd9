import { ArgumentError } from "@gen/math/arguments";
import { parseJson } from "@gen/math/json";
import { dataError } from "./data-error.ts";
import { MAX_ARRAY_BYTES, MAX_SAFETENSORS_HEADER, MAX_TENSORS } from "./limits.ts";
import {
  byteSize,
  checkArray,
  checkedByteLength,
  concat,
  type DType,
  decodeElements,
  dtypeOf,
  dtypes,
  littleEndianBytes,
  type NdArray,
  type ReadOptions,
  type WritableArray,
} from "./nd-array.ts";

/** The format's name of a dtype, such as `F32`. `BOOL` is read as uint8. */
const labelOf = (dtype: DType): string =>
  dtype.replace(/float|uint|int/, (kind) => kind[0]).toUpperCase();
/** The dtypes by their labels. */
const byLabel = /* @__PURE__ */ new Map([
  ...dtypes.map((dtype) => [labelOf(dtype), dtype] as const),
  ["BOOL", "uint8"] as const,
]);

/** The content of a safetensors file. F16 and BF16 tensors stay raw bits in a `Uint16Array`. */
export interface Safetensors<A = NdArray> {
  /** The tensors by name. */
  readonly tensors: Readonly<Record<string, A>>;
  /** Texts by name; empty where the file has none. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file: 8 bytes of header length, a JSON header, the tensors' bytes.
 *
 * @param bytes The bytes of the file.
 * @param options The file's name in errors, and a limit on memory. Default: 1 GiB.
 * @throws GenError `invalid-data` when the header is longer than 100 MB or than the file, is no
 * valid JSON, has more than 100,000 tensors or names an unknown dtype, or when a tensor's range is
 * not its size, leaves the file, overlaps another or leaves a gap.
 */
export function readSafetensors(bytes: Uint8Array, options: ReadOptions = {}): Safetensors {
  const { name = "safetensors file", limit = MAX_ARRAY_BYTES } = options;
  if (bytes.length < 8) throw dataError(name, `truncated: ${bytes.length} bytes of at least 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > MAX_SAFETENSORS_HEADER) {
    throw dataError(
      name,
      `header must be at most ${MAX_SAFETENSORS_HEADER} bytes, got ${headerLength}`,
    );
  }
  const start = 8 + headerLength;
  if (start > bytes.length) {
    throw dataError(name, `truncated: the header ends at ${start}, the file at ${bytes.length}`);
  }
  const header = parseJson(bytes.subarray(8, start), {
    name: `${name}: not a readable safetensors header; it`,
    limit: MAX_SAFETENSORS_HEADER,
  });
  if (!isRecord(header)) throw dataError(name, "safetensors header must be a JSON object");
  const { __metadata__: metadata = {} } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((text) => typeof text !== "string")) {
    throw dataError(name, "__metadata__ must map strings to strings");
  }
  const body = bytes.subarray(start);
  const { length } = body;
  const keys = Object.keys(header).filter((key) => key !== "__metadata__");
  if (keys.length > MAX_TENSORS) {
    throw dataError(name, `must have at most ${MAX_TENSORS} tensors, got ${keys.length}`);
  }
  const tensors = keys.map((key) => checkEntry(name, key, header[key], limit));
  let end = 0;
  for (const { key, from, to } of tensors.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (to > length) {
      throw dataError(name, `truncated: ${key} ends at ${to} of ${length} bytes of data`);
    }
    if (from !== end) {
      throw dataError(name, `tensors must lie end to end: ${key} starts at ${from}, not ${end}`);
    }
    end = to;
  }
  if (end !== length) throw dataError(name, `tensors end at ${end}, the data at ${length}`);
  const arrays = tensors.map(({ key, dtype, shape, from, to }): [string, NdArray] => [
    key,
    { dtype, shape, data: decodeElements(body.subarray(from, to), dtype, true) },
  ]);
  return { tensors: Object.fromEntries(arrays), metadata: metadata as Record<string, string> };
}

/**
 * Writes a safetensors file that the `safetensors` library reads. Tensors are in order of element
 * size and name and aligned to 8 bytes, so equal content gives equal bytes.
 *
 * @param tensors The tensors by name.
 * @param metadata Texts by name. Default: none.
 * @throws RangeError when a shape does not describe its data or a name is `__metadata__`.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, WritableArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = Object.entries(tensors).map(([key, array]) => {
    if (key === "__metadata__") throw new ArgumentError("a tensor must not be named __metadata__");
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
    const offsets = [length, length + array.data.byteLength];
    fields.push([key, { dtype: labelOf(dtype), shape: array.shape, data_offsets: offsets }]);
    length = offsets[1];
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const padding = new Uint8Array(-json.length & 7).fill(0x20);
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(json.length + padding.length), true);
  const data = entries.map(({ array }) => littleEndianBytes(array.data));
  return concat([prefix, json, padding, ...data]);
}

function checkEntry(name: string, key: string, entry: unknown, limit: number) {
  const source = `${name} (${key})`;
  if (!isRecord(entry)) throw dataError(source, "must be an object of dtype, shape, offsets");
  const { dtype: label, shape, data_offsets: offsets } = entry;
  const dtype = byLabel.get(label as string);
  if (dtype === undefined) {
    const [allowed, got] = [[...byLabel.keys()].join(", "), JSON.stringify(label)];
    throw dataError(source, `dtype must be one of ${allowed}, got ${got}`);
  }
  if (!isNumbers(shape) || !isNumbers(offsets) || offsets.length !== 2) {
    throw dataError(source, "shape and data_offsets must be lists of whole numbers");
  }
  const size = checkedByteLength(source, dtype, shape, limit);
  const [from, to] = offsets;
  if (to - from !== size) {
    throw dataError(
      source,
      `[${shape.join(", ")}] of ${dtype} takes ${size} bytes, its offsets span ${to - from}`,
    );
  }
  return { key, dtype, shape, from, to };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
