/*
 * The loops of a graph's elementwise end, in order:
 *
 *   stage 0:  for each row:  sums of the row   values of the row   sums that need them   ...
 *             totals over all rows
 *   stage 1:  the same, with the totals, and at last the outputs
 *
 * A program without values for each row is one row and one stage.
 */
import type { Expr } from "../expr/expr.ts";
import type { Graph } from "../expr/trace.ts";
import { isReduction, operandsOf, partOf, type Reduction, staticSize } from "./rows.ts";
import { type InPlace, type SplitGraph, splitLoops } from "./split-loops.ts";

/** The elements of a value whose shape is static. */
export const sizeOfLoop = (e: Expr): number => staticSize(e) as number;

/** One pass over a row of each of its vectors. */
export interface Loop {
  /** The elements of a row. */
  readonly length: number;
  /** What the pass reduces. */
  readonly reductions: Reduction[];
  /** Vectors, each with the name of its output. */
  readonly stores: [name: string, value: Expr][];
}

/** Passes over row after row, and what is added up over all rows. */
export interface Stage {
  /** All that the stage computes or reads, operands before their users. */
  readonly nodes: readonly Expr[];
  readonly loops: readonly Loop[];
  /** Reductions over all rows, whose values later stages need. */
  readonly totals: readonly Reduction[];
  /** Outputs of one element for each row. */
  readonly rowStores: readonly [name: string, value: Expr][];
}

/** Where a value lies in memory. */
export interface Place {
  /** The name of the input or the body's output that it is a part of. */
  readonly name: string;
  /** The elements before its first. */
  readonly offset: number;
  /** The elements from a row's first to the next row's first. */
  readonly stride: number;
  /** Whether it is the whole of what it is a part of. */
  readonly whole: boolean;
}

/** A graph in two parts, the second one in loops. */
export interface LoopPlan extends SplitGraph {
  readonly stages: readonly Stage[];
  /** The outputs of one element. */
  readonly single: readonly [name: string, value: Expr][];
  isVector(e: Expr): boolean;
  /** Whether an expression is a reduction over all rows, of which there are several. */
  isTotal(e: Expr): e is Reduction;
  /** Where a value lies that the loops read; undefined for what they compute. */
  placeOf(e: Expr): Place | undefined;
}

/** Every expression that `roots` need down to an end, operands before their users. */
export function expressionsOf(roots: readonly Expr[], isEnd: (e: Expr) => boolean): Expr[] {
  const order = new Set<Expr>();
  const visit = (e: Expr) => {
    if (order.has(e)) return;
    if (!isEnd(e)) operandsOf(e).forEach(visit);
    order.add(e);
  };
  roots.forEach(visit);
  return [...order];
}

/** Splits a graph and plans its loops; see `splitLoops`. */
export function planLoops(
  graph: Graph,
  inPlace: InPlace,
  options: { readonly sums: boolean },
): LoopPlan | undefined {
  const split = splitLoops(graph, inPlace, options);
  if (!split) return undefined;
  const { outputs, border, rows } = split;
  const names = new Map(Object.entries(border).map(([name, e]) => [e, name]));
  const placeOf = (e: Expr): Place | undefined => {
    const rowLength = sizeOfLoop(e) === 1 ? 0 : Math.max(1, sizeOfLoop(e) / rows);
    const name = names.get(e);
    if (name !== undefined) return { name, offset: 0, stride: rowLength, whole: true };
    const from = e.op === "Slice" ? names.get(e.inputs[0]) : undefined;
    if (e.op !== "Slice" || from === undefined) return undefined;
    const part = partOf(e) as NonNullable<ReturnType<typeof partOf>>;
    const stride = part.rows > 1 ? part.stride : rowLength;
    return { name: from, offset: part.offset, stride, whole: false };
  };
  const isVector = (e: Expr) => sizeOfLoop(e) > rows;
  const isTotal = (e: Expr): e is Reduction =>
    rows > 1 && isReduction(e) && sizeOfLoop(e) === 1 && sizeOfLoop(e.inputs[0]) > 1;
  const plan = { ...split, placeOf, isVector, isTotal };
  const all = Object.entries(outputs);
  const single = all.filter(([, e]) => sizeOfLoop(e) === 1);
  const stores = all.filter(([, e]) => sizeOfLoop(e) > 1);
  return { ...plan, single, stages: stagesOf(plan, single, stores) };
}

type Plan = Omit<LoopPlan, "stages" | "single">;
type Stores = readonly [name: string, value: Expr][];

/** How many reductions of a kind lie on the longest way to each expression. */
function levelsOf(
  nodes: readonly Expr[],
  isEnd: (e: Expr) => boolean,
  counts: (e: Expr) => boolean,
) {
  const levels = new Map<Expr, number>();
  for (const e of nodes) {
    const below = isEnd(e) ? 0 : Math.max(0, ...operandsOf(e).map((x) => levels.get(x) ?? 0));
    levels.set(e, below + (!isEnd(e) && counts(e) ? 1 : 0));
  }
  return levels;
}

