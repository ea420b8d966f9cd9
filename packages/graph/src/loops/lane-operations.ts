/*
 * The instructions of elementwise operations: on one float32 and on four (WebAssembly core
 * specification 2.0, chapters 5.4.6 and 5.4.7). A truth value is an i32 or a mask of four.
 */
import type { Expr } from "../expr/expr.ts";
import type { ElementwiseOp } from "../expr/operations.ts";
import { type Code, float32Bytes, unsigned } from "./wasm-module.ts";

/** How many numbers an instruction takes at once. */
export type Lanes = 1 | 4;

/** What emits the operands and then the operation. */
type Emit = (lanes: Lanes, ...operands: Code[]) => Code;

const simd = (op: number): Code => [0xfd, ...unsigned(op)];

/** A float32 in every lane. */
export const numberCode = (lanes: Lanes, value: number): Code => {
  const bytes = float32Bytes(value);
  return lanes === 1 ? [0x43, ...bytes] : [...simd(0x0c), ...bytes, ...bytes, ...bytes, ...bytes];
};

/** Operands, then the instruction for one lane or the one for four. */
const instruction =
  (one: number, four: number): Emit =>
  (lanes, ...operands) => [...operands.flat(), ...(lanes === 1 ? [one] : simd(four))];

const max = instruction(0x97, 0xe9);

const choose: Emit = (lanes, condition, a, b) =>
  lanes === 1 ? [...a, ...b, ...condition, 0x1b] : [...a, ...b, ...condition, ...simd(0x52)];

/** A truth value as 0 or 1. */
const toNumber: Emit = (lanes, truth) =>
  lanes === 1 ? [...truth, 0xb2] : [...truth, ...numberCode(4, 1), ...simd(0x4e)];

const toTruth: Emit = (lanes, x) => instruction(0x5c, 0x42)(lanes, x, numberCode(lanes, 0));

const greater = instruction(0x5e, 0x44);
const less = instruction(0x5d, 0x43);
const subtract = instruction(0x93, 0xe5);

/** `(x > 0) - (x < 0)`. */
const sign: Emit = (lanes, x) => {
  const zero = numberCode(lanes, 0);
  const [above, below] = [greater(lanes, x, zero), less(lanes, x, zero)];
  return subtract(lanes, toNumber(lanes, above), toNumber(lanes, below));
};

const operations: { readonly [O in ElementwiseOp]?: Emit } = {
  Add: instruction(0x92, 0xe4),
  Sub: subtract,
  Mul: instruction(0x94, 0xe6),
  Div: instruction(0x95, 0xe7),
  Max: max,
  Min: instruction(0x96, 0xe8),
  Greater: greater,
  Less: less,
  Equal: instruction(0x5b, 0x41),
  Where: choose,
  Neg: instruction(0x8c, 0xe1),
  Abs: instruction(0x8b, 0xe0),
  Sign: sign,
  Sqrt: instruction(0x91, 0xe3),
  Floor: instruction(0x8e, 0x68),
  Relu: (lanes, x) => max(lanes, x, numberCode(lanes, 0)),
};

/** The instructions of a node on float32 numbers or truth values; undefined where there are none. */
export function laneOf(node: Expr): Emit | undefined {
  const types = [node, ...node.inputs].map(({ dtype }) => dtype);
  if (types.some((dtype) => dtype !== "float32" && dtype !== "bool")) return undefined;
  if (node.op !== "Cast") {
    // Truth values are not compared or computed with here.
    const [first, ...rest] = node.inputs;
    const numbers = node.op === "Where" ? rest : [first, ...rest];
    const whole = numbers.every((x) => x?.dtype === "float32");
    return whole ? operations[node.op as ElementwiseOp] : undefined;
  }
  return node.dtype === "bool" ? toTruth : toNumber;
}
