/* The work of `gen export`. */
import { resolve } from "node:path";
import { type Graph, trace } from "@gen/graph";
import { type OnnxModel, toOnnx } from "@gen/graph/onnx";
import { errorCode } from "@gen/math";
import type { Weights } from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { openBackend } from "@gen/runtime-gpu/open";
import { replaceFile } from "../atomic-files.ts";
import { interrupted, usageError } from "../errors.ts";
import { type ExportError, measureExport } from "../export/measure.ts";
import { nameLines, nameRows, weightsFile } from "../export/safetensors.ts";
import {
  openSource,
  replaceWeights,
  type Source,
  type SourceModel,
  sourceWeights,
} from "../export/source.ts";
import { namesOf, readWeights } from "../export/weight-names.ts";
import { claimOutput, writeFolder } from "../files.ts";
import { sizesOf } from "../inspect/model-report.ts";
import type { CommonOptions } from "../options.ts";
import { writeTraining } from "../save-training.ts";
import { bytesText, interruptSignal, note, print, progress, rounded } from "../terminal.ts";

export interface ExportOptions extends Omit<CommonOptions, "out"> {
  readonly to: "onnx" | "safetensors";
  readonly dtype: "float32" | "float16" | "int8";
  readonly names: boolean;
  readonly namesMap?: string;
  readonly weights?: string;
  readonly inputs: number;
  readonly out?: string;
}

/** Runs `gen export`. */
export async function runExport(path: string, options: ExportOptions): Promise<void> {
  const { to, namesMap, names, json } = options;
  const signal = interruptSignal();
  const source = await openSource(path, signal);
  if (names) {
    const weights = await sourceWeights(source);
    const rows = nameRows(weights, await namesOf(weights, namesMap));
    print(json, rows, nameLines(rows));
    return;
  }
  await (to === "onnx" ? exportOnnx : exportWeights)(source, options, signal);
}

async function exportWeights(
  source: Source,
  { out = "weights.safetensors", force, json, namesMap, dtype }: ExportOptions,
): Promise<void> {
  if (!/\.safetensors$/i.test(out)) throw usageError(`--out must end in .safetensors, got ${out}`);
  await claimOutput(out, { force, kind: "file" });
  const weights = await sourceWeights(source);
  const names = await namesOf(weights, namesMap);
  const { bytes, greatest } = weightsFile(weights, names, dtype === "int8" ? "float32" : dtype);
  await replaceFile(out, bytes);
  const count = names.size;
  print(json, { out: resolve(out), dtype, tensors: count, bytes: bytes.length, greatest }, [
    `${count} weights are in ${out}, ${dtype}, ${bytesText(bytes.length)}`,
    ...(greatest > 0 ? [`the greatest change of a weight is ${rounded(greatest)}`] : []),
  ]);
}

/** A model that was written, with what it costs. */
interface Written extends Partial<ExportError> {
  readonly path: string;
  readonly bytes: number;
  /** Bytes of its weights before. */
  readonly weightBytes: number;
}

async function exportOnnx(
  source: Source,
  options: ExportOptions,
  signal: AbortSignal,
): Promise<void> {
  const { dtype, force, json, weights: file } = options;
  const out = options.out ?? (source.isFolder ? "exported" : "exported.onnx");
  if (!source.isFolder && !/\.onnx$/i.test(out))
    throw usageError(`--out must end in .onnx, got ${out}`);
  await claimOutput(out, { force, kind: source.isFolder ? "folder" : "file" });
  const isTraining = file !== undefined && source.training && dtype === "float32";
  if (source.models.length === 0 && !isTraining)
    throw usageError(
      `${source.name} has no ONNX files, as a VAE with classes; --to safetensors has its weights`,
    );
  const weights = file === undefined ? undefined : await theirWeights(source, file, options);
  const isMeasured = options.inputs > 0 && source.models.length > 0;
  const backend = isMeasured ? await openBackend(options.backend, { isolate: true }) : null;
  const files: Record<string, Uint8Array> = {};
  const reports: Written[] = [];
  try {
    for (const one of source.models) {
      if (signal.aborted) throw interrupted("the files were made");
      const model = await one.load();
      const used = weights ? replaceWeights(source, one, model, weights) : model;
      const { report, bytes } = await exportModel(one, used, options, backend, signal);
      reports.push(report);
      files[one.path] = bytes;
    }
    for (const path of source.files) {
      const bytes = await source.read(path);
      if (bytes) files[path] = bytes;
    }
  } finally {
    await backend?.close();
  }
  if (signal.aborted) throw interrupted("the files were made");
  if (!source.isFolder) await replaceFile(out, files[source.models[0].path]);
  else if (isTraining && weights && source.training)
    await writeTrained(out, source.training, weights, files);
  else await writeFolder(out, files, /^$/);
  print(json, { out: resolve(out), dtype, inputs: options.inputs, models: reports }, [
    ...reportLines(reports, options.inputs),
    `${source.isFolder ? "the folder" : "the model"} is in ${out}`,
  ]);
}

