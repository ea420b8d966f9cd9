/*
 * Loops as WGSL: each is one dispatch that reads and overwrites storage buffers of float32.
 *
 * Without values for each row a pass is one dispatch. With them a stage is one dispatch, in which a
 * workgroup takes a row, and totals over all rows are left in a buffer for the next stage.
 */
import type { Expr } from "../expr/expr.ts";
import type { Graph } from "../expr/trace.ts";
import {
  expressionsOf,
  type Loop,
  type LoopPlan,
  overwrites,
  planLoops,
  reductionsOf,
  rootsOf,
  type Stage,
  vectorsOf,
} from "./plan-loops.ts";
import { operandsOf, type Reduction } from "./rows.ts";
import { type InPlace, regionOf } from "./split-loops.ts";
import { TOTALS, totalsOf, wgslModule } from "./wgsl-module.ts";

/** One dispatch. */
export interface WgslLoop {
  /** A module whose entry point `main` takes workgroups along x. */
  readonly code: string;
  /** The names of the buffers of group 0, in the order of their bindings. */
  readonly buffers: readonly string[];
  /** How many workgroups take part. */
  readonly workgroups: number;
}

/** A graph in two parts, the loops as modules that run in order. */
export interface WgslLoops {
  /** What is left for a runtime. Its outputs are the other outputs and the border. */
  readonly body: Graph;
  /** The buffers of the outputs that the loops compute: in place, those of inputs. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The elements of the buffers that only the loops use, by name. */
  readonly scratch: Readonly<Record<string, number>>;
  /** The dispatches, in order. */
  readonly loops: readonly WgslLoop[];
}

const WORKGROUP = 256;
const MOST_WORKGROUPS = 65_535;
/**
 * Takes the end of a graph, of which `inPlace` says which outputs take the memory of which inputs, as
 * loops. Undefined where loops have nothing to compute, need more than
 * `mostBuffers` at once, or would overwrite what a later loop reads.
 *
 * Loops reduce rows where all passes have one length; otherwise the body computes the reductions.
 *
 * @param graph The graph.
 * @param inPlace The inputs whose memory outputs take, by the outputs' names.
 * @param mostBuffers The most storage buffers of one dispatch.
 */
export function wgslLoops(
  graph: Graph,
  inPlace: InPlace,
  mostBuffers: number,
): WgslLoops | undefined {
  const byRows = planLoops(graph, inPlace, { sums: true });
  const serves = !byRows || reductionsOf(byRows).length === 0 || isOneLength(byRows);
  const plan = serves ? byRows : planLoops(graph, inPlace, { sums: false });
  if (!plan || overwrites(plan, inPlace, { singleFirst: false })) return undefined;
  const { rows, stages, single } = plan;
  const rowWise = rows > 1 || reductionsOf(plan).length > 0;
  if (rowWise && (rows > MOST_WORKGROUPS || single.length > 0)) return undefined;
  const flat = [
    ...stages[0].loops,
    ...single.map((store): Loop => ({ length: 1, reductions: [], stores: [store] })),
  ];
  const made = rowWise
    ? stages.map((stage) => rowLoop(plan, inPlace, stage))
    : flat.map((loop) => flatLoop(plan, inPlace, loop));
  const loops = made.map(({ declared, code, ...rest }) => ({
    ...rest,
    code: `${declared}${code}`,
  }));
  const known = made.every(
    ({ declared, buffers }) => declared !== undefined && buffers.length <= mostBuffers,
  );
  if (!known) return undefined;
  return {
    body: plan.body,
    outputs: Object.fromEntries(
      Object.keys(plan.outputs).map((name) => [name, regionOf(name, inPlace)]),
    ),
    scratch: stages.length > 1 ? { [TOTALS]: rows * totalsOf(plan).length } : {},
    loops,
  };
}

/** Whether one workgroup for each row serves a plan. */
function isOneLength({ stages, single }: LoopPlan): boolean {
  const lengths = new Set(stages.flatMap(({ loops }) => loops.map(({ length }) => length)));
  return lengths.size === 1 && single.length === 0;
}

/** A pass in which each invocation takes elements by themselves. */
function flatLoop(plan: LoopPlan, inPlace: InPlace, { length, stores }: Loop) {
  const { buffers, into, names, define, bindings } = wgslModule(plan);
  const isEnd = (e: Expr) => plan.placeOf(e) !== undefined;
  const lines = define(
    expressionsOf(
      stores.map(([, e]) => e),
      isEnd,
    ),
  );
  for (const [name, e] of stores) {
    lines.push(`${into(regionOf(name, inPlace))}[i] = ${names.get(e)};`);
  }
  const code = `
@compute @workgroup_size(${WORKGROUP})
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < ${length}u; i += groups.x * ${WORKGROUP}u) {
    ${lines.join("\n    ")}
  }
}
`;
  const workgroups = Math.min(Math.ceil(length / WORKGROUP), MOST_WORKGROUPS);
  return { declared: bindings(), code, buffers, workgroups };
}

