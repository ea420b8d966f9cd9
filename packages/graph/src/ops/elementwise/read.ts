import type { Expr } from "../../expr/expr.ts";
import type { ElementwiseOp } from "../../expr/operations.ts";
import { isFloat } from "../../expr/tensor.ts";
import type { NodeReader, Reader, Readers } from "../../onnx/node-reader.ts";
import { dtypeOf, invalidModel, typeName, unsupported } from "../../onnx/protobuf.ts";
import { isForeignType } from "../../onnx/read-tensor.ts";
import { onesLike } from "../arrange/build.ts";
import * as e from "./build.ts";

const unary =
  (f: (x: Expr) => Expr): Reader =>
  (c) =>
    f(c.x(0));
const binary =
  (f: (a: Expr, b: Expr) => Expr): Reader =>
  (c) =>
    f(c.x(0), c.x(1));
const variadic =
  (f: (a: Expr, b: Expr) => Expr): Reader =>
  (c) =>
    c.operands.map((_, i) => c.x(i)).reduce(f);

const not = (x: Expr) => e.equal(e.cast(x, "float32"), 0);
const truth = (x: Expr) => e.cast(x, "float32");
const leaky = (x: Expr, slope: Expr | number) => e.add(e.relu(x), e.mul(e.minimum(x, 0), slope));
const ceil = (x: Expr) => e.neg(e.floor(e.neg(x)));
const clip = (x: Expr, low: number | undefined, high: number | undefined) => {
  const above = low === undefined ? x : e.maximum(x, low);
  return high === undefined ? above : e.minimum(above, high);
};

function gelu(c: NodeReader): Expr {
  const x = c.x(0);
  if (c.text("approximate", "none") === "none") return e.gelu(x);
  const inner = e.mul(e.add(x, e.mul(e.mul(e.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return e.mul(e.mul(x, 0.5), e.add(e.tanh(inner), 1));
}

/** Integer division goes towards zero, and so does this one; on expressions only floats are divided. */
function div(c: NodeReader): Expr {
  const [a, b] = [c.x(0), c.x(1)];
  if (isFloat(a.dtype)) return e.div(a, b);
  const quotient = e.div(e.cast(a, "float64"), e.cast(b, "float64"));
  return e.cast(e.mul(e.sign(quotient), e.floor(e.abs(quotient))), a.dtype);
}

function pow(c: NodeReader): Expr {
  const [a, b] = [c.x(0), c.value(1)];
  const exponent = "values" in b && b.values.length === 1 ? b.values[0] : undefined;
  if (exponent === 2) return e.mul(a, a);
  if (exponent === 0.5) return e.sqrt(a);
  return e.pow(a, e.cast(c.x(1), a.dtype));
}

/** The remainder with the divisor's sign, or with the dividend's where `fmod` is 1. */
function mod(c: NodeReader): Expr {
  const [a, b] = [c.x(0), c.x(1)].map((x) => e.cast(x, isFloat(x.dtype) ? x.dtype : "float64"));
  const quotient = e.div(a, b);
  const whole =
    c.int("fmod", 0) === 0 ? e.floor(quotient) : e.mul(e.sign(quotient), e.floor(e.abs(quotient)));
  return e.cast(e.sub(a, e.mul(b, whole)), c.x(0).dtype);
}

/** The nearest whole number, the even one of two. */
function round(x: Expr): Expr {
  const low = e.floor(x);
  const rest = e.sub(x, low);
  const even = e.mul(e.floor(e.mul(e.add(low, 1), 0.5)), 2);
  return e.where(e.equal(rest, 0.5), even, e.floor(e.add(x, 0.5)));
}

function cast(c: NodeReader): Expr {
  const to = c.int("to", 0);
  const dtype = dtypeOf(to);
  if (dtype === undefined) {
    const refuse = isForeignType(to) ? unsupported : invalidModel;
    throw refuse(`element type ${typeName(to)} is not supported`);
  }
  return e.cast(c.x(0), dtype);
}

export const elementwiseReaders: Readers<ElementwiseOp> = {
  Identity: (c) => c.value(0),
  Dropout: (c) => c.value(0),
  Cast: cast,
  Add: binary(e.add),
  Sub: binary(e.sub),
  Mul: binary(e.mul),
  Div: div,
  Mod: mod,
  Pow: pow,
  Max: variadic(e.maximum),
  Min: variadic(e.minimum),
  Sum: variadic(e.add),
  Mean: (c) => e.div(c.operands.map((_, i) => c.x(i)).reduce(e.add), c.operands.length),
  Greater: binary(e.greater),
  Less: binary(e.less),
  Equal: binary(e.equal),
  GreaterOrEqual: binary((a, b) => not(e.less(a, b))),
  LessOrEqual: binary((a, b) => not(e.greater(a, b))),
  Not: unary(not),
  And: binary((a, b) => e.greater(e.mul(truth(a), truth(b)), 0)),
  Or: binary((a, b) => e.greater(e.add(truth(a), truth(b)), 0)),
  Where: (c) => e.where(c.x(0), c.x(1), c.x(2)),
  Neg: (c) => (isFloat(c.x(0).dtype) ? e.neg(c.x(0)) : e.mul(c.x(0), -1)),
  Exp: unary(e.exp),
  Log: unary(e.log),
  Sqrt: unary(e.sqrt),
  Abs: unary(e.abs),
  Sign: unary(e.sign),
  Sin: unary(e.sin),
  Cos: unary(e.cos),
  Tanh: unary(e.tanh),
  Sigmoid: unary(e.sigmoid),
  Softplus: unary(e.softplus),
  Relu: unary(e.relu),
  Erf: unary(e.erf),
  Floor: unary(e.floor),
  Ceil: unary(ceil),
  Round: unary(round),
  Reciprocal: unary((x) => e.div(onesLike(x), x)),
  Tan: unary((x) => e.div(e.sin(x), e.cos(x))),
  Softsign: unary((x) => e.div(x, e.add(e.abs(x), 1))),
  Mish: unary((x) => e.mul(x, e.tanh(e.softplus(x)))),
  Gelu: gelu,
  LeakyRelu: (c) => leaky(c.x(0), c.float("alpha", 0.01)),
  PRelu: binary(leaky),
  Elu: (c) => {
    const x = c.x(0);
    return e.add(e.relu(x), e.mul(e.sub(e.exp(e.minimum(x, 0)), 1), c.float("alpha", 1)));
  },
  HardSigmoid: (c) => clip(e.add(e.mul(c.x(0), c.float("alpha", 0.2)), c.float("beta", 0.5)), 0, 1),
  HardSwish: unary((x) => e.mul(x, clip(e.add(e.div(x, 6), 0.5), 0, 1))),
  Clip: (c) => clip(c.x(0), c.scalar(1, "min"), c.scalar(2, "max")),
};
