/*
 * A graph in two parts: a body for a runtime, and loops over plain memory that end it.
 *
 *   outputs in place = loops(border)    border, other outputs = body(inputs)
 *
 * The loops hold all elementwise operations, scalars and whole sums between the outputs in place and
 * the border. A runtime takes one pass over memory for each of these operations; a loop takes one
 * pass for all. `wasm-loops.ts` compiles the loops.
 *
 *   splitLoops(step, { "next/weights/0": "state/weights/0" })
 */
import { type Expr, isInput } from "../expr/expr.ts";
import { sizeOf } from "../expr/shape.ts";
import { tensorNumbers } from "../expr/tensor.ts";
import { type Graph, graphOf } from "../expr/trace.ts";
import { laneOf } from "./lane-operations.ts";

/** Outputs that take the memory of inputs, by name. */
export type InPlace = Readonly<Record<string, string>>;

/** A graph in two parts. */
export interface SplitGraph {
  readonly body: Graph;
  /** The outputs in place that loops compute. */
  readonly outputs: Readonly<Record<string, Expr>>;
  /** What the loops read, by the names of the graph's inputs and of the body's outputs. */
  readonly border: Readonly<Record<string, Expr>>;
}

/** The elements of a static shape; undefined for another. */
export const staticSize = ({ shape }: Expr): number | undefined =>
  shape.every((d) => typeof d === "number") ? sizeOf(shape as number[]) : undefined;

/** The number of a constant of one element. */
export const numberOf = (e: Expr): number | undefined =>
  e.op === "Constant" && staticSize(e) === 1
    ? Number(tensorNumbers(e.attributes.value)[0])
    : undefined;

/** Whether a loop computes a node from operands that are numbers in memory or parts of the loop. */
function isLoopNode(node: Expr, sums: boolean): boolean {
  const size = staticSize(node);
  if (size === undefined || size === 0) return false;
  const [from] = node.inputs;
  // A result of one element, all of which a sum or a part of an input gives.
  if (node.op === "ReduceSum") return sums && size === 1 && Number(staticSize(from)) > 0;
  if (node.op === "Slice") return size === 1 && isInput(from) && from.shape.length === 1;
  if (node.op !== "Reshape" && !laneOf(node)) return false;
  return node.inputs.every((x) => [1, size].includes(staticSize(x) as number));
}

/** Whether a value can reach the loops from outside. */
const isBorder = ({ op, dtype }: Expr): boolean =>
  dtype === "float32" && op !== "Constant" && op !== "Parameter";

/** The nodes that only the outputs in place need and that loops can compute. */
function loopNodes(graph: Graph, inPlace: InPlace, sums: boolean): Set<Expr> {
  const outputs = Object.entries(graph.outputs);
  const roots = new Set(outputs.flatMap(([name, e]) => (name in inPlace ? [e] : [])));
  const refused = new Set(outputs.flatMap(([name, e]) => (name in inPlace ? [] : [e])));
  const users = new Map<Expr, Expr[]>(graph.nodes.map((node) => [node, []]));
  for (const node of graph.nodes) for (const x of node.inputs) users.get(x)?.push(node);
  for (;;) {
    const found = new Set<Expr>();
    for (const node of [...graph.nodes].reverse()) {
      const used = users.get(node) ?? [];
      const own = (roots.has(node) || used.length > 0) && used.every((user) => found.has(user));
      if (own && !refused.has(node) && isLoopNode(node, sums)) found.add(node);
    }
    const held = (x: Expr) => found.has(x) || numberOf(x) !== undefined || isBorder(x);
    const wrong = [...found].filter((node) => !node.inputs.every(held));
    if (wrong.length === 0) return found;
    for (const node of wrong) refused.add(node);
  }
}

/**
 * Splits `graph`. Undefined where no output in place is a loop's. Without `sums` the body computes
 * all sums.
 */
export function splitLoops(
  graph: Graph,
  inPlace: InPlace,
  { sums }: { readonly sums: boolean },
): SplitGraph | undefined {
  const found = loopNodes(graph, inPlace, sums);
  const outputs: Record<string, Expr> = {};
  const rest: Record<string, Expr> = {};
  for (const [name, e] of Object.entries(graph.outputs)) {
    (name in inPlace && found.has(e) ? outputs : rest)[name] = e;
  }
  if (Object.keys(outputs).length === 0) return undefined;
  const border: Record<string, Expr> = {};
  const named = new Set<Expr>();
  for (const x of graph.nodes.flatMap((node) => (found.has(node) ? node.inputs : []))) {
    if (named.has(x) || found.has(x) || numberOf(x) !== undefined) continue;
    named.add(x);
    border[isInput(x) ? x.name : `border/${named.size}`] = x;
  }
  const made = Object.entries(border).filter(([, e]) => !isInput(e));
  const body = graphOf({ ...rest, ...Object.fromEntries(made) });
  return { body, outputs, border };
}
