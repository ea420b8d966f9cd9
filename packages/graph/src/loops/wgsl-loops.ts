/*
 * Loops as WGSL: each is one dispatch that reads and overwrites storage buffers of float32.
 */
import type { Expr } from "../expr/expr.ts";
import type { ElementwiseOp } from "../expr/operations.ts";
import type { Graph } from "../expr/trace.ts";
import {
  expressionsOf,
  isVector,
  type Loop,
  overwrites,
  planLoops,
  rootsOf,
} from "./plan-loops.ts";
import { type InPlace, numberOf } from "./split-loops.ts";

/** One dispatch. */
export interface WgslLoop {
  /** A module whose entry point `main` takes any number of workgroups, along x. */
  readonly code: string;
  /** The names of the buffers of group 0, in the order of their bindings. */
  readonly buffers: readonly string[];
  readonly length: number;
  /** Invocations of a workgroup. */
  readonly workgroup: number;
}

/** A graph in two parts, the loops as modules that run in order. */
export interface WgslLoops {
  /** What is left for a runtime. Its outputs are the other outputs and the border. */
  readonly body: Graph;
  /** The outputs that the loops compute. */
  readonly outputs: readonly string[];
  readonly loops: readonly WgslLoop[];
}

const WORKGROUP = 256;

const infix = (op: string) => (a: string, b: string) => `(${a} ${op} ${b})`;
const call =
  (name: string) =>
  (...operands: string[]) =>
    `${name}(${operands.join(", ")})`;

const operations: { readonly [O in ElementwiseOp]?: (...operands: string[]) => string } = {
  Add: infix("+"),
  Sub: infix("-"),
  Mul: infix("*"),
  Div: infix("/"),
  Max: call("max"),
  Min: call("min"),
  Greater: infix(">"),
  Less: infix("<"),
  Equal: infix("=="),
  Where: (condition, a, b) => `select(${b}, ${a}, ${condition})`,
  Neg: (x) => `(-${x})`,
  Abs: call("abs"),
  Sign: call("sign"),
  Sqrt: call("sqrt"),
  Floor: call("floor"),
  Relu: (x) => `max(${x}, 0.0)`,
};

/**
 * Takes the end of a graph, of which `inPlace` says which outputs take the memory of which inputs, as
 * loops. The body computes the sums. Undefined where loops have nothing to compute, need more than
 * `mostBuffers` at once, or would overwrite what a later loop reads.
 */
export function wgslLoops(
  graph: Graph,
  inPlace: InPlace,
  mostBuffers: number,
): WgslLoops | undefined {
  const plan = planLoops(graph, inPlace, { sums: false });
  if (!plan) return undefined;
  const { body, outputs, names } = plan;
  const single = plan.single.map((store): Loop => ({ length: 1, sums: [], stores: [store] }));
  const order = [...plan.loops, ...single];
  if (overwrites(order, names, inPlace)) return undefined;
  const loops = order.map((loop) => wgslLoop(loop, names, inPlace));
  const known = loops.every((loop) => loop && loop.buffers.length <= mostBuffers);
  return known ? { body, outputs: Object.keys(outputs), loops: loops as WgslLoop[] } : undefined;
}

/** A loop as a module; undefined where a constant is no finite float32. */
function wgslLoop(
  loop: Loop,
  names: ReadonlyMap<Expr, string>,
  inPlace: InPlace,
): WgslLoop | undefined {
  const targets = loop.stores.map(([name]) => inPlace[name]);
  const buffers: string[] = [];
  const bufferOf = (name: string) => {
    if (!buffers.includes(name)) buffers.push(name);
    return `b${buffers.indexOf(name)}`;
  };
  const lines: string[] = [];
  const locals = new Map<Expr, string>();
  let finite = true;
  const computed = (e: Expr): string => {
    const number = numberOf(e);
    if (number !== undefined) {
      const value = Math.fround(number);
      finite &&= Number.isFinite(value);
      return `f32(${value})`;
    }
    const name = names.get(e);
    if (name !== undefined) return `${bufferOf(name)}[${isVector(e) ? "i" : 0}]`;
    const [from] = e.inputs;
    if (e.op === "Slice") return `${bufferOf(names.get(from) as string)}[${e.attributes.start}]`;
    const operands = e.inputs.map((x) => locals.get(x) as string);
    if (e.op === "Cast") {
      return e.dtype === "bool" ? `(${operands[0]} != 0.0)` : `select(0.0, 1.0, ${operands[0]})`;
    }
    // A reshape changes nothing here.
    return operations[e.op as ElementwiseOp]?.(...operands) ?? operands[0];
  };
  const isEnd = (e: Expr) => names.has(e) || e.op === "Slice";
  for (const e of expressionsOf(rootsOf(loop), isEnd)) {
    locals.set(e, `v${locals.size}`);
    lines.push(`let ${locals.get(e)} = ${computed(e)};`);
  }
  for (const [name, e] of loop.stores) {
    lines.push(`${bufferOf(inPlace[name])}[i] = ${locals.get(e)};`);
  }
  const bindings = buffers.map((name, i) => {
    const access = targets.includes(name) ? "read_write" : "read";
    return `@group(0) @binding(${i}) var<storage, ${access}> b${i}: array<f32>;`;
  });
  const code = `${bindings.join("\n")}
@compute @workgroup_size(${WORKGROUP})
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  for (var i = id.x; i < ${loop.length}u; i += groups.x * ${WORKGROUP}u) {
    ${lines.join("\n    ")}
  }
}
`;
  return finite ? { code, buffers, length: loop.length, workgroup: WORKGROUP } : undefined;
}
