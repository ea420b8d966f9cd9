/**
 * The operations a formula may use so that one text of it serves numbers, arrays and expressions.
 *
 * `softplus(a) = log(1 + exp(a))` and `sigmoid(a) = 1 / (1 + exp(-a))` stay finite for every
 * finite `a`. Operands of different shapes broadcast as the instance defines.
 */
export interface Arithmetic<T> {
  constant(value: number): T;
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  div(a: T, b: T): T;
  neg(a: T): T;
  exp(a: T): T;
  log(a: T): T;
  sqrt(a: T): T;
  abs(a: T): T;
  tanh(a: T): T;
  sigmoid(a: T): T;
  softplus(a: T): T;
  maximum(a: T, b: T): T;
  minimum(a: T, b: T): T;
}
