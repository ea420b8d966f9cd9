/*
 * The loops of a graph's elementwise end, in order:
 *
 *   level 0: sums of the border    scalars    level 1: sums and outputs that need them    ...
 */
import { type Expr, type ExprOf, isInput } from "../expr/expr.ts";
import type { Graph } from "../expr/trace.ts";
import { type InPlace, type SplitGraph, splitLoops, staticSize } from "./split-loops.ts";

/** The elements of a value whose shape is static. */
export const sizeOfLoop = (e: Expr): number => staticSize(e) as number;
export const isVector = (e: Expr): boolean => sizeOfLoop(e) > 1;

/** Every expression that `roots` need down to an end, operands before their users. */
export function expressionsOf(roots: readonly Expr[], isEnd: (e: Expr) => boolean): Expr[] {
  const order = new Set<Expr>();
  const visit = (e: Expr) => {
    if (order.has(e)) return;
    if (!isEnd(e)) e.inputs.forEach(visit);
    order.add(e);
  };
  roots.forEach(visit);
  return [...order];
}

/** One pass over vectors of equal length. */
export interface Loop {
  readonly length: number;
  readonly sums: ExprOf<"ReduceSum">[];
  /** Values, each with the name of its output. */
  readonly stores: [name: string, value: Expr][];
}

/** A graph in two parts, the second one in loops. */
export interface LoopPlan extends SplitGraph {
  /** The names of what the loops read. */
  readonly names: ReadonlyMap<Expr, string>;
  /** What the loops read and compute, operands before their users. */
  readonly nodes: readonly Expr[];
  readonly sums: readonly ExprOf<"ReduceSum">[];
  /** The loops over vectors, in order. */
  readonly loops: readonly Loop[];
  /** The outputs of one element. */
  readonly single: readonly [name: string, value: Expr][];
}

/** Splits a graph and plans its loops; see `splitLoops`. */
export function planLoops(
  graph: Graph,
  inPlace: InPlace,
  options: { readonly sums: boolean },
): LoopPlan | undefined {
  const split = splitLoops(graph, inPlace, options);
  if (!split) return undefined;
  const { outputs, border } = split;
  const names = new Map(Object.entries(border).map(([name, e]) => [e, name]));
  const isLeaf = (e: Expr) => names.has(e);
  const nodes = expressionsOf(Object.values(outputs), isLeaf);
  const sums = nodes.filter(
    (e): e is ExprOf<"ReduceSum"> => e.op === "ReduceSum" && !isLeaf(e) && isVector(e.inputs[0]),
  );
  const loops = loopsInOrder(nodes, sums, outputs, isLeaf);
  const single = Object.entries(outputs).filter(([, e]) => !isVector(e));
  return { ...split, names, nodes, sums, loops, single };
}

/** The loops, each after those whose sums it needs. A loop holds what shares vectors. */
function loopsInOrder(
  nodes: readonly Expr[],
  sums: readonly ExprOf<"ReduceSum">[],
  outputs: Readonly<Record<string, Expr>>,
  isLeaf: (e: Expr) => boolean,
): Loop[] {
  const levels = new Map<Expr, number>();
  for (const e of nodes) {
    const below = isLeaf(e) ? 0 : Math.max(0, ...e.inputs.map((x) => levels.get(x) ?? 0));
    levels.set(e, below + (sums.includes(e as ExprOf<"ReduceSum">) ? 1 : 0));
  }
  const loops: (Loop & { level: number; leaves: Set<Expr> })[] = [];
  const loopFor = (root: Expr, level: number) => {
    const leaves = new Set(vectorsOf(root, isLeaf).filter(isLeaf));
    const length = sizeOfLoop(root);
    const shares = loops.filter(
      (loop) =>
        loop.level === level &&
        loop.length === length &&
        [...leaves].some((leaf) => loop.leaves.has(leaf)),
    );
    const [first = { level, length, leaves: new Set<Expr>(), sums: [], stores: [] }, ...more] =
      shares;
    if (shares.length === 0) loops.push(first);
    for (const other of more) {
      first.sums.push(...other.sums);
      first.stores.push(...other.stores);
      for (const leaf of other.leaves) leaves.add(leaf);
      loops.splice(loops.indexOf(other), 1);
    }
    for (const leaf of leaves) first.leaves.add(leaf);
    return first;
  };
  for (const e of sums) loopFor(e.inputs[0], (levels.get(e) as number) - 1).sums.push(e);
  for (const [name, e] of Object.entries(outputs)) {
    if (isVector(e)) loopFor(e, levels.get(e) as number).stores.push([name, e]);
  }
  return loops.sort((a, b) => a.level - b.level || a.stores.length - b.stores.length);
}

/** The vectors that a loop's root is made of, operands first. */
export const vectorsOf = (root: Expr, isLeaf: (e: Expr) => boolean): Expr[] =>
  expressionsOf([root], (e) => isLeaf(e) || !isVector(e)).filter(isVector);

export const rootsOf = ({ sums, stores }: Loop): Expr[] => [
  ...sums.map((e) => e.inputs[0]),
  ...stores.map(([, e]) => e),
];

/** Whether a loop or the end reads what an earlier loop has overwritten. */
export function overwrites(
  loops: readonly Loop[],
  names: ReadonlyMap<Expr, string>,
  inPlace: InPlace,
): boolean {
  const gone = new Set<string>();
  // Sums are kept apart once they are computed.
  const isEnd = (e: Expr) => names.has(e) || e.op === "ReduceSum";
  return loops.some((loop) => {
    const read = expressionsOf(rootsOf(loop), isEnd);
    const lost = read.some((e) => isInput(e) && gone.has(names.get(e) as string));
    for (const [name] of loop.stores) gone.add(inPlace[name]);
    return lost;
  });
}
