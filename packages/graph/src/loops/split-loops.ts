/*
 * A graph in two parts: a body for a runtime, and loops over plain memory that end it.
 *
 *   outputs = loops(border)    border, other outputs = body(inputs)
 *
 * The loops hold all elementwise operations, scalars and reductions between the outputs and the
 * border. A runtime takes one pass over memory for each of these operations; a loop takes one pass for
 * all. `plan-loops.ts` orders the loops, `wasm-loops.ts` and `wgsl-loops.ts` compile them.
 *
 *   splitLoops(step, { "next/weights/0": "state/weights/0" })
 */
import { type Expr, isInput } from "../expr/expr.ts";
import { tensorNumbers } from "../expr/tensor.ts";
import { type Graph, graphOf } from "../expr/trace.ts";
import { laneOf } from "./lane-operations.ts";
import { isReduction, operandsOf, rowsFor, staticSize } from "./rows.ts";

/** Outputs that take the memory of inputs, by name. */
export type InPlace = Readonly<Record<string, string>>;

/** The name of an output's memory. */
export const regionOf = (output: string, inPlace: InPlace): string =>
  inPlace[output] ?? `output/${output}`;

/** A graph in two parts. */
export interface SplitGraph {
  readonly body: Graph;
  /** The outputs that loops compute. */
  readonly outputs: Readonly<Record<string, Expr>>;
  /** What the loops read, by the names of the graph's inputs and of the body's outputs. */
  readonly border: Readonly<Record<string, Expr>>;
  /** The rows, of equal lengths, that each vector of the loops has. */
  readonly rows: number;
}

/** The number of a constant of one element. */
export const numberOf = (e: Expr): number | undefined =>
  e.op === "Constant" && staticSize(e) === 1
    ? Number(tensorNumbers(e.attributes.value)[0])
    : undefined;

/** Whether a value can reach the loops from outside. */
const isBorder = ({ op, dtype }: Expr): boolean =>
  dtype === "float32" && op !== "Constant" && op !== "Parameter";

/** Whether loops know a node's operation. */
export const hasLoop = (node: Expr): boolean =>
  isReduction(node) ||
  ["Slice", "Reshape", "Expand"].includes(node.op) ||
  laneOf(node) !== undefined;

/** The end of a graph that loops can compute, and the rows of its vectors. */
function loopNodes(graph: Graph, roots: ReadonlySet<Expr>, refused: Set<Expr>, sums: boolean) {
  const users = new Map<Expr, Expr[]>(graph.nodes.map((node) => [node, []]));
  for (const node of graph.nodes) for (const x of node.inputs) users.get(x)?.push(node);
  const needed = (node: Expr) => {
    if (isReduction(node) && !sums) return undefined;
    return hasLoop(node) ? rowsFor(node) : undefined;
  };
  const rowsOf = new Map(graph.nodes.map((node) => [node, needed(node)]));
  for (;;) {
    const found = new Set<Expr>();
    let rows = 1;
    for (const node of [...graph.nodes].reverse()) {
      const used = users.get(node) ?? [];
      const own = (roots.has(node) || used.length > 0) && used.every((user) => found.has(user));
      const needs = rowsOf.get(node);
      if (!own || refused.has(node) || needs === undefined) continue;
      // The rows are those of the nodes nearest to the end.
      if (rows === 1) rows = needs;
      if (needs === 1 || needs === rows) found.add(node);
    }
    const held = (x: Expr) => found.has(x) || numberOf(x) !== undefined || isBorder(x);
    const isWrong = (node: Expr) => {
      const operands = operandsOf(node);
      if (!operands.every(held)) return true;
      // A part is a part of what lies in memory.
      if (node.op === "Slice") return found.has(operands[0]) || !isBorder(operands[0]);
      const vectors = isReduction(node) ? operands : roots.has(node) ? [node] : [];
      return !operands.every((x) => fits(x, rows)) || !vectors.every((x) => isWhole(x, rows));
    };
    const wrong = [...found].filter(isWrong);
    if (wrong.length === 0) return { found, rows };
    for (const node of wrong) refused.add(node);
  }
}

/** Whether a value is one number, or has equally many elements for each row. */
const isWhole = (x: Expr, rows: number) =>
  staticSize(x) === 1 || (staticSize(x) as number) % rows === 0;

/** The same, or equally many rows for each element. */
const fits = (x: Expr, rows: number) => isWhole(x, rows) || rows % (staticSize(x) as number) === 0;

/**
 * Splits `graph`. The loops compute outputs in place and other outputs of more than one element.
 * Undefined where no output in place is a loop's. Without `sums` the body computes all reductions.
 */
export function splitLoops(
  graph: Graph,
  inPlace: InPlace,
  { sums }: { readonly sums: boolean },
): SplitGraph | undefined {
  const all = Object.entries(graph.outputs);
  const isRoot = ([name, e]: [string, Expr]) => name in inPlace || Number(staticSize(e)) > 1;
  const roots = new Set(all.filter(isRoot).map(([, e]) => e));
  const refused = new Set(all.filter((output) => !isRoot(output)).map(([, e]) => e));
  const { found, rows } = loopNodes(graph, roots, refused, sums);
  const outputs: Record<string, Expr> = {};
  const rest: Record<string, Expr> = {};
  for (const [name, e] of all) (found.has(e) ? outputs : rest)[name] = e;
  if (!Object.keys(outputs).some((name) => name in inPlace)) return undefined;
  const border: Record<string, Expr> = {};
  const named = new Set<Expr>();
  for (const x of graph.nodes.flatMap((node) => (found.has(node) ? operandsOf(node) : []))) {
    if (named.has(x) || found.has(x) || numberOf(x) !== undefined) continue;
    named.add(x);
    border[isInput(x) ? x.name : `border/${named.size}`] = x;
  }
  const made = Object.entries(border).filter(([, e]) => !isInput(e));
  const body = graphOf({ ...rest, ...Object.fromEntries(made) });
  return { body, outputs, border, rows };
}
