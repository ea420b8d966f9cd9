import { GenError } from "@gen/math";
import { type Field, fields, numbers, text } from "./wire.ts";

/** An input or output as a file has it; dimensions of no known size are names. */
export interface FileValue {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[] | null;
}

/** A tensor of weights as a file has it. */
export interface FileTensor extends FileValue {
  readonly shape: readonly number[];
  readonly bytes: number;
}

// Names and bits of an element, by ONNX's numbers of types.
const types: readonly (readonly [dtype: string, bits: number])[] = [
  ["undefined", 0],
  ["float32", 32],
  ["uint8", 8],
  ["int8", 8],
  ["uint16", 16],
  ["int16", 16],
  ["int32", 32],
  ["int64", 64],
  ["string", 0],
  ["bool", 8],
  ["float16", 16],
  ["float64", 64],
  ["uint32", 32],
  ["uint64", 64],
  ["complex64", 64],
  ["complex128", 128],
  ["bfloat16", 16],
  ["float8e4m3fn", 8],
  ["float8e4m3fnuz", 8],
  ["float8e5m2", 8],
  ["float8e5m2fnuz", 8],
  ["uint4", 4],
  ["int4", 4],
  ["float4e2m1", 4],
];
const typeOf = (number: number) => types[number] ?? [`type ${number}`, 0];

/** A tensor of weights, and the file that it is in where that is another. */
export function weights(field: Field): { tensor: FileTensor; outside: string | undefined } {
  let [name, type] = ["", 0];
  const shape: number[] = [];
  let outside: string | undefined;
  for (const part of fields(field.bytes)) {
    if (part.id === 1) for (const d of numbers(part)) shape.push(Number(d));
    if (part.id === 2) type = Number(part.number);
    if (part.id === 8) name = text(part);
    if (part.id === 13) outside = location(part) ?? outside;
  }
  const [dtype, bits] = typeOf(type);
  const bytes = Math.ceil((shape.reduce((a, b) => a * b, 1) * bits) / 8);
  if (!shape.every((d) => d >= 0) || !Number.isSafeInteger(bytes)) {
    throw new GenError(
      "invalid-model",
      `tensor ${JSON.stringify(name)} has the shape [${shape.join(", ")}]`,
    );
  }
  return { tensor: { name, dtype, shape, bytes }, outside };
}

function location(entry: Field): string | undefined {
  let [key, value] = ["", ""];
  for (const part of fields(entry.bytes)) {
    if (part.id === 1) key = text(part);
    if (part.id === 2) value = text(part);
  }
  return key === "location" ? value : undefined;
}

/** An input or output. */
export function value(field: Field): FileValue {
  let name = "";
  let type: Pick<FileValue, "dtype" | "shape"> = { dtype: "unknown", shape: null };
  for (const part of fields(field.bytes)) {
    if (part.id === 1) name = text(part);
    if (part.id === 2) type = valueType(part);
  }
  // As `fromOnnx` calls what has no name.
  const shape = type.shape?.map((d, i) => (d === "" ? `${name}.${i}` : d)) ?? null;
  return { name, dtype: type.dtype, shape };
}

function valueType(field: Field): Pick<FileValue, "dtype" | "shape"> {
  const kinds: Readonly<Record<number, string>> = { 4: "sequence", 5: "map", 9: "optional" };
  for (const kind of fields(field.bytes)) {
    if (kind.id !== 1) return { dtype: kinds[kind.id] ?? "unknown", shape: null };
    let [dtype, shape]: [string, FileValue["shape"]] = ["unknown", null];
    for (const part of fields(kind.bytes)) {
      if (part.id === 1) [dtype] = typeOf(Number(part.number));
      if (part.id === 2) shape = [...fields(part.bytes)].filter(({ id }) => id === 1).map(dim);
    }
    return { dtype, shape };
  }
  return { dtype: "unknown", shape: null };
}

function dim(field: Field): number | string {
  for (const part of fields(field.bytes)) {
    if (part.id === 1) return Number(part.number);
    if (part.id === 2 && part.bytes.length > 0) return text(part);
  }
  return "";
}
