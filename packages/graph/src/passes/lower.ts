import { constant, type Expr, type ExprOf, expr } from "../expr/expr.ts";
import { sameShape } from "../expr/shape.ts";
import { tensor } from "../expr/tensor.ts";
import { type Graph, rewrite, usesIn, withInputs } from "../expr/trace.ts";
import { isKnownFrom } from "../onnx/onnx-writer.ts";
import { reshape, transpose } from "../ops/arrange/build.ts";
import { add, cast, mul } from "../ops/elementwise/build.ts";
import { simplify } from "./simplify.ts";

/**
 * The graph in the forms that ONNX has and that ONNX Runtime runs fastest: a 2-D product with a
 * transpose or a bias becomes Gemm, a convolution takes its bias, a batched transpose becomes a
 * node, and groups are normalized as instances.
 */
export function lower(given: Graph): Graph {
  const graph = simplify(
    rewrite(given, (node, inputs) => {
      if (node.op === "GroupNormalization") return groupNormAsInstances(node, inputs);
      return node.op === "Expand" && isKnownFrom(given.inputs, node.shape)
        ? expr("Expand", [inputs[0]], node.shape, {})
        : withInputs(node, inputs);
    }),
  );
  const uses = usesIn(graph);
  return rewrite(graph, (node, operands) => {
    if (node.op === "MatMul") return product(node, operands);
    if (node.op === "Add") {
      for (const at of [0, 1]) {
        if (uses.get(node.inputs[at]) !== 1) continue;
        const fused = withBias(node, node.inputs[at], operands[at], operands[1 - at]);
        if (fused) return fused;
      }
    }
    return withInputs(node, operands);
  });
}

/** ONNX's group normalization is too new for most readers, and its scale changed its meaning. */
function groupNormAsInstances(
  { attributes: { groups, epsilon } }: ExprOf<"GroupNormalization">,
  [x, scale, bias]: readonly Expr[],
): Expr {
  const [batch, channels] = x.shape;
  const instances = (of: Expr, gain: Expr, shift: Expr) =>
    expr("InstanceNormalization", [of, gain, shift], of.shape, { epsilon });
  if (groups === channels) return instances(x, scale, bias);
  const filled = (value: number) =>
    cast(constant(tensor(new Float32Array(groups).fill(value), [groups])), x.dtype);
  const unscaled = instances(reshape(x, [batch, groups, -1]), filled(1), filled(0));
  const perChannel = (e: Expr) => reshape(e, [1, channels, ...x.shape.slice(2).map(() => 1)]);
  return add(mul(reshape(unscaled, x.shape), perChannel(scale)), perChannel(bias));
}

function product(node: ExprOf<"MatMul">, [a, b]: readonly Expr[]): Expr {
  const { transA, transB } = node.attributes;
  if (!transA && !transB) return withInputs(node, [a, b]);
  if (a.shape.length === 2 && b.shape.length === 2) {
    return expr("Gemm", [a, b], node.shape, { transA, transB });
  }
  const swap = (e: Expr) => {
    const axes = e.shape.map((_, i) => i);
    return transpose(e, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
  };
  const inputs = [transA ? swap(a) : a, transB ? swap(b) : b];
  return expr("MatMul", inputs, node.shape, { transA: 0, transB: 0 });
}

/** `after`, the new form of `before`, with `bias`; undefined where ONNX has no such form. */
function withBias(node: Expr, before: Expr, after: Expr, bias: Expr): Expr | undefined {
  const { shape } = before;
  if (!sameShape(shape, node.shape)) return undefined;
  const flat =
    bias.shape.at(-1) === shape.at(-1) && (bias.shape.length === 1 || bias.shape[0] === 1);
  if (before.op === "MatMul" && shape.length === 2 && flat && bias.shape.length <= 2) {
    const { transA, transB } = before.attributes;
    return expr("Gemm", [...after.inputs.slice(0, 2), bias], shape, { transA, transB });
  }
  const channels = shape[1];
  if (before.op === "Conv" && sameShape([...bias.shape].slice(-3), [channels, 1, 1])) {
    if (bias.shape.length === 4 && bias.shape[0] !== 1) return undefined;
    const source = bias.op === "Reshape" ? bias.inputs[0] : bias;
    return expr("Conv", [...after.inputs, reshape(source, [channels])], shape, before.attributes);
  }
  return undefined;
}
