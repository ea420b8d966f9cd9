import { type DType, type Expr, type Graph, tensorNumbers, trace } from "@gen/graph";
import { type Bindings, foreignText, resolveShape } from "@gen/graph/compiler";
import { foreignOperations, fromOnnx, type OnnxModel } from "@gen/graph/onnx";
import { errorCode } from "@gen/math";
import type { Capabilities } from "./capabilities.ts";
import { byteLength } from "./ledger.ts";
import { memoryPlan } from "./memory-plan.ts";

/** Something that keeps a model from running: which limit it breaks and by how much. */
export interface Obstacle {
  readonly kind: "operation" | "dtype" | "buffer" | "memory" | "device";
  /** The broken limit's name among the capabilities, such as `maxStorageBufferBindingSize` or `f16`. */
  readonly limit: string;
  /** The operation that cannot run, or what needs too many bytes. */
  readonly what?: string;
  readonly needed?: number;
  readonly allowed?: number;
  /** The message without the backend's name. */
  readonly reason: string;
  /** One line that names the parameter or operation, what it needs and what is allowed. */
  readonly message: string;
}

/** Whether a model fits a backend. */
export interface Preflight {
  readonly fits: boolean;
  readonly obstacles: readonly Obstacle[];
  /** What works otherwise than one may expect: dtypes held as others, operations that leave the GPU. */
  readonly notes: readonly string[];
  /** Bytes of all weights and constants. */
  readonly parameterBytes: number;
  /** Bytes of the largest single tensor. */
  readonly largestBytes: number;
  /** Bytes of what a run holds at once beside the weights, if nothing is fused: an upper bound. */
  readonly runBytes: number;
}

export interface PreflightOptions {
  /** What dynamic dimensions will be, such as `{ batch: 16 }`; 1 where not told. */
  dims?: Bindings;
}

/**
 * Says before anything is compiled whether a graph, or a model file's bytes, can run on a backend of
 * these capabilities, and which limits it breaks.
 * @throws GenError `invalid-model` when the bytes are not a sound model.
 */
export function preflight(
  model: Graph | Uint8Array,
  capabilities: Capabilities,
  { dims = {} }: PreflightOptions = {},
): Preflight {
  if (!(model instanceof Uint8Array)) return inspect(model, capabilities, dims, 0);
  try {
    const { signature, apply } = fromOnnx(model);
    return inspect(trace(apply, sized(signature, dims)), capabilities, dims, model.byteLength);
  } catch (error) {
    if (errorCode(error) !== "unsupported-operation") throw error;
    const { message } = error as Error;
    const obstacle = { kind: "operation", limit: "operations", reason: message, message } as const;
    const unknown = { parameterBytes: 0, largestBytes: 0, runBytes: 0 };
    return { fits: false, obstacles: [obstacle], notes: [], ...unknown };
  }
}

/** The inputs with the dimensions that are told as numbers: some models can only be read with fixed sizes. */
const sized = (signature: OnnxModel["signature"], dims: Bindings): OnnxModel["signature"] =>
  Object.fromEntries(
    Object.entries(signature).map(([name, { shape, dtype }]) => [
      name,
      { dtype, shape: shape.map((d) => dims[d] ?? d) },
    ]),
  );

function inspect(graph: Graph, can: Capabilities, dims: Bindings, fileBytes: number): Preflight {
  const known = { ...namedOnce(graph), ...dims };
  const bytes = (e: Expr) => byteLength(storedAs(e.dtype, can), resolveShape(e.shape, known));
  const obstacles = [
    ...deviceObstacles(can),
    ...operationObstacles(graph, can),
    ...dtypeObstacles(graph, can),
    ...bufferObstacles(graph, can, bytes),
  ];
  const { parameterBytes, runBytes } = memoryPlan(graph, bytes);
  const total = fileBytes + parameterBytes + runBytes;
  const { maxMemory } = can.limits;
  if (maxMemory !== undefined && total > maxMemory) {
    const parts = `weights ${parameterBytes}, a run at most ${runBytes}`;
    obstacles.push(over("memory", "maxMemory", `the model (${parts})`, total, maxMemory));
  }
  const { modelBytes } = can.memory;
  if (modelBytes !== undefined && parameterBytes > modelBytes) {
    obstacles.push(over("memory", "modelBytes", "the weights", parameterBytes, modelBytes));
  }
  const largestBytes = graph.nodes.reduce((most, e) => Math.max(most, bytes(e)), 0);
  const notes = notesOn(graph, can);
  return { fits: obstacles.length === 0, obstacles, notes, parameterBytes, largestBytes, runBytes };
}

const deviceObstacles = ({ available, backend, reason }: Capabilities): Obstacle[] =>
  available ? [] : [ofBackend(backend, "device", "available", `is not there: ${reason}`)];

