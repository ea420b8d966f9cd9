import { ArgumentError } from "@gen/math/arguments";
import { type Expr, expr, type Operand, operands, requireFloat } from "../../expr/expr.ts";
import type { ElementwiseOp } from "../../expr/operations.ts";
import { broadcastShapes } from "../../expr/shape.ts";
import type { DType } from "../../expr/tensor.ts";

/** The attributes of operations that have none: one object takes less memory than many. */
const NONE = {};

function unary(op: ElementwiseOp | "StopGradient", x: Expr): Expr {
  requireFloat(op, x);
  return expr(op, [x], x.shape, NONE);
}

function binary(op: ElementwiseOp, a: Operand, b: Operand, dtype?: DType): Expr {
  const inputs = operands(op, a, b);
  const shape = broadcastShapes(op, inputs[0].shape, inputs[1].shape);
  return expr(op, inputs, shape, NONE, dtype);
}

/**
 * Elementwise `a + b`; all functions of two operands broadcast as numpy does.
 *
 * @param a The first operand, any shape that broadcasts with `b`.
 * @param b The second operand, or a number.
 * @throws RangeError when the shapes do not broadcast, the dtypes differ, or both are numbers.
 */
export const add = (a: Operand, b: Operand): Expr => binary("Add", a, b);
/**
 * Elementwise `a - b`.
 *
 * @param a The first operand, any shape that broadcasts with `b`.
 * @param b The second operand, or a number.
 * @throws RangeError as `add`.
 */
export const sub = (a: Operand, b: Operand): Expr => binary("Sub", a, b);
/**
 * Elementwise `a * b`.
 *
 * @param a The first operand, any shape that broadcasts with `b`.
 * @param b The second operand, or a number.
 * @throws RangeError as `add`.
 */
export const mul = (a: Operand, b: Operand): Expr => binary("Mul", a, b);
/**
 * Elementwise `a / b`.
 *
 * @param a The first operand, any shape that broadcasts with `b`.
 * @param b The second operand, or a number.
 * @throws RangeError as `add`.
 */
export const div = (a: Operand, b: Operand): Expr => binary("Div", a, b);
/**
 * Elementwise `a ** b`.
 *
 * @param a The first operand, any shape that broadcasts with `b`.
 * @param b The second operand, or a number.
 * @throws RangeError as `add`.
 */
export const pow = (a: Operand, b: Operand): Expr => binary("Pow", a, b);
/**
 * Elementwise larger of the two; the gradient goes to `a` on a tie.
 *
 * @param a The first operand, any shape that broadcasts with `b`.
 * @param b The second operand, or a number.
 * @throws RangeError as `add`.
 */
export const maximum = (a: Operand, b: Operand): Expr => binary("Max", a, b);
/**
 * Elementwise smaller of the two; the gradient goes to `a` on a tie.
 *
 * @param a The first operand, any shape that broadcasts with `b`.
 * @param b The second operand, or a number.
 * @throws RangeError as `add`.
 */
export const minimum = (a: Operand, b: Operand): Expr => binary("Min", a, b);
/**
 * Elementwise `a > b` as bool.
 *
 * @param a The first operand, any shape that broadcasts with `b`.
 * @param b The second operand, or a number.
 * @throws RangeError as `add`.
 */
export const greater = (a: Operand, b: Operand): Expr => binary("Greater", a, b, "bool");
/**
 * Elementwise `a < b` as bool.
 *
 * @param a The first operand, any shape that broadcasts with `b`.
 * @param b The second operand, or a number.
 * @throws RangeError as `add`.
 */
export const less = (a: Operand, b: Operand): Expr => binary("Less", a, b, "bool");
/**
 * Elementwise `a == b` as bool.
 *
 * @param a The first operand, any shape that broadcasts with `b`.
 * @param b The second operand, or a number.
 * @throws RangeError as `add`.
 */
export const equal = (a: Operand, b: Operand): Expr => binary("Equal", a, b, "bool");

