/**
 * The operations a formula may use so that one text of it serves numbers, arrays and expressions.
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