function operationObstacles(graph: Graph, { operations, backend }: Capabilities): Obstacle[] {
  const others = ["Input", "Parameter", "Constant", "Foreign", "Result"];
  const missing = new Set<string>(graph.nodes.map((e) => e.op));
  for (const op of [...others, ...operations.runs]) missing.delete(op);
  const foreign = operations.foreign ? [] : foreignOperations(graph);
  return [...missing, ...foreign.map((each) => foreignText([each]))].map((what) => ({
    ...ofBackend(backend, "operation", "operations", `cannot run ${what}`),
    what,
  }));
}

function dtypeObstacles(graph: Graph, can: Capabilities): Obstacle[] {
  const found: Obstacle[] = [];
  for (const dtype of new Set(graph.nodes.map((e) => e.dtype))) {
    if (can.dtypes[dtype] !== "none") continue;
    const limit = dtype === "float16" ? "f16" : "dtypes";
    const reason = `cannot hold ${dtype} here; convert the model to float32`;
    found.push(ofBackend(can.backend, "dtype", limit, reason));
  }
  if (can.dtypes.int64 !== "int32") return found;
  for (const e of graph.nodes) {
    if (e.op !== "Constant" || e.dtype !== "int64") continue;
    const wide = Array.from(tensorNumbers(e.attributes.value)).find((v) => v !== (v | 0));
    if (wide === undefined) continue;
    const reason = `holds int64 as int32, which cannot be ${wide}`;
    found.push(ofBackend(can.backend, "dtype", "dtypes", reason));
  }
  return found;
}

function bufferObstacles(graph: Graph, can: Capabilities, bytes: (e: Expr) => number): Obstacle[] {
  const limits: [name: string, bytes: number][] = [];
  for (const name of ["maxBufferSize", "maxStorageBufferBindingSize"]) {
    if (can.limits[name] !== undefined) limits.push([name, can.limits[name]]);
  }
  const { maxTextureSize } = can.limits;
  // A texel holds one float at least.
  if (maxTextureSize !== undefined) limits.push(["maxTextureSize", 4 * maxTextureSize ** 2]);
  return graph.nodes.flatMap((e) =>
    limits
      .filter(([, allowed]) => can.dtypes[e.dtype] !== "host" && bytes(e) > allowed)
      .map(([limit, allowed]) => over("buffer", limit, label(e), bytes(e), allowed)),
  );
}

function notesOn(graph: Graph, { backend, dtypes, operations }: Capabilities): string[] {
  const notes: string[] = [];
  for (const dtype of new Set(graph.nodes.map((e) => e.dtype))) {
    const held = dtypes[dtype];
    if (held === "host") notes.push(`${backend} keeps ${dtype} in host memory`);
    else if (held !== "own" && held !== "none") notes.push(`${backend} holds ${dtype} as ${held}`);
  }
  const foreign = operations.foreign ? foreignOperations(graph) : [];
  if (foreign.length > 0) notes.push(`only ONNX Runtime knows: ${foreignText(foreign)}`);
  if (graph.nodes.some((e) => e.op === "Result" && e.attributes.opaque === 1)) {
    notes.push("what they make is not all of a known size, and runBytes leaves it out");
  }
  const leaving = graph.nodes.filter(({ op, inputs }) => {
    const data = inputs[op === "Where" ? 1 : 0];
    return data && operations.onHost[op]?.includes(data.dtype);
  });
  const names = [...new Set(leaving.map((e) => e.op))];
  if (names.length > 0) notes.push(`${backend} computes on the CPU: ${names.join(", ")}`);
  return notes;
}

const ofBackend = (
  backend: string,
  kind: Obstacle["kind"],
  limit: string,
  reason: string,
): Obstacle => ({ kind, limit, reason, message: `${backend} ${reason}` });

function over(
  kind: Obstacle["kind"],
  limit: string,
  what: string,
  needed: number,
  allowed: number,
): Obstacle {
  const message = `${what} needs ${needed} bytes, ${limit} allows ${allowed}`;
  return { kind, limit, what, needed, allowed, reason: message, message };
}

function label(e: Expr): string {
  const name = "name" in e ? ` ${String(e.name)}` : "";
  return `${e.op}${name} ${e.dtype} [${e.shape.join(", ")}]`;
}

/** The dtype whose bytes a tensor takes on the device. */
function storedAs(dtype: DType, { dtypes }: Capabilities): DType {
  const held = dtypes[dtype];
  return held === "own" || held === "host" || held === "none" ? dtype : held;
}

/** Every name in the inputs' shapes as 1. */
function namedOnce({ inputs }: Graph): Bindings {
  const dims = inputs.flatMap((e) => [...e.shape]);
  const names = dims.flatMap((d) => (typeof d === "string" ? d.split("*") : []));
  return Object.fromEntries(names.filter((n) => Number.isNaN(Number(n))).map((n) => [n, 1]));
}
