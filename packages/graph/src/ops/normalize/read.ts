import type { Expr } from "../../expr/expr.ts";
import type { NormalizeOp } from "../../expr/operations.ts";
import { fromFront, shapeText } from "../../expr/shape.ts";
import type { NodeReader, Readers } from "../../onnx/node-reader.ts";
import { invalidModel } from "../../onnx/protobuf.ts";
import { expand, reshape } from "../arrange/build.ts";
import { add, div, mul, sqrt, square, sub } from "../elementwise/build.ts";
import { mean } from "../reduce/build.ts";
import { groupNormalization, instanceNorm } from "./build.ts";

/** A vector over channels in a shape that broadcasts to `x` `[batch, channels, ...]`. */
const channelwise = (v: Expr, x: Expr): Expr =>
  reshape(v, [v.shape[0], ...x.shape.slice(2).map(() => 1)]);

function batchNormalization(node: NodeReader): Expr {
  const x = node.x(0);
  node.require("training_mode", node.int("training_mode", 0), 0);
  const [scale, bias, center, variance] = [1, 2, 3, 4].map((i) => node.x(i));
  const factor = div(scale, sqrt(add(variance, node.float("epsilon", 1e-5))));
  const scaled = mul(sub(x, channelwise(center, x)), channelwise(factor, x));
  return add(scaled, channelwise(bias, x));
}

function layerNormalization(node: NodeReader): Expr {
  const x = node.x(0);
  const axis = fromFront(node.int("axis", -1), x.shape.length);
  const axes = x.shape.flatMap((_, i) => (i >= axis ? [i] : []));
  const centered = sub(x, mean(x, axes, true));
  const deviation = sqrt(add(mean(square(centered), axes, true), node.float("epsilon", 1e-5)));
  const scaled = mul(div(centered, deviation), node.x(1));
  const bias = node.optional(2);
  return bias ? add(scaled, bias) : scaled;
}

function rmsNormalization(node: NodeReader): Expr {
  const x = node.x(0);
  const axis = fromFront(node.int("axis", -1), x.shape.length);
  const axes = x.shape.flatMap((_, i) => (i >= axis ? [i] : []));
  const root = sqrt(add(mean(square(x), axes, true), node.float("epsilon", 1e-5)));
  return mul(div(x, root), node.x(1));
}

/** Scale and bias have one number per group before opset 21, one per channel since. */
function readGroupNormalization(node: NodeReader): Expr {
  const x = node.x(0);
  const groups = node.int("num_groups", 1);
  const channels = x.shape[1];
  if (typeof channels !== "number" || channels % groups !== 0 || groups > 2 ** 16) {
    throw invalidModel(`${shapeText(x.shape)} has no ${groups} groups of channels`);
  }
  const spread = (v: Expr) => {
    if (v.shape[0] === channels) return v;
    return reshape(expand(reshape(v, [groups, 1]), [groups, channels / groups]), [channels]);
  };
  const [scale, bias] = [spread(node.x(1)), spread(node.x(2))];
  return groupNormalization(x, scale, bias, groups, node.float("epsilon", 1e-5));
}

export const normalizeReaders: Readers<NormalizeOp> = {
  InstanceNormalization: (node) =>
    instanceNorm(node.x(0), node.x(1), node.x(2), node.float("epsilon", 1e-5)),
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  GroupNormalization: readGroupNormalization,
};
