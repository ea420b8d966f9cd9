import type { ComputedOp, ElementwiseOp } from "@gen/graph/compiler";
import type * as tfjs from "@tensorflow/tfjs";
import { aroundAxis, expand, transpose } from "./arrange.ts";
import { type Kernel, storedDType, type Tf } from "./kernel.ts";
import { averagePool, conv, groupNormalization, matmul, upsample } from "./products.ts";

type Unary = (x: tfjs.Tensor) => tfjs.Tensor;
type Binary = (a: tfjs.Tensor, b: tfjs.Tensor) => tfjs.Tensor;
/** TensorFlow.js's functions of type F, by name. */
type Functions<F> = { [K in keyof Tf as Tf[K] extends F ? K : never]: F };

const unary =
  (name: keyof Functions<Unary>): Kernel<ElementwiseOp> =>
  (tf: Functions<Unary>, [x]) =>
    tf[name](x);
const binary =
  (name: keyof Functions<Binary>): Kernel<ElementwiseOp> =>
  (tf: Functions<Binary>, [a, b]) =>
    tf[name](a, b);
const reduction =
  (name: "sum" | "mean" | "max"): Kernel<"ReduceSum" | "ReduceMean" | "ReduceMax"> =>
  (tf, [x], { attributes }, shape) =>
    tf.reshape(tf[name](x, [...attributes.axes]), shape);

/** How each operation is computed with TensorFlow.js, by its name. */
export const kernels: { readonly [O in ComputedOp]: Kernel<O> } = {
  Add: binary("add"),
  Sub: binary("sub"),
  Mul: binary("mul"),
  Div: binary("div"),
  Pow: binary("pow"),
  Max: binary("maximum"),
  Min: binary("minimum"),
  Greater: binary("greater"),
  Less: binary("less"),
  Equal: binary("equal"),
  Neg: unary("neg"),
  Exp: unary("exp"),
  Log: unary("log"),
  Sqrt: unary("sqrt"),
  Abs: unary("abs"),
  Sign: unary("sign"),
  Sin: unary("sin"),
  Cos: unary("cos"),
  Tanh: unary("tanh"),
  Sigmoid: unary("sigmoid"),
  Softplus: unary("softplus"),
  Relu: unary("relu"),
  Erf: unary("erf"),
  Floor: unary("floor"),
  Where: (tf, [condition, a, b]) => tf.where(condition, a, b),
  Cast: (tf, [x], { dtype }) =>
    // Some backends cast to bool by dropping the fraction.
    dtype === "bool" ? tf.notEqual(x, tf.zerosLike(x)) : tf.cast(x, storedDType(dtype)),
  Reshape: (tf, [x], _, shape) => tf.reshape(x, shape),
  Transpose: (tf, [x], { attributes }) => transpose(tf, x, attributes.perm),
  Concat: (tf, inputs, { attributes: { axis } }, shape) => {
    const around = inputs.map((x) => aroundAxis(tf, x, axis));
    return tf.reshape(tf.concat(around, 1), shape);
  },
  Slice: (tf, [x], { attributes }, shape) => {
    const { axis, start, end, step } = attributes;
    const around = aroundAxis(tf, x, axis);
    const [before, , after] = around.shape;
    const part =
      step === 1
        ? tf.slice(around, [0, start, 0], [before, shape[axis], after])
        : tf.stridedSlice(around, [0, start, 0], [before, end, after], [1, step, 1]);
    return tf.reshape(part, shape);
  },
  Pad: (tf, [x], { attributes: { pads, value } }) =>
    tf.pad(
      x,
      x.shape.map((_, i) => [pads[i], pads[i + x.rank]]),
      value,
    ),
  Expand: (tf, [x], _, shape) => expand(tf, x, shape),
  Gather: (tf, [x, indices], { attributes }, shape) => {
    const around = aroundAxis(tf, x, attributes.axis);
    const flat = tf.reshape<tfjs.Rank.R1>(indices, [indices.size]);
    return tf.reshape(tf.gather(around, flat, 1), shape);
  },
  ReduceSum: reduction("sum"),
  ReduceMean: reduction("mean"),
  ReduceMax: reduction("max"),
  Softmax: (tf, [x], { attributes }, shape) => {
    const around = aroundAxis(tf, x, attributes.axis);
    if (around.shape[2] === 1) return tf.reshape(tf.softmax(tf.squeeze(around, [2])), shape);
    return tf.reshape(tf.transpose(tf.softmax(tf.transpose(around, [0, 2, 1])), [0, 2, 1]), shape);
  },
  MatMul: matmul,
  Conv: conv,
  AveragePool: averagePool,
  Resize: upsample,
  GroupNormalization: groupNormalization,
};
