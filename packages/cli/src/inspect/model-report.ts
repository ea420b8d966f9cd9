import { type Graph, trace } from "@gen/graph";
import { type Bindings, resolveShape } from "@gen/graph/compiler";
import { modelHeaders, wholeModel } from "@gen/graph/onnx";
import { errorCode, GenError } from "@gen/math";
import type { partSizes } from "@gen/pipeline";
import { backendKinds, capabilities, preflight } from "@gen/runtime-gpu";
import { errorLine, usageError } from "../errors.ts";
import type { folderReaders } from "../model-folder.ts";
import { type FileTensor, type FileValue, onnxFile } from "./onnx-file.ts";
import { training, type Verdict, verdictOn, verdictOnTraining } from "./where-it-runs.ts";

/** What `gen inspect` reports about a model. */
export type ModelReport = Awaited<ReturnType<typeof modelReport>>;

/** Settings of {@link modelReport}. */
export interface InspectOptions {
  readonly batch: number;
  /** Sizes of dynamic dimensions by name. */
  readonly dims: Bindings;
  /** The only backend to report on. */
  readonly backend?: string;
  /** Sizes of other dynamic dimensions. @defaultValue 64 for all */
  readonly sizeOf?: ReturnType<typeof partSizes>;
}

/**
 * Reports on a model without running it. Only its headers are read, whatever its weights take.
 * @throws GenError `unsafe-model` naming a node that no backend may run.
 * @throws GenError `invalid-model` or `usage` when the file is no ONNX model, or has no dimension
 * that --dim names.
 */
export async function modelReport(
  { open }: Pick<ReturnType<typeof folderReaders>, "open">,
  file: string,
  options: InspectOptions,
) {
  const parts = await open(file);
  if (!parts) throw usageError(`${file}: no such file`);
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  const headers = await modelHeaders(parts);
  const { tensors, outside, ...found } = onnxFile(headers);
  const { model, reason } = await wholeModel({ ...parts, folder }, headers).then(
    (model) => ({ model, reason: "" }),
    (error: Error) => {
      refuseUnsafe(error);
      return { model: undefined, reason: errorLine(error) };
    },
  );
  const signature = model && Object.entries(model.signature);
  const inputs: readonly FileValue[] =
    signature?.map(([name, { dtype, shape }]) => ({ name, dtype, shape })) ?? found.inputs;
  const { dims, shapes } = sizesOf(inputs, options);
  const { graph, problem } = model ? traceSized(model, shapes) : { problem: reason };
  return {
    file,
    bytes: parts.size,
    producer: found.producer,
    irVersion: found.irVersion,
    opsets: found.opsets,
    inputs,
    outputs: found.outputs,
    operations: found.operations,
    parameters: { ...parametersOf(tensors), outside },
    /** The sizes assumed for dynamic dimensions. */
    dims,
    /** Bytes during a run without fusion, upper bounds. Null when the graph is unknown. */
    memory: graph ? await memoryOf(graph) : null,
    runs: await verdicts(graph, model?.bytes ?? parts.size, problem, options.backend),
  };
}

function parametersOf(tensors: readonly FileTensor[]) {
  const dtypes: Record<string, number> = {};
  for (const { dtype, shape } of tensors) {
    dtypes[dtype] = (dtypes[dtype] ?? 0) + shape.reduce((a, b) => a * b, 1);
  }
  return {
    count: Object.values(dtypes).reduce((a, b) => a + b, 0),
    tensors: tensors.length,
    bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    /** Numbers of each dtype. */
    dtypes,
    largest: tensors.toSorted((a, b) => b.bytes - a.bytes).slice(0, 5),
  };
}

/**
 * Sizes of all dynamic dimensions: from --dim, else as the input's place tells, else the batch for a
 * first axis, else 64. A name that has other sizes in other inputs is listed with the input.
 */
export function sizesOf(
  inputs: readonly Pick<FileValue, "name" | "shape">[],
  options: Omit<InspectOptions, "backend">,
) {
  const { batch, dims: given, sizeOf } = options;
  const dims: Record<string, number> = {};
  const names = new Set<string>();
  const shapes = inputs.map(({ name, shape }) => {
    const own: Record<string, number> = {};
    for (const [axis, d] of shape?.entries() ?? []) {
      if (typeof d !== "string") continue;
      for (const part of d.split("*").filter((each) => Number.isNaN(Number(each)))) {
        names.add(part);
        const usual = axis === 0 ? batch : 64;
        own[part] ??= given[part] ?? sizeOf?.(name, axis, shape?.length ?? 0) ?? usual;
        const isOther = part in dims && dims[part] !== own[part];
        dims[isOther ? `${name}.${part}` : part] = own[part];
      }
    }
    return [name, resolveShape(shape ?? [], own)] as const;
  });
  const wrong = Object.keys(given).find((name) => !names.has(name));
  if (wrong === undefined) return { dims, shapes: Object.fromEntries(shapes) };
  const all = names.size > 0 ? `its own are ${[...names].join(", ")}` : "all of its are fixed";
  throw usageError(`--dim ${wrong}: the model has no such dimension; ${all}`);
}

/** Passes on the error for a model that no backend may open. */
function refuseUnsafe(error: unknown): void {
  if (errorCode(error) === "unsafe-model") throw error;
}

function traceSized(
  model: Pick<Awaited<ReturnType<typeof wholeModel>>, "inside" | "signature">,
  shapes: Readonly<Record<string, readonly number[]>>,
): { graph?: Graph; problem: string } {
  try {
    const sized = Object.entries(model.signature).map(([name, { dtype }]) => [
      name,
      { dtype, shape: shapes[name] },
    ]);
    return { graph: trace(model.inside, Object.fromEntries(sized)), problem: "" };
  } catch (error) {
    refuseUnsafe(error);
    if (error instanceof GenError || error instanceof RangeError || error instanceof TypeError)
      return { problem: errorLine(error) };
    throw error;
  }
}

async function memoryOf(graph: Graph) {
  const { parameterBytes, runBytes } = preflight(graph, await capabilities("onnx/node-cpu"));
  return { weights: parameterBytes, activations: runBytes };
}

async function verdicts(
  graph: Graph | undefined,
  bytes: number,
  problem: string,
  only: string | undefined,
): Promise<Verdict[]> {
  const kinds = backendKinds.filter(({ name }) => only === undefined || name === only);
  if (!graph) {
    const names = [...kinds.map(({ name }) => name), ...(only ? [] : [training])];
    return names.map((where) => ({ where, runs: false, obstacles: [problem], notes: [] }));
  }
  const found = await Promise.all(kinds.map((kind) => verdictOn(graph, kind, bytes)));
  return only ? found : [...found, verdictOnTraining(graph, bytes)];
}
