import { constant, type Expr, scalarOf } from "../../expr/expr.ts";
import type { ElementwiseOp } from "../../expr/operations.ts";
import { isFloat } from "../../expr/tensor.ts";
import { plus, type Rule, type Rules, sumTo, times } from "../rule.ts";
import * as e from "./build.ts";

/** A rule for one operand: `f(g, x, y)`. */
const unary =
  (f: (g: Expr, x: Expr, y: Expr) => Expr): Rule<ElementwiseOp> =>
  (g, y) => [() => f(g, y.inputs[0], y)];

type Parts = (g: Expr, a: Expr, b: Expr, y: Expr) => readonly [left: () => Expr, right: () => Expr];

/** A rule for two operands that broadcast. */
const binary =
  (parts: Parts): Rule<ElementwiseOp> =>
  (g, y) => {
    const [a, b] = y.inputs;
    const [left, right] = parts(g, a, b, y);
    return [() => sumTo(left(), y, a), () => sumTo(right(), y, b)];
  };

/** For operations whose value does not change where it has a derivative. */
const flat: Rule<ElementwiseOp> = (_, y) => y.inputs.map(() => undefined);

const multiply: Rule<"Mul"> = (g, y) => {
  const [a, b] = y.inputs;
  if (a === b) return [() => times(2, times(g, a)), undefined];
  // x * e.sigmoid(x) together, which is shorter than its two parts: g * (s + y * (1 - s)).
  if (b.op === "Sigmoid" && b.inputs[0] === a) {
    return [() => times(g, plus(b, e.mul(y, e.sub(1, b)))), undefined];
  }
  return [() => sumTo(times(g, b), y, a), () => sumTo(times(g, a), y, b)];
};

function powerOfBase(g: Expr, a: Expr, b: Expr, y: Expr): Expr {
  const n = scalarOf(b);
  if (n === undefined) return times(g, e.mul(b, e.pow(a, e.sub(b, 1))));
  if (n === 0) return constant(0, g.dtype);
  if (n === 0.5) return times(0.5, e.div(g, y));
  if (n === 1) return g;
  return times(n, times(g, n === 2 ? a : e.pow(a, n - 1)));
}

// a^b has no slope in b at a = 0 (b > 0); the logarithm is kept away from it.
function powerOfExponent(g: Expr, a: Expr, y: Expr): Expr {
  const positive = e.greater(a, 0);
  return e.where(positive, times(g, e.mul(y, e.log(e.where(positive, a, 1)))), 0);
}

/** The gradient of two operands of which `condition` chooses the second. */
const choose = (condition: Expr, g: Expr) =>
  [() => e.where(condition, 0, g), () => e.where(condition, g, 0)] as const;

export const elementwiseRules: Rules<ElementwiseOp> = {
  Add: binary((g) => [() => g, () => g]),
  Sub: binary((g) => [() => g, () => times(-1, g)]),
  Mul: multiply,
  Div: binary((g, _, b, y) => [() => e.div(g, b), () => e.neg(e.mul(e.div(g, b), y))]),
  Pow: binary((g, a, b, y) => [() => powerOfBase(g, a, b, y), () => powerOfExponent(g, a, y)]),
  Max: binary((g, a, b) => choose(e.less(a, b), g)),
  Min: binary((g, a, b) => choose(e.greater(a, b), g)),
  Greater: flat,
  Less: flat,
  Equal: flat,
  Where: (g, y) => {
    const [c, a, b] = y.inputs;
    return [undefined, () => sumTo(e.where(c, g, 0), y, a), () => sumTo(e.where(c, 0, g), y, b)];
  },
  Cast: (g, y) => [isFloat(y.inputs[0].dtype) ? () => e.cast(g, y.inputs[0].dtype) : undefined],
  Neg: unary((g) => times(-1, g)),
  Exp: unary((g, _, y) => times(g, y)),
  Log: unary((g, x) => e.div(g, x)),
  Sqrt: unary((g, _, y) => e.div(times(0.5, g), y)),
  Abs: unary((g, x) => times(g, e.sign(x))),
  Sign: flat,
  Sin: unary((g, x) => times(g, e.cos(x))),
  Cos: unary((g, x) => times(-1, times(g, e.sin(x)))),
  Tanh: unary((g, _, y) => times(g, e.sub(1, e.mul(y, y)))),
  Sigmoid: unary((g, _, y) => times(g, e.mul(y, e.sub(1, y)))),
  Softplus: unary((g, x) => times(g, e.sigmoid(x))),
  Relu: unary((g, _, y) => e.where(e.greater(y, 0), g, 0)),
  Erf: unary((g, x) => times(2 / Math.sqrt(Math.PI), times(g, e.exp(e.neg(e.mul(x, x)))))),
  Floor: flat,
};
