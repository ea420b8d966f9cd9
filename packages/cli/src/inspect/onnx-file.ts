import { GenError } from "@gen/math";
import { type FileTensor, type FileValue, value, weights } from "./file-values.ts";
import { type Field, fields, text } from "./wire.ts";

/** What an ONNX file says of itself, whatever its operations are and whether or not they can run here. */
export interface OnnxFile {
  readonly producer: string;
  readonly irVersion: number;
  /** Versions of the operator sets, by domain. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly FileValue[];
  readonly outputs: readonly FileValue[];
  /** Nodes of each operation, those of subgraphs too, the most first; with its domain unless that is ONNX's own. */
  readonly operations: Readonly<Record<string, number>>;
  readonly tensors: readonly FileTensor[];
  /** Files beside the model that hold weights. */
  readonly outside: readonly string[];
}

interface Found {
  inputs: FileValue[];
  outputs: FileValue[];
  operations: Map<string, number>;
  tensors: FileTensor[];
  outside: Set<string>;
}

/** Looks through an ONNX file. @throws GenError `invalid-model` when it is none, or a damaged one. */
export function onnxFile(bytes: Uint8Array): OnnxFile {
  let [producer, version, irVersion] = ["", "", 0];
  const opsets: Record<string, number> = {};
  const graphs: Field[] = [];
  for (const field of fields(bytes)) {
    if (field.id === 1) irVersion = Number(field.number);
    if (field.id === 2) producer = text(field);
    if (field.id === 3) version = text(field);
    if (field.id === 7) graphs.push(field);
    if (field.id === 8) {
      const [domain, number] = opset(field);
      opsets[domain] = number;
    }
  }
  if (graphs.length !== 1 || Object.keys(opsets).length === 0) {
    throw new GenError(
      "invalid-model",
      "not an ONNX model: it holds no graph or names no operator set",
    );
  }
  const found: Found = {
    inputs: [],
    outputs: [],
    operations: new Map(),
    tensors: [],
    outside: new Set(),
  };
  for (const field of fields(graphs[0].bytes)) {
    if (field.id === 11) found.inputs.push(value(field));
    if (field.id === 12) found.outputs.push(value(field));
    inGraph(field, found, 0);
  }
  const weights = new Set(found.tensors.map(({ name }) => name));
  return {
    producer: `${producer} ${version}`.trim(),
    irVersion,
    opsets,
    // Before version 4 of the format, weights are listed as inputs too.
    inputs: found.inputs.filter(({ name }) => !weights.has(name)),
    outputs: found.outputs,
    operations: Object.fromEntries([...found.operations].sort((a, b) => b[1] - a[1])),
    tensors: found.tensors,
    outside: [...found.outside],
  };
}

function opset(field: Field): [domain: string, version: number] {
  let [domain, version] = ["ai.onnx", 0];
  for (const part of fields(field.bytes)) {
    if (part.id === 1 && part.bytes.length > 0) domain = text(part);
    if (part.id === 2) version = Number(part.number);
  }
  return [domain, version];
}

const deepest = 20;

function inGraph(field: Field, found: Found, depth: number): void {
  if (field.id === 1) node(field, found, depth);
  if (field.id === 5) {
    const { tensor, outside } = weights(field);
    found.tensors.push(tensor);
    if (outside !== undefined) found.outside.add(outside);
  }
}

function node(field: Field, found: Found, depth: number): void {
  if (depth > deepest)
    throw new GenError("invalid-model", `its graphs are nested more than ${deepest} deep`);
  let [operation, domain] = ["", ""];
  for (const part of fields(field.bytes)) {
    if (part.id === 4) operation = text(part);
    if (part.id === 7) domain = text(part);
    if (part.id !== 5) continue;
    for (const attribute of fields(part.bytes)) {
      if (attribute.id !== 6 && attribute.id !== 11) continue;
      for (const inner of fields(attribute.bytes)) inGraph(inner, found, depth + 1);
    }
  }
  const name = domain === "" || domain === "ai.onnx" ? operation : `${domain}.${operation}`;
  found.operations.set(name, (found.operations.get(name) ?? 0) + 1);
}