async function theirWeights(
  source: Source,
  file: string,
  { namesMap }: ExportOptions,
): Promise<Weights> {
  const own = await sourceWeights(source);
  return readWeights(file, own, await namesOf(own, namesMap));
}

async function exportModel(
  { path, part, sizeOf }: SourceModel,
  model: OnnxModel,
  { dtype, seed, inputs }: ExportOptions,
  backend: Backend | null,
  signal: AbortSignal,
): Promise<{ readonly report: Written; readonly bytes: Uint8Array }> {
  const graph = traced(model, path, sizeOf);
  const options = { float16: dtype === "float16", int8: dtype === "int8" };
  const bytes = toOnnx(graph, { name: part || "gen", ...options });
  const weightBytes = model.parameters.reduce((sum, { value }) => sum + value.data.byteLength, 0);
  const report = { path, bytes: bytes.length, weightBytes };
  if (model.parameters.some((weight) => weight.dtype === "float16") && dtype !== "float16")
    note(`${path} has float16 weights, which stay as they are`);
  if (!backend) return { report, bytes };
  const signature = graph.inputs.map(({ name, shape }) => ({ name, shape }));
  const { shapes } = sizesOf(signature, { batch: 2, dims: {}, sizeOf });
  const line = progress(`Measuring ${path} on ${backend.name}`);
  const error = await measureExport(model, bytes, {
    ...{ backend, seed, shapes, inputs, signal },
    onProgress: (done) => line.update(done, inputs),
  });
  line.finish();
  if (!Number.isFinite(error.greatest)) note(`${path}: ${dtype} gives numbers that are not finite`);
  return { report: { ...report, ...error }, bytes };
}

/**
 * The graph of a model, with its dynamic dimensions. Where operations that only ONNX Runtime knows
 * hide what becomes of them, the channels get their size in the pipeline, then all but the batch.
 */
function traced(model: OnnxModel, path: string, sizeOf: SourceModel["sizeOf"]): Graph {
  const fixed = (isFixed: (axis: number) => boolean) =>
    Object.fromEntries(
      Object.entries(model.signature).map(([name, { dtype, shape }]) => [
        name,
        {
          dtype,
          shape: shape.map((d, axis) =>
            typeof d === "string" && isFixed(axis) ? (sizeOf?.(name, axis, shape.length) ?? d) : d,
          ),
        },
      ]),
    );
  let fault: unknown;
  for (const isFixed of [() => false, (axis: number) => axis === 1, (axis: number) => axis > 0]) {
    const signature = fixed(isFixed);
    try {
      const graph = trace(model.apply, signature);
      const shapes = graph.inputs.map(({ name, shape }) => `${name} [${shape.join(", ")}]`);
      if (fault) note(`${path}: the file takes ${shapes.join(", ")}, as the pipeline does`);
      return graph;
    } catch (error) {
      if (errorCode(error) !== "invalid-model" || !sizeOf) throw error;
      fault ??= error;
    }
  }
  throw fault;
}

function reportLines(reports: readonly Written[], inputs: number): string[] {
  const width = Math.max(...reports.map(({ path }) => path.length));
  return reports.map(({ path, bytes, weightBytes, greatest, relative }) => {
    const size = `${bytesText(bytes)}, of ${bytesText(weightBytes)} of weights`;
    const error =
      greatest === undefined
        ? ""
        : `; greatest difference ${rounded(greatest)}, relative ${rounded(relative ?? 0)}, over ${inputs} random inputs`;
    return `${path.padEnd(width)}  ${size}${error}`;
  });
}

/** Writes a folder of a training with other weights. The optimizer starts anew from them. */
async function writeTrained(
  out: string,
  { record, saved }: NonNullable<Source["training"]>,
  weights: Weights,
  files: Record<string, Uint8Array>,
): Promise<void> {
  const { state } = saved;
  const moments = Object.fromEntries(
    Object.entries(state.moments).map(([name, all]) => [name, zeros(all)]),
  );
  const next = { ...state, weights, moments, ...(state.ema && { ema: weights }) };
  await writeTraining(out, record, next, files, true);
}

const zeros = (all: Weights): Weights =>
  Object.fromEntries(
    Object.entries(all).map(([name, value]) => [
      name,
      { ...value, data: value.data.slice().fill(0 as never) } as Weights[string],
    ]),
  );
