import {
  type DType,
  type Expr,
  type Graph,
  graphOf,
  input,
  tensorNumbers,
  trace,
} from "@gen/graph";
import { type Bindings, foreignText, resolveShape } from "@gen/graph/compiler";
import { foreignOperations, fromOnnx, type OnnxModel } from "@gen/graph/onnx";
import { errorCode } from "@gen/math";
import type { Capabilities } from "./capabilities.ts";
import { foreignTo } from "./graph-errors.ts";
import { byteLength } from "./ledger.ts";

/** Something that keeps a model from running: which limit it breaks and by how much. */
export interface Obstacle {
  /** What is in the way. */
  readonly kind: "operation" | "dtype" | "buffer" | "memory" | "device";
  /** The broken limit's name among the capabilities, such as `maxBufferSize` or `f16`. */
  readonly limit: string;
  /** The operation that cannot run, or what needs too many bytes. */
  readonly what?: string;
  /** What the model needs, in bytes or as a count. */
  readonly needed?: number;
  /** What the backend allows, in the same unit. */
  readonly allowed?: number;
  /** The message without the backend's name. */
  readonly reason: string;
  /** One line that names the parameter or operation, what it needs and what is allowed. */
  readonly message: string;
}

/** Whether a model fits a backend. */
export interface Preflight {
  /** Whether nothing is in the way. */
  readonly fits: boolean;
  /** What is in the way, one for each broken limit. */
  readonly obstacles: readonly Obstacle[];
  /** Surprises that are no obstacles: dtypes held as others, operations that leave the GPU. */
  readonly notes: readonly string[];
  /** Bytes of all weights and constants. */
  readonly parameterBytes: number;
  /** Bytes of the largest single tensor. */
  readonly largestBytes: number;
  /** Bytes that a run holds at once beside the weights, if nothing is fused: an upper bound. */
  readonly runBytes: number;
}

/** Sizes that {@link preflight} cannot know. */
export interface PreflightOptions {
  /** Sizes of dynamic dimensions, such as `{ batch: 16 }`. @defaultValue 1 for each */
  dims?: Bindings;
}

/**
 * Says before anything is compiled whether a graph, or a model file's bytes, can run on a backend
 * of these capabilities, and which limits it breaks. In a graph of `wholeModel` the files are counted
 * by their headers: `preflight(trace(model.apply, inputs), capabilities)`.
 *
 * @param model The graph, or the bytes of an ONNX file.
 * @param capabilities What the backend can do, as the function `capabilities` says.
 * @param options Sizes of dynamic dimensions. Default: 1 for each.
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

/** The inputs with known dimensions as numbers: some models can only be read with fixed sizes. */
const sized = (signature: OnnxModel["signature"], dims: Bindings): OnnxModel["signature"] =>
  Object.fromEntries(
    Object.entries(signature).map(([name, { shape, dtype }]) => [
      name,
      { dtype, shape: shape.map((d) => dims[d] ?? d) },
    ]),
  );

/** The limits that hold for each tensor. */
const perTensor = ["maxBufferSize", "maxStorageBufferBindingSize", "maxTextureSize"];

