import type { Expr } from "../../expr/expr.ts";
import type { NormalizeOp } from "../../expr/operations.ts";
import { shapeText } from "../../expr/shape.ts";
import type { NodeReader, Readers } from "../../onnx/node-reader.ts";
import { invalidModel } from "../../onnx/protobuf.ts";
import { expand, reshape } from "../arrange/build.ts";
import { add, div, mul, sqrt, square, sub } from "../elementwise/build.ts";
import { mean } from "../reduce/build.ts";
import { groupNormalization, instanceNorm } from "./build.ts";

/** A vector over channels, shaped to go with `x` `[batch, channels, ...]`. */
const channelwise = (v: Expr, x: Expr): Expr =>
  reshape(v, [v.shape[0], ...x.shape.slice(2).map(() => 1)]);

function batchNormalization(c: NodeReader): Expr {
  const x = c.x(0);
  c.require("training_mode", c.int("training_mode", 0), 0);
  const [scale, bias, center, variance] = [1, 2, 3, 4].map((i) => c.x(i));
  const factor = div(scale, sqrt(add(variance, c.float("epsilon", 1e-5))));
  const moved = mul(sub(x, channelwise(center, x)), channelwise(factor, x));
  return add(moved, channelwise(bias, x));
}

function layerNormalization(c: NodeReader): Expr {
  const x = c.x(0);
  const axis = c.int("axis", -1);
  const from = axis < 0 ? axis + x.shape.length : axis;
  const axes = x.shape.flatMap((_, i) => (i >= from ? [i] : []));
  const centered = sub(x, mean(x, axes, true));
  const deviation = sqrt(add(mean(square(centered), axes, true), c.float("epsilon", 1e-5)));
  const scaled = mul(div(centered, deviation), c.x(1));
  const bias = c.optional(2);
  return bias ? add(scaled, bias) : scaled;
}

/** Scale and bias are one number a group before opset 21, one a channel from there on. */
function readGroupNormalization(c: NodeReader): Expr {
  const x = c.x(0);
  const groups = c.int("num_groups", 1);
  const channels = x.shape[1];
  if (typeof channels !== "number" || channels % groups !== 0 || groups > 2 ** 16) {
    throw invalidModel(`${shapeText(x.shape)} has no ${groups} groups of channels`);
  }
  const spread = (v: Expr) => {
    if (v.shape[0] === channels) return v;
    return reshape(expand(reshape(v, [groups, 1]), [groups, channels / groups]), [channels]);
  };
  return groupNormalization(x, spread(c.x(1)), spread(c.x(2)), groups, c.float("epsilon", 1e-5));
}

export const normalizeReaders: Readers<NormalizeOp> = {
  InstanceNormalization: (c) => instanceNorm(c.x(0), c.x(1), c.x(2), c.float("epsilon", 1e-5)),
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: readGroupNormalization,
};
