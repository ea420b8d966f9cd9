import type { Arithmetic } from "./arithmetic.ts";
import { sigmoid, softplus } from "./softplus.ts";

const map = (f: (a: number) => number) => (a: Float64Array) => a.map((value) => f(value));

const zip = (name: string, f: (a: number, b: number) => number) => {
  return (a: Float64Array, b: Float64Array): Float64Array => {
    if (a.length === b.length) return a.map((value, i) => f(value, b[i]));
    if (b.length === 1) return a.map((value) => f(value, b[0]));
    if (a.length === 1) return b.map((value) => f(a[0], value));
    throw new RangeError(
      `${name} needs equal lengths or a length of 1, got ${a.length} and ${b.length}`,
    );
  };
};

/** {@link Arithmetic} element by element on float64 arrays; an array of length 1 broadcasts. */
export const arrayArithmetic: Arithmetic<Float64Array> = /* @__PURE__ */ (() => ({
  constant: (value: number) => Float64Array.of(value),
  add: zip("add", (a, b) => a + b),
  sub: zip("sub", (a, b) => a - b),
  mul: zip("mul", (a, b) => a * b),
  div: zip("div", (a, b) => a / b),
  neg: map((a) => -a),
  exp: map(Math.exp),
  log: map(Math.log),
  sqrt: map(Math.sqrt),
  abs: map(Math.abs),
  tanh: map(Math.tanh),
  sigmoid: map(sigmoid),
  softplus: map(softplus),
  maximum: zip("maximum", Math.max),
  minimum: zip("minimum", Math.min),
}))();
