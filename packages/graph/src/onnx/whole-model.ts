/*
 * A model that a runtime opens as it is: only its headers are read here, for its signature, the shapes
 * of its results and the checks of its nodes.
 *
 *   const model = await wholeModel(fileOf(bytes));    // or a blob, or a file on disk with its path
 */
import type { Expr, ModelFile } from "../expr/expr.ts";
import { foreign, result } from "../expr/foreign.ts";
import type { FileBlob, WholeFile } from "../expr/model-file.ts";
import { modelOfHeaders, type OnnxModel } from "./from-onnx.ts";
import { modelHeaders } from "./model-headers.ts";
import { invalidModel, label } from "./protobuf.ts";

/**
 * A file in memory, or a blob. `external` are the files beside it, by their paths below its folder.
 *
 * @param content The bytes, or a blob such as a picked file.
 * @param external The files beside it, by their paths below its folder. Default: none.
 */
export const fileOf = (
  content: Uint8Array | FileBlob,
  external: Readonly<Record<string, Uint8Array | FileBlob>> = {},
): WholeFile => ({
  ...(content instanceof Uint8Array ? inMemory(content) : inBlob(content)),
  beside: async (location) =>
    Object.hasOwn(external, location) ? fileOf(external[location]) : undefined,
});

const inMemory = (bytes: Uint8Array): WholeFile => ({
  bytes,
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
});

const inBlob = (blob: FileBlob): WholeFile => ({
  blob,
  size: blob.size,
  read: async (offset, length) =>
    new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
});

/** A model that ONNX Runtime opens as it is. */
export interface WholeModel extends OnnxModel {
  /** Bytes of the model's file and of those beside it. */
  readonly bytes: number;
  /**
   * Its operations, as {@link fromOnnx} reads them; large weights are shapes without elements. For
   * shapes and memory: no backend runs them.
   */
  readonly inside: NonNullable<ModelFile["inside"]>;
}

/**
 * Reads a model that ONNX Runtime opens as it is: no copy of its weights is made, and it loads as fast
 * as in the runtime alone. Such a model has no parameters and no gradients, and only the backends of
 * ONNX Runtime run it. Its nodes are checked as those of {@link fromOnnx} are.
 * @param headers Those of the file, as `modelHeaders` gives them, where they are read already.
 * @param file The model's file.
 * @throws GenError `invalid-model` as {@link fromOnnx} does, and naming a file of weights that is
 * missing or too short.
 */
export async function wholeModel(file: WholeFile, headers?: Uint8Array): Promise<WholeModel> {
  const head = headers ?? (await modelHeaders(file));
  // Which files the weights are in shows only in reading, and reading cannot wait for a file.
  const needed = new Map<string, { location: string; offset: number; length: number }>();
  const files = new Map<string, number>();
  const first = modelOfHeaders(head, {
    read(location, offset, length) {
      needed.set(`${location} ${offset} ${length}`, { location, offset, length });
      return new Uint8Array(length);
    },
    note: (location, end) => files.set(location, Math.max(files.get(location) ?? 0, end)),
  });
  const beside = new Map<string, WholeFile>();
  for (const [location, end] of files) {
    const found = await file.beside?.(location);
    const where = file.folder === undefined ? label(location) : file.folder + location;
    if (!found) throw invalidModel(`its weights in ${where} are missing`);
    if (found.size < end) {
      throw invalidModel(`its weights in ${where} need ${end} bytes, got ${found.size}`);
    }
    beside.set(location, found);
  }
  const small = new Map<string, Uint8Array>();
  for (const [key, { location, offset, length }] of needed) {
    small.set(key, await (beside.get(location) as WholeFile).read(offset, length));
  }
  const read = (...place: [string, number, number]) => small.get(place.join(" ")) as Uint8Array;
  const model = small.size > 0 ? modelOfHeaders(head, { read, note: () => undefined }) : first;
  const bytes = [file, ...beside.values()].reduce((sum, { size }) => sum + size, 0);
  const call = callOf(model, file, Object.fromEntries(beside));
  return { ...call, bytes, inside: model.apply };
}

/** The model whose results are those of its file. */
function callOf(model: OnnxModel, file: WholeFile, beside: ModelFile["beside"]): OnnxModel {
  const [inputs, outputs] = [Object.keys(model.signature), model.outputNames];
  const whole: ModelFile = { file, beside, inputs, outputs, inside: model.apply };
  return {
    ...model,
    parameters: [],
    apply(given) {
      const known = Object.entries(model.apply(given));
      const node = foreign(
        {
          domain: "",
          opType: "Model",
          version: 1,
          attributes: [],
          operands: inputs.map(() => true),
          results: outputs.map(() => true),
          missing: { name: "a model that is kept whole" },
          file: whole,
        },
        inputs.map((name) => given[name]),
      );
      return Object.fromEntries(
        known.map(([name, { dtype, shape }], i): [string, Expr] => [
          name,
          result(node, i, dtype, shape),
        ]),
      );
    },
  };
}
