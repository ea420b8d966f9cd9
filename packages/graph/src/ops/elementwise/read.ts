import type { Expr } from "../../expr/expr.ts";
import type { ElementwiseOp } from "../../expr/operations.ts";
import { isFloat } from "../../expr/tensor.ts";
import type { NodeReader, Reader, Readers } from "../../onnx/node-reader.ts";
import { dtypeOf, invalidModel, typeName, unsupported } from "../../onnx/protobuf.ts";
import { isForeignType } from "../../onnx/read-tensor.ts";
import { staticOf, type Value } from "../../onnx/static-value.ts";
import { onesLike, reshape } from "../arrange/build.ts";
import * as e from "./build.ts";

function unary(f: (x: Expr) => Expr): Reader {
  return (node) => f(node.x(0));
}
function binary(f: (a: Expr, b: Expr) => Expr): Reader {
  return (node) => f(node.x(0), node.x(1));
}
function variadic(f: (a: Expr, b: Expr) => Expr): Reader {
  return (node) => node.all().reduce(f);
}

const toFloat = (x: Expr) => e.cast(x, "float32");
const not = (x: Expr) => e.equal(toFloat(x), 0);
const leaky = (x: Expr, slope: Expr | number) => e.add(e.relu(x), e.mul(e.minimum(x, 0), slope));
const ceil = (x: Expr) => e.neg(e.floor(e.neg(x)));
/** The sign of integers: -1, 0 or 1. */
const sign = (x: Expr) => e.maximum(e.minimum(x, 1), -1);
type Bound = Expr | number | undefined;
const clip = (x: Expr, low: Bound, high: Bound) => {
  const above = low === undefined ? x : e.maximum(x, low);
  return high === undefined ? above : e.minimum(above, high);
};

/** A bound of Clip: a number if the file has one, else the computed scalar. */
function bound(node: NodeReader, i: number, name: string): Bound {
  if (node.has(i) && !staticOf(node.value(i))) return reshape(node.x(i), []);
  const value = node.scalar(i, name);
  if (value === undefined || isFloat(node.x(0).dtype) || Number.isInteger(value)) return value;
  throw invalidModel(`${name} must be a whole number for ${node.x(0).dtype}, got ${value}`);
}

function gelu(node: NodeReader): Expr {
  const x = node.x(0);
  if (node.text("approximate", "none") === "none") return e.gelu(x);
  const inner = e.mul(e.add(x, e.mul(e.mul(e.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return e.mul(e.mul(x, 0.5), e.add(e.tanh(inner), 1));
}

/** Integers divide towards zero; only floats divide as expressions. */
function div(a: Expr, b: Expr): Expr {
  if (isFloat(a.dtype)) return e.div(a, b);
  return e.cast(truncate(e.div(e.cast(a, "float64"), e.cast(b, "float64"))), a.dtype);
}

const truncate = (x: Expr) => e.mul(e.sign(x), e.floor(e.abs(x)));

function pow(node: NodeReader): Expr {
  const [a, b] = [node.x(0), node.value(1)];
  const exponent = "values" in b && b.values.length === 1 ? b.values[0] : undefined;
  if (exponent === 2) return e.mul(a, a);
  if (exponent === 0.5) return e.sqrt(a);
  return e.pow(a, e.cast(node.x(1), a.dtype));
}

/** The remainder with the divisor's sign, or with the dividend's where `fmod` is 1. */
function mod(node: NodeReader): Expr {
  const [a, b] = [node.x(0), node.x(1)].map((x) =>
    e.cast(x, isFloat(x.dtype) ? x.dtype : "float64"),
  );
  const whole = (node.int("fmod", 0) === 0 ? e.floor : truncate)(e.div(a, b));
  return e.cast(e.sub(a, e.mul(b, whole)), node.x(0).dtype);
}

/** The nearest whole number; of two, the even one. */
function round(x: Expr): Expr {
  const low = e.floor(x);
  const rest = e.sub(x, low);
  const even = e.mul(e.floor(e.mul(e.add(low, 1), 0.5)), 2);
  return e.where(e.equal(rest, 0.5), even, e.floor(e.add(x, 0.5)));
}

function cast(node: NodeReader): Expr {
  const to = node.int("to", 0);
  const dtype = dtypeOf(to);
  if (dtype === undefined) {
    const refuse = isForeignType(to) ? unsupported : invalidModel;
    throw refuse(`element type ${typeName(to)} is not supported`);
  }
  return e.cast(node.x(0), dtype);
}

/** The operand itself, as in inference. */
function dropout(node: NodeReader): Value {
  const training = node.has(2) && node.staticValue(2).values[0] !== 0;
  if (training && !(node.has(1) && node.staticValue(1).values[0] === 0)) {
    throw invalidModel(
      "its training_mode is true: it would drop other numbers at random in each run; export the model in evaluation mode (model.eval() in PyTorch)",
    );
  }
  return node.value(0);
}

export const elementwiseReaders: Readers<ElementwiseOp> = {
  Identity: (node) => node.value(0),
  Dropout: dropout,
  Cast: cast,
  Add: binary(e.add),
  Sub: binary(e.sub),
  Mul: binary(e.mul),
  Div: binary(div),
  Mod: mod,
  Pow: pow,
  Max: variadic(e.maximum),
  Min: variadic(e.minimum),
  Sum: variadic(e.add),
  Mean: (node) => e.div(node.all().reduce(e.add), node.operands.length),
  Greater: binary(e.greater),
  Less: binary(e.less),
  Equal: binary(e.equal),
  GreaterOrEqual: binary((a, b) => not(e.less(a, b))),
  LessOrEqual: binary((a, b) => not(e.greater(a, b))),
  Not: unary(not),
  And: binary((a, b) => e.greater(e.mul(toFloat(a), toFloat(b)), 0)),
  Or: binary((a, b) => e.greater(e.add(toFloat(a), toFloat(b)), 0)),
  Where: (node) => e.where(node.x(0), node.x(1), node.x(2)),
  Neg: (node) => (isFloat(node.x(0).dtype) ? e.neg(node.x(0)) : e.mul(node.x(0), -1)),
  Exp: unary(e.exp),
  Log: unary(e.log),
  Sqrt: unary(e.sqrt),
  Abs: unary((x) => (isFloat(x.dtype) ? e.abs(x) : e.maximum(x, e.mul(x, -1)))),
  Sign: unary((x) => (isFloat(x.dtype) ? e.sign(x) : sign(x))),
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
  LeakyRelu: (node) => leaky(node.x(0), node.float("alpha", 0.01)),
  PRelu: binary(leaky),
  Elu: (node) => {
    const x = node.x(0);
    return e.add(e.relu(x), e.mul(e.sub(e.exp(e.minimum(x, 0)), 1), node.float("alpha", 1)));
  },
  HardSigmoid: (node) =>
    clip(e.add(e.mul(node.x(0), node.float("alpha", 0.2)), node.float("beta", 0.5)), 0, 1),
  HardSwish: unary((x) => e.mul(x, clip(e.add(e.div(x, 6), 0.5), 0, 1))),
  Clip: (node) => clip(node.x(0), bound(node, 1, "min"), bound(node, 2, "max")),
};
