/*
 * The instructions of elementwise operations: on one float32 and on four (WebAssembly core
 * specification 2.0, chapters 5.4.6 and 5.4.7). A truth value is an i32 or a mask of four.
 */
import type { Expr } from "../expr/expr.ts";
import type { ElementwiseOp } from "../expr/operations.ts";
import { type Code, float32Bytes, signed, unsigned } from "./wasm-module.ts";

/** How many numbers an instruction takes at once. */
export type Lanes = 1 | 4;

/** Keeps a value in a local of its type and gives the code that reads it. */
export type Hold = (code: Code, type: "number" | "integer") => Code;

/** The code of the operands and then of the operation. */
type Emit = (lanes: Lanes, operands: readonly Code[], hold: Hold) => Code;

const simd = (op: number): Code => [0xfd, ...unsigned(op)];

/** A float32 in every lane. */
export const numberCode = (lanes: Lanes, value: number): Code => {
  const bytes = float32Bytes(value);
  return lanes === 1 ? [0x43, ...bytes] : [...simd(0x0c), ...bytes, ...bytes, ...bytes, ...bytes];
};

/** Operands, then the instruction for one lane or the one for four. */
const instruction =
  (one: number, four: number) =>
  (lanes: Lanes, operands: readonly Code[]): Code => [
    ...operands.flat(),
    ...(lanes === 1 ? [one] : simd(four)),
  ];

const max = instruction(0x97, 0xe9);
const min = instruction(0x96, 0xe8);
const add = instruction(0x92, 0xe4);
const multiply = instruction(0x94, 0xe6);

const choose: Emit = (lanes, [condition, a, b]) =>
  lanes === 1 ? [...a, ...b, ...condition, 0x1b] : [...a, ...b, ...condition, ...simd(0x52)];

/** A truth value as 0 or 1. */
const toNumber = (lanes: Lanes, truth: Code): Code =>
  lanes === 1 ? [...truth, 0xb2] : [...truth, ...numberCode(4, 1), ...simd(0x4e)];

const differs = instruction(0x5c, 0x42);
const toTruth = (lanes: Lanes, x: Code): Code => differs(lanes, [x, numberCode(lanes, 0)]);

const greater = instruction(0x5e, 0x44);
const less = instruction(0x5d, 0x43);
const subtract = instruction(0x93, 0xe5);

/** `(x > 0) - (x < 0)`. */
const sign: Emit = (lanes, [x]) => {
  const zero = numberCode(lanes, 0);
  const [above, below] = [greater(lanes, [x, zero]), less(lanes, [x, zero])];
  return subtract(lanes, [toNumber(lanes, above), toNumber(lanes, below)]);
};

// ln 2 in two parts, and the polynomial of exp on [-ln 2 / 2, ln 2 / 2] (Cephes, expf).
const LN2 = [0.693359375, -2.121944400546906e-4];
const EXP = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
  5.0000001201e-1,
];

/** `exp(x) = 2^n exp(x - n ln 2)`, with the power as a product of two that float32 has. */
const exp: Emit = (lanes, [x], hold) => {
  const number = (value: number) => numberCode(lanes, value);
  const times = (a: Code, b: Code) => multiply(lanes, [a, b]);
  const plus = (a: Code, b: Code) => add(lanes, [a, b]);
  const within = hold(min(lanes, [max(lanes, [x, number(-104)]), number(89)]), "number");
  const nearest = instruction(0x90, 0x6a)(lanes, [times(within, number(Math.LOG2E))]);
  const n = hold(nearest, "number");
  const high = subtract(lanes, [within, times(n, number(LN2[0]))]);
  const rest = hold(subtract(lanes, [high, times(n, number(LN2[1]))]), "number");
  const polynomial = EXP.map(number).reduce((sum, c) => plus(times(sum, rest), c));
  const small = plus(plus(times(polynomial, times(rest, rest)), rest), number(1));
  const one = lanes === 1;
  const integers = (value: number): Code => {
    const word = new Uint8Array(Int32Array.of(value).buffer);
    return one ? [0x41, ...signed(value)] : [...simd(0x0c), ...word, ...word, ...word, ...word];
  };
  const shift = (a: Code, by: number, scalar: number, wide: number): Code => [
    ...a,
    0x41,
    ...signed(by),
    ...(one ? [scalar] : simd(wide)),
  ];
  const integer = (a: Code, b: Code, scalar: number, wide: number): Code => [
    ...a,
    ...b,
    ...(one ? [scalar] : simd(wide)),
  ];
  const whole = hold([...n, ...(one ? [0xfc, 0x00] : simd(0xf8))], "integer");
  const half = hold(shift(whole, 1, 0x75, 0xac), "integer");
  // The bits of a power of 2 are its exponent alone; the same bits are a number.
  const power = (exponent: Code): Code => [
    ...shift(integer(exponent, integers(127), 0x6a, 0xae), 23, 0x74, 0xab),
    ...(one ? [0xbe] : []),
  ];
  return times(times(small, power(half)), power(integer(whole, half, 0x6b, 0xb1)));
};

const operations: { readonly [O in ElementwiseOp]?: Emit } = {
  Add: add,
  Sub: subtract,
  Mul: multiply,
  Div: instruction(0x95, 0xe7),
  Max: max,
  Min: min,
  Greater: greater,
  Less: less,
  Equal: instruction(0x5b, 0x41),
  Where: choose,
  Neg: instruction(0x8c, 0xe1),
  Abs: instruction(0x8b, 0xe0),
  Sign: sign,
  Sqrt: instruction(0x91, 0xe3),
  Floor: instruction(0x8e, 0x68),
  Relu: (lanes, [x]) => max(lanes, [x, numberCode(lanes, 0)]),
  Exp: exp,
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
  const cast = node.dtype === "bool" ? toTruth : toNumber;
  return (lanes, [x]) => cast(lanes, x);
}