const LEAST = "f32(-3.4028234663852886e38)";
const JOINS = {
  sumOf: { start: "0.0", join: (a: string, b: string) => `${a} + ${b}` },
  largestOf: { start: LEAST, join: (a: string, b: string) => `max(${a}, ${b})` },
} as const;
const joinOf = ({ op }: Reduction) => (op === "ReduceMax" ? "largestOf" : "sumOf");

/** A stage in which each workgroup takes a row. */
function rowLoop(plan: LoopPlan, inPlace: InPlace, { loops, totals, rowStores }: Stage) {
  const { rows, placeOf, isVector, isTotal } = plan;
  const { buffers, from, into, names, newName, define, bindings } = wgslModule(plan);
  const lines: string[] = [];
  /** Defines values of the row. Its reductions have names already. */
  const defineRow = (roots: readonly Expr[]) => {
    const isEnd = (e: Expr) => placeOf(e) !== undefined || isTotal(e) || names.has(e);
    lines.push(...define(expressionsOf(roots, isEnd)));
  };
  for (const loop of loops) {
    const { length, reductions, stores } = loop;
    const vectors = vectorsOf(plan, rootsOf(loop));
    const computed = vectors.filter((e) => !placeOf(e));
    defineRow(computed.flatMap(operandsOf).filter((e) => !isVector(e)));
    const sums = reductions.map((e) => ({ e, name: newName(), ...JOINS[joinOf(e)] }));
    for (const { name, start } of sums) lines.push(`var ${name} = ${start};`);
    const body = define(vectors);
    for (const { e, name, join } of sums) {
      body.push(`${name} = ${join(name, names.get(e.inputs[0]) as string)};`);
    }
    for (const [name, e] of stores) {
      const index = rows > 1 ? `row * ${length}u + i` : "i";
      body.push(`${into(regionOf(name, inPlace))}[${index}] = ${names.get(e)};`);
    }
    // The names of a pass end with it.
    for (const e of vectors) names.delete(e);
    lines.push(`for (var i = at; i < ${length}u; i += ${WORKGROUP}u) {`, ...body, "}");
    for (const { e, name } of sums) {
      const share = e.op === "ReduceMean" && !isTotal(e) ? ` * ${1 / length}` : "";
      const joined = newName();
      lines.push(`let ${joined} = ${joinOf(e)}(${name}, at)${share};`);
      names.set(e, joined);
    }
  }
  for (const e of totals) {
    const [values] = e.inputs;
    if (!isVector(values)) defineRow([values]);
    const value = names.get(isVector(values) ? e : values);
    const index = totalsOf(plan).indexOf(e) * rows;
    lines.push(`if (at == 0u) { ${into(TOTALS)}[row + ${index}u] = ${value}; }`);
  }
  defineRow(rowStores.map(([, e]) => e));
  for (const [name, e] of rowStores) {
    lines.push(`if (at == 0u) { ${into(regionOf(name, inPlace))}[row] = ${names.get(e)}; }`);
  }
  const helpers = Object.entries(JOINS).flatMap(([name, join]) => [
    ...(lines.some((line) => line.includes(`${name}(`)) ? [joinParts(name, join)] : []),
    ...(lines.some((line) => line.includes(`${name}Rows(`))
      ? [joinRows(name, join, rows, from(TOTALS))]
      : []),
  ]);
  const code = `
var<workgroup> parts: array<f32, ${WORKGROUP}>;
${helpers.join("\n")}
@compute @workgroup_size(${WORKGROUP})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let row = group.x;
  let at = local.x;
  ${lines.join("\n  ")}
}
`;
  return { declared: bindings(), code, buffers, workgroups: rows };
}

interface Join {
  readonly start: string;
  join(a: string, b: string): string;
}

/** Joins one number of each invocation of a workgroup. */
const joinParts = (name: string, { join }: Join) => `fn ${name}(x: f32, at: u32) -> f32 {
  parts[at] = x;
  workgroupBarrier();
  for (var half = ${WORKGROUP / 2}u; half > 0u; half /= 2u) {
    if (at < half) {
      let a = parts[at];
      let b = parts[at + half];
      parts[at] = ${join("a", "b")};
    }
    workgroupBarrier();
  }
  let all = parts[0];
  workgroupBarrier();
  return all;
}`;

/** Joins the results of all rows, which an earlier stage left in a buffer. */
const joinRows = (name: string, { start, join }: Join, rows: number, buffer: string) =>
  `fn ${name}Rows(first: u32) -> f32 {
  var a = ${start};
  for (var k = 0u; k < ${rows}u; k++) {
    let b = ${buffer}[first + k];
    a = ${join("a", "b")};
  }
  return a;
}`;
