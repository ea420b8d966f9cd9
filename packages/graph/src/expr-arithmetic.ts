import { type Arithmetic, numberArithmetic } from "@gen/math";
import { constant, type Expr, scalarOf } from "./expr/expr.ts";
import * as e from "./ops/elementwise/build.ts";

// A constant stays float64 until it meets an expression, whose dtype it then takes.
const float64 = (value: number) => constant(value, "float64");

type Unary = "neg" | "exp" | "log" | "sqrt" | "abs" | "tanh" | "sigmoid" | "softplus";
type Binary = "add" | "sub" | "mul" | "div" | "maximum" | "minimum";

const unary = (name: Unary, f: (x: Expr) => Expr) => (x: Expr) => {
  const value = scalarOf(x);
  return value === undefined ? f(x) : constant(numberArithmetic[name](value), x.dtype);
};

const binary =
  (name: Binary, f: (a: Expr | number, b: Expr | number) => Expr) => (a: Expr, b: Expr) => {
    const left = scalarOf(a);
    const right = scalarOf(b);
    if (left !== undefined && right !== undefined)
      return float64(numberArithmetic[name](left, right));
    return f(left ?? a, right ?? b);
  };

/**
 * Formulas of `@gen/math` over expressions; operands broadcast as numpy does. A constant takes the
 * other operand's dtype; arithmetic among constants is done at once.
 */
export const exprArithmetic: Arithmetic<Expr> = {
  constant: float64,
  add: /* @__PURE__ */ binary("add", e.add),
  sub: /* @__PURE__ */ binary("sub", e.sub),
  mul: /* @__PURE__ */ binary("mul", e.mul),
  div: /* @__PURE__ */ binary("div", e.div),
  neg: /* @__PURE__ */ unary("neg", e.neg),
  exp: /* @__PURE__ */ unary("exp", e.exp),
  log: /* @__PURE__ */ unary("log", e.log),
  sqrt: /* @__PURE__ */ unary("sqrt", e.sqrt),
  abs: /* @__PURE__ */ unary("abs", e.abs),
  tanh: /* @__PURE__ */ unary("tanh", e.tanh),
  sigmoid: /* @__PURE__ */ unary("sigmoid", e.sigmoid),
  softplus: /* @__PURE__ */ unary("softplus", e.softplus),
  maximum: /* @__PURE__ */ binary("maximum", e.maximum),
  minimum: /* @__PURE__ */ binary("minimum", e.minimum),
};
