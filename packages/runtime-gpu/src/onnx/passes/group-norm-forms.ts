import {
  add,
  constant,
  type Expr,
  type ExprOf,
  elementCount,
  mean,
  mul,
  reshape,
  sub,
  tanh,
  tensor,
} from "@gen/graph";
import { expr, groupRate, groupStatistics, withInputs } from "@gen/graph/compiler";

/** Group normalization as that of rows, which the native runtime does in parallel. */
export function groupNormByRows(node: ExprOf<"GroupNormalization">, inputs: readonly Expr[]): Expr {
  const [x, scale, bias] = inputs;
  const { groups, epsilon } = node.attributes;
  const [batch, channels, ...sides] = x.shape as number[];
  const size = elementCount([channels / groups, ...sides]);
  if (typeof size !== "number" || x.dtype !== "float32") return withInputs(node, inputs);
  const rows = reshape(x, [batch, groups, size]);
  const unit = expr("LayerNormalization", [rows, filled(size, 1), filled(size, 0)], rows.shape, {
    epsilon,
  });
  const image = reshape(unit, x.shape);
  if (Number(elementCount(x.shape)) < forOneThread) {
    const inputs = [image, scale, bias, filled(channels, 0), filled(channels, 1)];
    return expr("BatchNormalization", inputs, x.shape, { epsilon: 0 });
  }
  const perChannel = (e: Expr) => reshape(e, [1, channels, ...sides.map(() => 1)]);
  return add(mul(image, perChannel(scale)), perChannel(bias));
}

const filled = (length: number, value: number): Expr =>
  constant(tensor(new Float32Array(length).fill(value), [length]));

/** Elements below which one pass by one thread takes less time than two by several. */
const forOneThread = 2 ** 16;

/**
 * Group normalization from the statistics that its gradient needs as well; with `alone`, nothing else
 * needs what is normalized.
 */
export function groupNormInSteps(
  { attributes: { groups, epsilon } }: ExprOf<"GroupNormalization">,
  [x, scale, bias]: readonly Expr[],
  alone = false,
): Expr {
  const [batch, channels] = x.shape as number[];
  const { centered, rate } =
    (alone && sumStatistics(x, groups, epsilon)) || groupStatistics(x, groups, epsilon);
  const gain = mul(rate, reshape(scale, [groups, channels / groups]));
  const scaled = mul(reshape(centered, [batch, channels, -1]), reshape(gain, [batch, channels, 1]));
  return reshape(add(scaled, reshape(bias, [channels, 1])), x.shape);
}

/**
 * {@link groupStatistics} of `u + e`, where e has one number for each channel, such as what a network makes of
 * its time step: the sum's mean is known from u's channels, so that u is shifted by both in one pass.
 */
function sumStatistics(x: Expr, groups: number, epsilon: number) {
  const [u, e] = x.inputs;
  if (x.op !== "Add" || u.shape.join() !== x.shape.join()) return undefined;
  const [batch, channels, ...sides] = x.shape as number[];
  const perSample = e.shape.length === x.shape.length ? (e.shape[0] as number) : 0;
  if (e.shape.join() !== [perSample, channels, ...sides.map(() => 1)].join()) return undefined;
  const byChannel = reshape(u, [batch, channels, -1]);
  const added = reshape(e, [perSample, groups, channels / groups]);
  const means = reshape(mean(byChannel, [2], true), [batch, groups, channels / groups]);
  const level = mean(add(means, added), [2], true);
  const shift = reshape(sub(added, level), [batch, channels, 1]);
  const centered = reshape(add(byChannel, shift), [batch, groups, -1]);
  return { centered, rate: groupRate(centered, epsilon) };
}

/** `x * sigmoid(x)`. */
export const isSilu = ({ op, inputs: [x, y] }: Expr): boolean =>
  op === "Mul" && y.op === "Sigmoid" && y.inputs[0] === x;

/**
 * `h + h * tanh(h)` with `h = x / 2`, as WebAssembly computes tangents in parallel; where nothing else needs x and it
 * is `c * gain + bias`, as a normalization ends, the half is made of those.
 */
export function siluInParts(x: Expr, alone: boolean): Expr {
  const [scaled, bias] = x.op === "Reshape" && x.inputs[0].op === "Add" ? x.inputs[0].inputs : [];
  const half =
    alone && scaled?.op === "Mul"
      ? add(mul(scaled.inputs[0], mul(scaled.inputs[1], 0.5)), mul(bias, 0.5))
      : mul(x, 0.5);
  return reshape(add(half, mul(half, tanh(half))), x.shape);
}
