import { type Graph, trace } from "@gen/graph";
import { type Bindings, resolveShape } from "@gen/graph/compiler";
import type { OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { loadModel, type ReadFile } from "@gen/pipeline";
import { backendKinds, capabilities, preflight } from "@gen/runtime-gpu";
import { errorLine, usageError } from "../errors.ts";
import type { folderReaders } from "../model-folder.ts";
import type { FileTensor, FileValue } from "./file-values.ts";
import { onnxFile } from "./onnx-file.ts";
import { training, type Verdict, verdictOn, verdictOnTraining } from "./where-it-runs.ts";

/** What `gen inspect` says of a model. */
export interface ModelReport {
  readonly file: string;
  readonly bytes: number;
  readonly producer: string;
  readonly irVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly FileValue[];
  readonly outputs: readonly FileValue[];
  readonly operations: Readonly<Record<string, number>>;
  readonly parameters: {
    readonly count: number;
    readonly tensors: number;
    readonly bytes: number;
    /** Numbers of each dtype. */
    readonly dtypes: Readonly<Record<string, number>>;
    readonly largest: readonly FileTensor[];
    /** Files beside the model that hold weights. */
    readonly outside: readonly string[];
  };
  /** What the dynamic dimensions were taken to be. */
  readonly dims: Bindings;
  /** Bytes while it runs, if nothing is fused: upper bounds. Null where it cannot be told. */
  readonly memory: { readonly weights: number; readonly activations: number } | null;
  readonly runs: readonly Verdict[];
}

/** How a model is looked at. */
export interface InspectOptions {
  readonly batch: number;
  /** Dynamic dimensions by name. */
  readonly dims: Bindings;
  /** One backend alone. */
  readonly backend?: string;
  /** Height and width where the model leaves them open. */
  readonly side?: number;
}

const usualSide = 64;
const shownTensors = 5;

/**
 * Looks at a model without running it.
 * @throws GenError `invalid-model` or `usage` when the file is no ONNX model, or --dim names no dimension of it.
 */
export async function modelReport(
  { read, readWeights, limit }: ReturnType<typeof folderReaders>,
  file: string,
  options: InspectOptions,
): Promise<ModelReport> {
  const bytes = await read(file);
  if (!bytes) throw usageError(`${file}: no such file`);
  const found = onnxFile(bytes);
  const again: ReadFile = async (path) => (path === file ? bytes : read(path));
  const { model, reason } = await loadModel(again, file, { readWeights, limit }).then(
    (model) => ({ model: model as OnnxModel, reason: "" }),
    (error: Error) => ({ model: undefined, reason: errorLine(error.cause ?? error) }),
  );
  const inputs = model ? signatureOf(model) : found.inputs;
  const dims = dimsOf(inputs, options);
  const traced = model ? tracedWith(model, dims) : { graph: undefined, reason };
  const { graph } = traced;
  return {
    file,
    bytes: bytes.length,
    producer: found.producer,
    irVersion: found.irVersion,
    opsets: found.opsets,
    inputs,
    outputs: found.outputs,
    operations: found.operations,
    parameters: parametersOf(found.tensors, found.outside),
    dims,
    memory: graph ? await memoryOf(graph) : null,
    runs: await verdicts(graph, model, traced.reason, options.backend),
  };
}

const signatureOf = ({ signature }: OnnxModel): FileValue[] =>
  Object.entries(signature).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function parametersOf(
  tensors: readonly FileTensor[],
  outside: readonly string[],
): ModelReport["parameters"] {
  const dtypes: Record<string, number> = {};
  for (const { dtype, shape } of tensors) dtypes[dtype] = (dtypes[dtype] ?? 0) + size(shape);
  return {
    count: tensors.reduce((sum, { shape }) => sum + size(shape), 0),
    tensors: tensors.length,
    bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    dtypes,
    largest: [...tensors].sort((a, b) => b.bytes - a.bytes).slice(0, shownTensors),
    outside,
  };
}

/** Numbers for all names of dimensions: told ones, the batch for those that come first, else a usual side. */
function dimsOf(inputs: readonly FileValue[], options: InspectOptions): Bindings {
  const { batch, dims, side = usualSide } = options;
  const known: Record<string, number> = {};
  inputs.forEach(({ shape }) => {
    shape?.forEach((d, axis) => {
      if (typeof d !== "string") return;
      for (const name of d.split("*").filter((part) => Number.isNaN(Number(part))))
        known[name] ??= dims[name] ?? (axis === 0 ? batch : side);
    });
  });
  const names = Object.keys(known);
  const wrong = Object.keys(dims).find((name) => !names.includes(name));
  if (wrong === undefined) return known;
  throw usageError(
    `--dim ${wrong}: the model has no such dimension; ${names.length > 0 ? `its own are ${names.join(", ")}` : "all of its are fixed"}`,
  );
}

function tracedWith(model: OnnxModel, dims: Bindings): { graph?: Graph; reason: string } {
  try {
    const sized = Object.entries(model.signature).map(([name, { shape, dtype }]) => [
      name,
      { dtype, shape: resolveShape(shape, dims) },
    ]);
    return { graph: trace(model.apply, Object.fromEntries(sized)), reason: "" };
  } catch (error) {
    if (error instanceof GenError || error instanceof RangeError || error instanceof TypeError)
      return { reason: errorLine(error) };
    throw error;
  }
}

async function memoryOf(graph: Graph): Promise<NonNullable<ModelReport["memory"]>> {
  const { parameterBytes, runBytes } = preflight(graph, await capabilities("onnx/node-cpu"));
  return { weights: parameterBytes, activations: runBytes };
}

async function verdicts(
  graph: Graph | undefined,
  model: OnnxModel | undefined,
  reason: string,
  only: string | undefined,
): Promise<Verdict[]> {
  const asked = backendKinds.filter(({ name }) => only === undefined || name === only);
  if (!graph) {
    const names = asked.map(({ name }) => name);
    const all = only ? names : [...names, training];
    return all.map((where) => ({ where, runs: false, obstacles: [reason], notes: [] }));
  }
  const found = await Promise.all(asked.map((kind) => verdictOn(graph, kind)));
  return only ? found : [...found, verdictOnTraining(graph, model?.parameters ?? [])];
}
