/*
 * What follows from an index alone, as rows of one table. Training takes a schedule's numbers at the
 * time steps t `[batch]` from tables of n rows, so t is below n, and the network's features of t have n
 * rows too:
 *
 *   concat(sin(t rates), cos(t rates)) = gather(table, t)    table[k] = concat(sin(k rates), ...)
 *
 * The table is computed in float64, once.
 */
import { constant, type Expr, type Graph, gather, graphOf, tensor } from "@gen/graph";
import { isElementwise, isInput, rebuild, rewrite, withInputs } from "@gen/graph/compiler";
import { evaluate } from "@gen/graph/evaluate";

/** Elements of a table that is worth its memory. */
const MOST = 2 ** 18;

/** The graph with tables for what follows from an index. */
export function indexTables(graph: Graph): Graph {
  const lengths = rowsOf(graph);
  if (lengths.size === 0) return graph;
  const indexOf = new Map<Expr, Expr>();
  for (const node of graph.nodes) {
    const index = lengths.has(node) ? node : ownIndex(node, indexOf);
    if (index) indexOf.set(node, index);
  }
  const users = new Map<Expr, Expr[]>();
  for (const node of graph.nodes) {
    for (const x of node.inputs) users.set(x, [...(users.get(x) ?? []), node]);
  }
  const outputs = new Set(Object.values(graph.outputs));
  const isTable = (node: Expr) =>
    outputs.has(node) || (users.get(node) ?? []).some((user) => !indexOf.has(user));
  return rewrite(graph, (node, inputs) => {
    const index = indexOf.get(node);
    const isPart = index && index !== node && node.dtype === "float32" && isTable(node);
    if (!isPart || isPlain(node)) return withInputs(node, inputs);
    const rows = tableOf(node, index, lengths.get(index) as number);
    return rows ? gather(rows, index) : withInputs(node, inputs);
  });
}

/** A row of a constant for each index. */
const isPlain = (node: Expr): boolean =>
  node.op === "Gather" &&
  node.attributes.axis === 0 &&
  node.inputs[0].op === "Constant" &&
  isInput(node.inputs[1]);

/** The indices `[batch]` that take rows of constants, and below which number they are. */
function rowsOf({ nodes }: Graph): Map<Expr, number> {
  const lengths = new Map<Expr, number>();
  for (const node of nodes) {
    if (!isPlain(node) || node.inputs[1].shape.length !== 1) continue;
    const [table, index] = node.inputs;
    lengths.set(index, Math.min(lengths.get(index) ?? Infinity, Number(table.shape[0])));
  }
  return lengths;
}

/** The index that decides each row of a node, if it is the only one. */
function ownIndex(node: Expr, indexOf: ReadonlyMap<Expr, Expr>): Expr | undefined {
  const [index, ...others] = new Set(node.inputs.flatMap((x) => indexOf.get(x) ?? []));
  if (!index || others.length > 0 || node.shape.length === 0) return undefined;
  const isRow = (x: Expr) => indexOf.has(x) && x.shape[0] === node.shape[0];
  const isSame = ({ op, shape: { length, 0: first } }: Expr) =>
    op === "Constant" && (length < node.shape.length || first === 1);
  const fits =
    (isElementwise(node) &&
      node.inputs.every((x) =>
        indexOf.has(x) ? isRow(x) && x.shape.length === node.shape.length : isSame(x),
      )) ||
    (node.op === "Reshape" && isRow(node.inputs[0])) ||
    (node.op === "Concat" && node.attributes.axis !== 0 && node.inputs.every(isRow)) ||
    isPlain(node);
  return fits ? index : undefined;
}

/** A node's rows for all values of its index; undefined where they are too many elements. */
function tableOf(node: Expr, index: Expr, length: number): Expr | undefined {
  const size = node.shape.slice(1).reduce<number>((a, b) => a * Number(b), length);
  if (!(size <= MOST)) return undefined;
  const all = Array.from({ length }, (_, k) => k);
  const every = constant(tensor(all, [length], index.dtype));
  const { rows } = rebuild({ rows: node }, (each, inputs) => {
    if (each === index) return every;
    if (each.op === "Constant") return each;
    return { ...withInputs(each, inputs), shape: [length, ...each.shape.slice(1)] } as Expr;
  });
  const { rows: values } = evaluate(graphOf({ rows }), {});
  return constant(tensor(values.data, values.shape, "float32"));
}
