import { ArgumentError } from "./gen-error.ts";
import { expm1Minus, sigmoid, softplus } from "./special-functions.ts";

/**
 * The operations of a formula that is written once for numbers, arrays and expressions.
 *
 * `softplus(a) = log(1 + exp(a))` and `sigmoid(a) = 1 / (1 + exp(-a))` stay finite for every
 * finite `a`. Operands of different shapes broadcast as the instance defines.
 */
export interface Arithmetic<T> {
  /** A number as an operand, which broadcasts over every shape. */
  constant(value: number): T;
  /** `a + b`. */
  add(a: T, b: T): T;
  /** `a - b`. */
  sub(a: T, b: T): T;
  /** `a * b`. */
  mul(a: T, b: T): T;
  /** `a / b`. */
  div(a: T, b: T): T;
  /** `-a`. */
  neg(a: T): T;
  /** `e^a`. */
  exp(a: T): T;
  /** `e^a - 1 - a`, precise near 0; where it is left out, it is computed by those operations. */
  expm1Minus?(a: T): T;
  /** Natural logarithm. */
  log(a: T): T;
  /** Square root. */
  sqrt(a: T): T;
  /** Absolute value. */
  abs(a: T): T;
  /** Hyperbolic tangent. */
  tanh(a: T): T;
  /** `1 / (1 + e^-a)`, in [0, 1]. */
  sigmoid(a: T): T;
  /** `log(1 + e^a)`, at least 0. */
  softplus(a: T): T;
  /** The larger of `a` and `b`. */
  maximum(a: T, b: T): T;
  /** The smaller of `a` and `b`. */
  minimum(a: T, b: T): T;
}

/** {@link Arithmetic} on float64 numbers. */
export const numberArithmetic: Arithmetic<number> = {
  constant: (value) => value,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  exp: (a) => Math.exp(a),
  expm1Minus,
  log: (a) => Math.log(a),
  sqrt: (a) => Math.sqrt(a),
  abs: (a) => Math.abs(a),
  tanh: (a) => Math.tanh(a),
  sigmoid,
  softplus,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
};

/**
 * {@link Arithmetic} element by element on float64 arrays, for a batch of numbers; an array of
 * length 1 broadcasts.
 */
export const arrayArithmetic: Arithmetic<Float64Array> = /* @__PURE__ */ (() => {
  const { constant: _, ...operations } = numberArithmetic;
  const lifted = Object.entries(operations).map(([name, f]) => [name, elementwise(name, f)]);
  return { ...Object.fromEntries(lifted), constant: (value: number) => Float64Array.of(value) };
})();

// A function of one number ignores `b`.
function elementwise(name: string, f: (a: number, b: number) => number) {
  return (a: Float64Array, b: Float64Array = a): Float64Array => {
    if (a.length === b.length) return a.map((value, i) => f(value, b[i]));
    if (b.length === 1) return a.map((value) => f(value, b[0]));
    if (a.length === 1) return b.map((value) => f(a[0], value));
    throw new ArgumentError(
      `${name} needs equal lengths or a length of 1, got ${a.length} and ${b.length}`,
    );
  };
}
