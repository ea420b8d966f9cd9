import { type Arithmetic, numberArithmetic } from "@gen/math";
import { constant, type Expr, scalarOf } from "./expr/expr.ts";
import {
  abs,
  add,
  div,
  exp,
  log,
  maximum,
  minimum,
  mul,
  neg,
  sigmoid,
  softplus,
  sqrt,
  sub,
  tanh,
} from "./ops/elementwise/build.ts";

// A constant is kept in float64 until it meets an expression, whose dtype it then takes.
const held = (value: number) => constant(value, "float64");

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
    if (left !== undefined && right !== undefined) return held(numberArithmetic[name](left, right));
    return f(left ?? a, right ?? b);
  };

/**
 * Formulas of `@gen/math` over expressions; operands broadcast as numpy does.
 * Constants meet the other operand's dtype, and are computed at once among themselves.
 */
export const exprArithmetic: Arithmetic<Expr> = {
  constant: held,
  add: /* @__PURE__ */ binary("add", add),
  sub: /* @__PURE__ */ binary("sub", sub),
  mul: /* @__PURE__ */ binary("mul", mul),
  div: /* @__PURE__ */ binary("div", div),
  neg: /* @__PURE__ */ unary("neg", neg),
  exp: /* @__PURE__ */ unary("exp", exp),
  log: /* @__PURE__ */ unary("log", log),
  sqrt: /* @__PURE__ */ unary("sqrt", sqrt),
  abs: /* @__PURE__ */ unary("abs", abs),
  tanh: /* @__PURE__ */ unary("tanh", tanh),
  sigmoid: /* @__PURE__ */ unary("sigmoid", sigmoid),
  softplus: /* @__PURE__ */ unary("softplus", softplus),
  maximum: /* @__PURE__ */ binary("maximum", maximum),
  minimum: /* @__PURE__ */ binary("minimum", minimum),
};