function stagesOf(plan: Plan, single: Stores, stores: Stores): Stage[] {
  const { placeOf, isTotal } = plan;
  const isLeaf = (e: Expr) => placeOf(e) !== undefined;
  const roots = [...stores, ...single].map(([, e]) => e);
  const everything = expressionsOf(roots, isLeaf);
  const levels = levelsOf(everything, isLeaf, isTotal);
  const last = Math.max(...levels.values());
  return Array.from({ length: last + 1 }, (_, at) => {
    const totals = everything.filter((e) => isTotal(e) && levels.get(e) === at + 1) as Reduction[];
    const ends = at === last ? stores : [];
    const isEnd = (e: Expr) => isLeaf(e) || (isTotal(e) && (levels.get(e) as number) <= at);
    const needed = [...totals, ...ends.map(([, e]) => e), ...(at === last ? roots : [])];
    const nodes = expressionsOf(needed, isEnd);
    const loops = loopsOf(plan, nodes, ends, isEnd);
    const rowStores = ends.filter(([, e]) => !plan.isVector(e));
    return { nodes, loops, totals, rowStores };
  });
}

/** The passes of a stage, in order. A pass holds what shares vectors. */
function loopsOf(
  plan: Plan,
  nodes: readonly Expr[],
  ends: Stores,
  isEnd: (e: Expr) => boolean,
): Loop[] {
  const { isVector, placeOf, rows } = plan;
  const isPass = (e: Expr): e is Reduction => isReduction(e) && isVector(e.inputs[0]);
  const levels = levelsOf(nodes, isEnd, isPass);
  const last = Math.max(0, ...levels.values());
  const loops: (Loop & { level: number; names: Set<string> })[] = [];
  const loopFor = (root: Expr, level: number) => {
    const leaves = vectorsOf(plan, [root]).flatMap((e) => placeOf(e)?.name ?? []);
    const length = sizeOfLoop(root) / rows;
    const shares = loops.filter(
      (loop) =>
        loop.level === level &&
        loop.length === length &&
        leaves.some((name) => loop.names.has(name)),
    );
    const [
      first = { level, length, names: new Set<string>(), reductions: [], stores: [] },
      ...more
    ] = shares;
    if (shares.length === 0) loops.push(first);
    for (const other of more) {
      first.reductions.push(...other.reductions);
      first.stores.push(...other.stores);
      leaves.push(...other.names);
      loops.splice(loops.indexOf(other), 1);
    }
    for (const name of leaves) first.names.add(name);
    return first;
  };
  for (const e of nodes) {
    if (isEnd(e) || !isPass(e)) continue;
    loopFor(e.inputs[0], (levels.get(e) as number) - 1).reductions.push(e);
  }
  for (const [name, e] of ends) if (isVector(e)) loopFor(e, last).stores.push([name, e]);
  return loops.sort((a, b) => a.level - b.level || a.stores.length - b.stores.length);
}

/** All that the loops reduce. */
export const reductionsOf = ({ stages, placeOf }: LoopPlan): Reduction[] => {
  const all = new Set(stages.flatMap(({ nodes }) => nodes.filter(isReduction)));
  return [...all].filter((e) => !placeOf(e));
};

/** The vectors that roots are made of, operands first. */
export const vectorsOf = (plan: Plan, roots: readonly Expr[]): Expr[] =>
  expressionsOf(roots, (e) => plan.placeOf(e) !== undefined || !plan.isVector(e)).filter(
    plan.isVector,
  );

export const rootsOf = ({ reductions, stores }: Loop): Expr[] => [
  ...reductions.map((e) => e.inputs[0]),
  ...stores.map(([, e]) => e),
];

/**
 * Whether a part of the program reads what an earlier part has overwritten. Where `single` values are
 * read first, they are safe.
 */
export function overwrites(
  { stages, placeOf }: LoopPlan,
  inPlace: InPlace,
  { singleFirst }: { readonly singleFirst: boolean },
): boolean {
  const gone = new Set<string>();
  const { loops, nodes, rowStores } = stages[stages.length - 1];
  const targets = new Set(
    [...loops.flatMap(({ stores }) => stores), ...rowStores].map(([name]) => inPlace[name]),
  );
  const safe = (e: Expr) => singleFirst && sizeOfLoop(e) === 1;
  // A part is read where another row or element is written.
  const torn = nodes.some((e) => {
    const place = placeOf(e);
    return place && !place.whole && !safe(e) && targets.has(place.name);
  });
  const isEnd = (e: Expr) => placeOf(e) !== undefined || isReduction(e);
  const lost = (roots: readonly Expr[]) =>
    expressionsOf(roots, isEnd).some((e) => {
      const place = placeOf(e);
      return place && !safe(e) && gone.has(place.name);
    });
  const late = loops.some((loop) => {
    const found = lost(rootsOf(loop));
    for (const [name] of loop.stores) gone.add(inPlace[name]);
    return found;
  });
  return torn || late || lost(rowStores.map(([, e]) => e));
}