/**
 * `-x`.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const neg = (x: Expr): Expr => unary("Neg", x);
/**
 * `e^x`.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const exp = (x: Expr): Expr => unary("Exp", x);
/**
 * Natural logarithm.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const log = (x: Expr): Expr => unary("Log", x);
/**
 * Square root.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const sqrt = (x: Expr): Expr => unary("Sqrt", x);
/**
 * Absolute value.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const abs = (x: Expr): Expr => unary("Abs", x);
/**
 * -1, 0 or 1; its gradient is 0.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const sign = (x: Expr): Expr => unary("Sign", x);
/**
 * Sine, in radians.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const sin = (x: Expr): Expr => unary("Sin", x);
/**
 * Cosine, in radians.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const cos = (x: Expr): Expr => unary("Cos", x);
/**
 * Hyperbolic tangent.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const tanh = (x: Expr): Expr => unary("Tanh", x);
/**
 * `1 / (1 + e^-x)`.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const sigmoid = (x: Expr): Expr => unary("Sigmoid", x);
/**
 * `log(1 + e^x)`, finite for any finite x.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const softplus = (x: Expr): Expr => unary("Softplus", x);
/**
 * `max(x, 0)`.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const relu = (x: Expr): Expr => unary("Relu", x);
/**
 * The error function.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const erf = (x: Expr): Expr => unary("Erf", x);
/**
 * The largest whole number not above x; its gradient is 0.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const floor = (x: Expr): Expr => unary("Floor", x);
/**
 * `x * x`.
 *
 * @param x The operand, any shape.
 */
export const square = (x: Expr): Expr => mul(x, x);
/**
 * `x * sigmoid(x)` (Elfwing et al. 2017, eq. 9), also called swish.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const silu = (x: Expr): Expr => mul(x, sigmoid(x));
/**
 * `x * Phi(x)` (Hendrycks and Gimpel 2016), with the exact normal distribution function.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const gelu = (x: Expr): Expr => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));

/**
 * `condition ? a : b`, elementwise; `condition` is bool.
 *
 * @param condition Which of the two is taken, bool.
 * @param a The values where the condition holds, or a number.
 * @param b The values elsewhere, or a number.
 * @throws RangeError when the condition is not bool, the shapes do not broadcast, or `a` and `b`
 * are numbers both.
 */
export function where(condition: Expr, a: Operand, b: Operand): Expr {
  if (condition.dtype !== "bool") {
    throw new ArgumentError(`Where needs a bool condition, got ${condition.dtype}`);
  }
  const [x, y] = operands("Where", a, b);
  const branches = broadcastShapes("Where", condition.shape, x.shape);
  const shape = broadcastShapes("Where", branches, y.shape);
  return expr("Where", [condition, x, y], shape, NONE, x.dtype);
}

/**
 * The same values as another dtype.
 *
 * @param x The operand, any shape.
 * @param dtype The type of the result's elements.
 */
export const cast = (x: Expr, dtype: DType): Expr =>
  x.dtype === dtype ? x : expr("Cast", [x], x.shape, NONE, dtype);

/**
 * Marks where training drops elements at random (Srivastava et al. 2014, section 4): each becomes 0
 * with probability `rate`, the others are divided by `1 - rate`, which keeps the expected value.
 *
 * A placeholder: `trace` removes it, and its gradient is the identity. A training loop replaces it
 * by fresh masks before it builds the graph of a step.
 *
 * @param x The operand, any shape.
 * @param rate The probability of being dropped, in [0, 1).
 * @throws RangeError when `rate` is not in [0, 1).
 */
export function dropout(x: Expr, rate: number): Expr {
  requireFloat("Dropout", x);
  if (!(rate >= 0 && rate < 1)) throw new ArgumentError(`rate must be in [0, 1), got ${rate}`);
  return rate === 0 ? x : expr("Dropout", [x], x.shape, { rate });
}

/**
 * The same values as a constant for `gradients`: no derivative passes through.
 *
 * A placeholder: `trace` removes it, so gradients are taken before. A derivative by the result
 * itself is possible: `gradients(loss, [stopGradient(z)])` with the expression that `loss` uses.
 *
 * @param x The operand, any shape.
 * @throws RangeError when x is no float.
 */
export const stopGradient = (x: Expr): Expr => unary("StopGradient", x);
