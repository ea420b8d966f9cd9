import { constant, type Expr, scalarOf } from "../../expr/expr.ts";
import type { ElementwiseOp } from "../../expr/operations.ts";
import { isFloat } from "../../expr/tensor.ts";
import { plus, type Rule, type Rules, sumTo, times } from "../rule.ts";
import {
  cast,
  cos,
  div,
  exp,
  greater,
  less,
  log,
  mul,
  neg,
  pow,
  sigmoid,
  sign,
  sin,
  sub,
  where,
} from "./build.ts";

/** A rule for one operand: `f(g, x, y)`. */
const unary =
  (f: (g: Expr, x: Expr, y: Expr) => Expr): Rule<ElementwiseOp> =>
  (g, y) => [() => f(g, y.inputs[0], y)];

type Part = (g: Expr, a: Expr, b: Expr, y: Expr) => Expr;

/** A rule for two operands that may have been broadcast. */
const binary =
  (left: Part, right: Part): Rule<ElementwiseOp> =>
  (g, y) => {
    const [a, b] = y.inputs;
    return [() => sumTo(left(g, a, b, y), y, a), () => sumTo(right(g, a, b, y), y, b)];
  };

/** For operations whose value does not change where it has a derivative. */
const flat: Rule<ElementwiseOp> = (_, y) => y.inputs.map(() => undefined);

const multiply: Rule<"Mul"> = (g, y) => {
  const [a, b] = y.inputs;
  if (a === b) return [() => times(2, times(g, a)), undefined];
  // x * sigmoid(x) together, which is shorter than its two parts: g * (s + y * (1 - s)).
  if (b.op === "Sigmoid" && b.inputs[0] === a) {
    return [() => times(g, plus(b, mul(y, sub(1, b)))), undefined];
  }
  return [() => sumTo(times(g, b), y, a), () => sumTo(times(g, a), y, b)];
};

function powerOfBase(g: Expr, a: Expr, b: Expr, y: Expr): Expr {
  const n = scalarOf(b);
  if (n === undefined) return times(g, mul(b, pow(a, sub(b, 1))));
  if (n === 0) return constant(0, g.dtype);
  if (n === 0.5) return times(0.5, div(g, y));
  if (n === 1) return g;
  return times(n, times(g, n === 2 ? a : pow(a, n - 1)));
}

// a^b has no slope in b at a = 0 (b > 0); the logarithm is kept away from it.
const powerOfExponent: Part = (g, a, _, y) => {
  const positive = greater(a, 0);
  return where(positive, times(g, mul(y, log(where(positive, a, 1)))), 0);
};

export const elementwiseRules: Rules<ElementwiseOp> = {
  Add: binary(
    (g) => g,
    (g) => g,
  ),
  Sub: binary(
    (g) => g,
    (g) => times(-1, g),
  ),
  Mul: multiply,
  Div: binary(
    (g, _, b) => div(g, b),
    (g, _, b, y) => neg(mul(div(g, b), y)),
  ),
  Pow: binary(powerOfBase, powerOfExponent),
  Max: binary(
    (g, a, b) => where(less(a, b), 0, g),
    (g, a, b) => where(less(a, b), g, 0),
  ),
  Min: binary(
    (g, a, b) => where(greater(a, b), 0, g),
    (g, a, b) => where(greater(a, b), g, 0),
  ),
  Greater: flat,
  Less: flat,
  Equal: flat,
  Where: (g, y) => {
    const [c, a, b] = y.inputs;
    return [undefined, () => sumTo(where(c, g, 0), y, a), () => sumTo(where(c, 0, g), y, b)];
  },
  Cast: (g, y) => [isFloat(y.inputs[0].dtype) ? () => cast(g, y.inputs[0].dtype) : undefined],
  Neg: unary((g) => times(-1, g)),
  Exp: unary((g, _, y) => times(g, y)),
  Log: unary((g, x) => div(g, x)),
  Sqrt: unary((g, _, y) => div(times(0.5, g), y)),
  Abs: unary((g, x) => times(g, sign(x))),
  Sign: flat,
  Sin: unary((g, x) => times(g, cos(x))),
  Cos: unary((g, x) => times(-1, times(g, sin(x)))),
  Tanh: unary((g, _, y) => times(g, sub(1, mul(y, y)))),
  Sigmoid: unary((g, _, y) => times(g, mul(y, sub(1, y)))),
  Softplus: unary((g, x) => times(g, sigmoid(x))),
  Relu: unary((g, _, y) => where(greater(y, 0), g, 0)),
  Erf: unary((g, x) => times(2 / Math.sqrt(Math.PI), times(g, exp(neg(mul(x, x)))))),
  Floor: flat,
};
