import type { Arithmetic } from "./arithmetic.ts";
import { sigmoid, softplus } from "./softplus.ts";

/** {@link Arithmetic} on float64 numbers. */
export const numberArithmetic: Arithmetic<number> = {
  constant: (value) => value,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  exp: (a) => Math.exp(a),
  log: (a) => Math.log(a),
  sqrt: (a) => Math.sqrt(a),
  abs: (a) => Math.abs(a),
  tanh: (a) => Math.tanh(a),
  sigmoid,
  softplus,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
};