function inspect(graph: Graph, can: Capabilities, dims: Bindings, fileBytes: number): Preflight {
  const known = { ...namesAsOne(graph), ...dims };
  const bytes = (e: Expr) => byteLength(storedAs(e.dtype, can), resolveShape(e.shape, known));
  const files = modelFiles(graph);
  const own = memoryPlan(graph, bytes);
  const inside = files.map((file) => memoryPlan(file.graph, bytes));
  const parameterBytes = sumOf([own, ...inside].map((plan) => plan.parameterBytes));
  const runBytes = own.runBytes + Math.max(0, ...inside.map((plan) => plan.runBytes));
  const nodes = [graph, ...files.map((file) => file.graph)].flatMap((each) => each.nodes);
  const largestBytes = nodes.reduce((most, e) => Math.max(most, bytes(e)), 0);
  const model = `the model (weights ${parameterBytes}, a run at most ${runBytes})`;
  // While weights are made into another dtype, both are in memory.
  const given = (e: Expr) => byteLength(e.dtype, resolveShape(e.shape, known));
  const converted = nodes.filter((e) => isFixed(e) && given(e) !== bytes(e));
  const inFiles = fileBytes + sumOf(files.map(({ size }) => size));
  const needed = parameterBytes + inFiles + Math.max(runBytes, sumOf(converted.map(given)));
  const totals = [
    ["maxMemory", model, needed],
    ["modelBytes", "the weights", own.parameterBytes],
  ] as const;
  const all = { ...graph, nodes };
  const obstacles = [...missing(all, can), ...tooLarge(all, can, bytes, totals)];
  const notes = notesOn(all, can);
  return { fits: obstacles.length === 0, obstacles, notes, parameterBytes, largestBytes, runBytes };
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

const isFixed = ({ op, inputs }: Expr) =>
  op === "Parameter" || op === "Constant" || (op === "Foreign" && inputs.length === 0);

/** The files of a graph that a runtime opens as they are, with what they compute. */
function modelFiles({ nodes }: Graph): { graph: Graph; size: number }[] {
  const found = new Map<object, { graph: Graph; size: number }>();
  for (const e of nodes) {
    const file = e.op === "Foreign" ? e.node.file : undefined;
    if (!file?.inside || found.has(file)) continue;
    const inputs = file.inputs.map((name, i) => [name, input(name, e.inputs[i])]);
    const graph = graphOf(file.inside(Object.fromEntries(inputs)));
    found.set(file, { graph, size: file.file.size });
  }
  return [...found.values()];
}

/** Bytes of a graph's weights, and of the other values that a run, node by node, holds at once. */
function memoryPlan({ nodes, inputs, outputs }: Graph, bytes: (e: Expr) => number) {
  const parameterBytes = sumOf(nodes.filter(isFixed).map(bytes));
  const lastUse = new Map<Expr, number>();
  nodes.forEach((e, i) => {
    for (const operand of e.inputs) lastUse.set(operand, i);
  });
  for (const kept of [...inputs, ...Object.values(outputs)]) lastUse.set(kept, nodes.length);
  let held = inputs.reduce((sum, e) => sum + bytes(e), 0);
  let runBytes = held;
  nodes.forEach((e, i) => {
    if (e.op === "Input" || isFixed(e)) return;
    held += bytes(e);
    runBytes = Math.max(runBytes, held);
    for (const operand of new Set(e.inputs)) {
      if (lastUse.get(operand) === i && !isFixed(operand)) held -= bytes(operand);
    }
  });
  return { parameterBytes, runBytes };
}

/** What the backend lacks: its device, operations and dtypes. */
function* missing(graph: Graph, can: Capabilities): Generator<Obstacle> {
  const lack = (kind: Obstacle["kind"], limit: string, reason: string) => {
    return { kind, limit, reason, message: `${can.backend} ${reason}` };
  };
  if (!can.available) yield lack("device", "available", `is not there: ${can.reason}`);

  const others = ["Input", "Parameter", "Constant", "Foreign", "Result"];
  const ops = new Set<string>(graph.nodes.map((e) => e.op));
  for (const op of [...others, ...can.operations.runs]) ops.delete(op);
  const foreign = foreignTo(can.backend, graph);
  for (const what of [...ops, ...foreign.map((each) => foreignText([each]))]) {
    yield { ...lack("operation", "operations", `cannot run ${what}`), what };
  }

  for (const dtype of new Set(graph.nodes.map((e) => e.dtype))) {
    if (can.dtypes[dtype] !== "none") continue;
    const limit = dtype === "float16" ? "f16" : "dtypes";
    yield lack("dtype", limit, `cannot hold ${dtype} here; convert the model to float32`);
  }
  for (const e of can.dtypes.int64 === "int32" ? graph.nodes : []) {
    if (e.op !== "Constant" || e.dtype !== "int64") continue;
    const wide = Array.from(tensorNumbers(e.attributes.value)).find((v) => v !== (v | 0));
    if (wide === undefined) continue;
    yield lack("dtype", "dtypes", `holds int64 as int32, which cannot be ${wide}`);
  }
}

/** The limits that a tensor, all weights, or the model as a whole breaks. */
function* tooLarge(
  { nodes }: Graph,
  { limits, dtypes, memory }: Capabilities,
  bytes: (e: Expr) => number,
  totals: readonly (readonly [limit: string, what: string, needed: number])[],
): Generator<Obstacle> {
  const { maxTextureSize = Number.POSITIVE_INFINITY } = limits;
  // A texel holds at least one float.
  const most: Record<string, number | undefined> = {
    ...limits,
    ...memory,
    maxTextureSize: 4 * maxTextureSize ** 2,
  };
  const needs = [
    ...nodes
      .filter((e) => dtypes[e.dtype] !== "host")
      .flatMap((e) => perTensor.map((limit) => ["buffer", limit, e, bytes(e)] as const)),
    ...totals.map((total) => ["memory", ...total] as const),
  ];
  for (const [kind, limit, what, needed] of needs) {
    const allowed = most[limit] ?? Number.POSITIVE_INFINITY;
    if (needed <= allowed) continue;
    const name = typeof what === "string" ? what : label(what);
    const message = `${name} needs ${needed} bytes, ${limit} allows ${allowed}`;
    yield { kind, limit, what: name, needed, allowed, reason: message, message };
  }
}

function notesOn(graph: Graph, { backend, dtypes, operations }: Capabilities): string[] {
  const notes: string[] = [];
  for (const dtype of new Set(graph.nodes.map((e) => e.dtype))) {
    const held = dtypes[dtype];
    if (held === "host") notes.push(`${backend} keeps ${dtype} in host memory`);
    else if (held !== "own" && held !== "none") notes.push(`${backend} holds ${dtype} as ${held}`);
  }
  const known = operations.foreign ? foreignOperations(graph) : [];
  const foreign = known.filter(({ library }) => library === undefined);
  if (foreign.length > 0) notes.push(`only ONNX Runtime knows: ${foreignText(foreign)}`);
  if (graph.nodes.some((e) => e.op === "Result" && e.attributes.opaque === 1)) {
    notes.push("some of their results have no known size, and runBytes leaves them out");
  }
  const leaving = graph.nodes.filter(({ op, inputs }) => {
    const data = inputs[op === "Where" ? 1 : 0];
    return data && operations.onHost[op]?.includes(data.dtype);
  });
  const names = [...new Set(leaving.map((e) => e.op))];
  if (names.length > 0) notes.push(`${backend} computes on the CPU: ${names.join(", ")}`);
  return notes;
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
function namesAsOne({ inputs }: Graph): Bindings {
  const dims = inputs.flatMap((e) => [...e.shape]);
  const names = dims.flatMap((d) => (typeof d === "string" ? d.split("*") : []));
  return Object.fromEntries(names.filter((n) => Number.isNaN(Number(n))).map((n) => [n, 1]));
}
