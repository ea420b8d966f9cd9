/* The values of loops as WGSL, in a module's buffers and names. */
import type { Expr } from "../expr/expr.ts";
import type { ElementwiseOp } from "../expr/operations.ts";
import { type LoopPlan, type Place, sizeOfLoop } from "./plan-loops.ts";
import { operandsOf, type Reduction } from "./rows.ts";
import { numberOf } from "./split-loops.ts";

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
  Exp: call("exp"),
};

/** The name of the buffer with the results of each row, from which totals are made. */
export const TOTALS = "totals";

/** The reductions over all rows, in the order of their rows in the buffer. */
export const totalsOf = ({ stages }: LoopPlan): Reduction[] =>
  stages.flatMap(({ totals }) => totals);

/** A module: its buffers, and lines that read and write them. */
export function wgslModule(plan: LoopPlan) {
  const { rows, placeOf, isVector, isTotal } = plan;
  const totals = totalsOf(plan);
  const buffers: string[] = [];
  const written = new Set<string>();
  const names = new Map<Expr, string>();
  let named = 0;
  let finite = true;

  /** The variable of a buffer that is read. */
  const from = (name: string) => {
    if (!buffers.includes(name)) buffers.push(name);
    return `b${buffers.indexOf(name)}`;
  };
  const element = ({ name, offset, stride }: Place, e: Expr): string => {
    const size = sizeOfLoop(e);
    const row = size < rows ? `row % ${size}u` : `row * ${stride}u`;
    const parts = [size > 1 && rows > 1 && row, isVector(e) && "i", offset > 0 && `${offset}u`];
    return `${from(name)}[${parts.filter(Boolean).join(" + ") || 0}]`;
  };
  const text = (e: Expr): string => {
    const number = numberOf(e);
    if (number !== undefined) {
      const value = Math.fround(number);
      finite &&= Number.isFinite(value);
      return `f32(${value})`;
    }
    const place = placeOf(e);
    if (place) return element(place, e);
    if (isTotal(e)) {
      const share = e.op === "ReduceMean" ? ` * ${1 / sizeOfLoop(e.inputs[0])}` : "";
      const join = e.op === "ReduceMax" ? "largestOf" : "sumOf";
      return `${join}Rows(${totals.indexOf(e) * rows}u)${share}`;
    }
    const operands = operandsOf(e).map((x) => names.get(x) as string);
    if (e.op === "Cast") {
      return e.dtype === "bool" ? `(${operands[0]} != 0.0)` : `select(0.0, 1.0, ${operands[0]})`;
    }
    // A reshape changes nothing here.
    return operations[e.op as ElementwiseOp]?.(...operands) ?? operands[0];
  };
  const newName = () => `v${named++}`;
  return {
    buffers,
    names,
    from,
    newName,
    /** The variable of a buffer that is written. */
    into(name: string) {
      written.add(name);
      return from(name);
    },
    /** Lines that name the values of expressions, operands first, unless they have names. */
    define: (nodes: readonly Expr[]): string[] =>
      nodes.flatMap((e) => {
        if (names.has(e)) return [];
        const value = text(e);
        const name = newName();
        names.set(e, name);
        return [`let ${name} = ${value};`];
      }),
    /** Declares the buffers; undefined where a constant is no finite float32. */
    bindings(): string | undefined {
      const lines = buffers.map((name, i) => {
        const access = written.has(name) ? "read_write" : "read";
        return `@group(0) @binding(${i}) var<storage, ${access}> b${i}: array<f32>;`;
      });
      return finite ? lines.join("\n") : undefined;
    },
  };
}
