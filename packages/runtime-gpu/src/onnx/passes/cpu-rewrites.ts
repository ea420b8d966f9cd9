import {
  abs,
  add,
  constant,
  conv2d,
  div,
  type Expr,
  type ExprOf,
  elementCount,
  exp,
  type Graph,
  greater,
  log,
  matmul,
  mean,
  mul,
  neg,
  pad,
  relu,
  reshape,
  sigmoid,
  slice,
  sub,
  sum,
  tanh,
  tensor,
  transpose,
  where,
} from "@gen/graph";
import {
  expr,
  groupRate,
  groupStatistics,
  isParameter,
  rewrite,
  usesIn,
  withInputs,
} from "@gen/graph/compiler";
import { isLarge } from "./rewrite-convolutions.ts";

/**
 * The graph without what ONNX Runtime's CPU provider computes slowly, with the same values.
 * `softplus(x) = relu(x) - log(sigmoid(|x|))` is vectorized and threaded: 9x as fast.
 * Native ONNX Runtime runs LayerNormalization 3x as fast as InstanceNormalization. In WebAssembly
 * both are slow and Sigmoid is single-threaded, so large tensors use decomposed forms.
 * Parameters come in the shapes of their uses, for sessions that fold no constants.
 */
export function cpuRewrites(graph: Graph, native: boolean): Graph {
  // A model file may need an older version of ONNX than LayerNormalization.
  const byRows = native && !graph.nodes.some(({ op }) => op === "Foreign");
  const learning = new Set(graph.nodes.filter(isMean).map(({ inputs: [e] }) => e.inputs[0]));
  // A sigmoid beside a softplus, its gradient, shares the exponential.
  const softened = new Set(graph.nodes.flatMap((e) => (e.op === "Softplus" ? e.inputs : [])));
  const inParts = (e: Expr) => !native && isLarge(e);
  const uses = usesIn(graph);
  return rewrite(graph, (node, inputs) => {
    const [x] = inputs;
    if (node.op === "GroupNormalization") {
      const [whole] = node.inputs;
      if (learning.has(whole)) return groupNormInSteps(node, inputs, true);
      if (inParts(node)) return groupNormInSteps(node, inputs, uses.get(whole) === 1);
      if (byRows) return groupNormByRows(node, inputs);
    }
    if (node.op === "Softplus") {
      if (inParts(node)) return add(relu(x), log(add(exp(neg(abs(x))), 1)));
      return sub(relu(x), log(sigmoid(abs(x))));
    }
    if (node.op === "Sigmoid" && inParts(node)) {
      if (!softened.has(node.inputs[0])) return div(1, add(exp(neg(x)), 1));
      const small = exp(neg(abs(x)));
      return div(where(greater(x, 0), 1, small), add(small, 1));
    }
    const ofColumns = node.op === "ReduceSum" && native ? columnSums(node, x) : undefined;
    if (ofColumns) return ofColumns;
    if (isSilu(node) && inParts(node) && uses.get(node.inputs[1]) === 1) {
      return siluInParts(x, uses.get(node.inputs[0]) === 2);
    }
    if (node.op === "Slice" && x.op === "Pad") return cropped(node, x);
    if (node.op === "ReduceSum" && x.shape.length === 4) return sumPixelsFirst(node, x);
    if (node.op === "Sub" && isCentering(node) && x.op === "Reshape") {
      return sumCentered(x.inputs[0], x.shape[1] as number) ?? withInputs(node, inputs);
    }
    if (node.op === "Reshape" && isParameter(x)) return reshape(constant(x.value), node.shape);
    return withInputs(node, inputs);
  });
}

/** The sums of a matrix's columns as a product with ones: 5 us where ReduceSum takes 22. */
function columnSums({ attributes: { axes, keepdims }, shape }: ExprOf<"ReduceSum">, x: Expr) {
  const [rows] = x.shape;
  const isMatrix = x.shape.length === 2 && axes.join() === "0" && x.dtype === "float32";
  if (!isMatrix || keepdims || typeof rows !== "number") return undefined;
  const ones = constant(tensor(new Float32Array(rows).fill(1), [1, rows]));
  return reshape(matmul(ones, x), shape);
}

/** The mean of reshaped values, as the gradient of a group normalization takes it. */
const isMean = ({ op, inputs: [x] }: Expr): boolean =>
  op === "ReduceMean" && x.op === "Reshape" && x.shape.length === 3;

/** Reshaped values without their mean. */
const isCentering = ({ inputs: [x, level] }: Expr): boolean =>
  isMean(level) && level.inputs[0] === x && level.shape[2] === 1;

/** A sum over a batch and its pixels as two sums, which the runtime computes 2x as fast. */
function sumPixelsFirst(node: ExprOf<"ReduceSum">, x: Expr): Expr {
  const { axes, keepdims } = node.attributes;
  if (axes.join() !== "0,2,3") return withInputs(node, [x]);
  return sum(sum(x, [2, 3], true), axes, keepdims === 1);
}

/** A slice of a padded tensor in one copy: ONNX's Pad crops by negative pads. */
function cropped(node: ExprOf<"Slice">, padded: ExprOf<"Pad">): Expr {
  const { axis, start, step } = node.attributes;
  const pads = [...padded.attributes.pads];
  const rank = node.shape.length;
  pads[axis] -= start;
  pads[axis + rank] -= (padded.shape[axis] as number) - start - (node.shape[axis] as number);
  const taken = [axis, axis + rank].map((at) => Math.max(-pads[at], 0));
  // Pad cannot crop more than the tensor has.
  const fits = taken[0] + taken[1] <= (padded.inputs[0].shape[axis] as number);
  if (step !== 1 || !fits) return withInputs(node, [padded]);
  return { ...padded, shape: node.shape, attributes: { ...padded.attributes, pads } };
}

/** Elements below which one pass by one thread takes less time than two by several. */
const forOneThread = 2 ** 16;

/** Group normalization as one of rows, which the native runtime computes in parallel. */
function groupNormByRows(node: ExprOf<"GroupNormalization">, inputs: readonly Expr[]): Expr {
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

/**
 * Group normalization from the statistics that its gradient also needs. `alone` says that nothing
 * else needs what is normalized.
 */
function groupNormInSteps(
  { attributes: { groups, epsilon } }: ExprOf<"GroupNormalization">,
  [x, scale, bias]: readonly Expr[],
  alone = false,
): Expr {
  const [batch, channels] = x.shape as number[];
  const sums = alone ? sumCentered(x, groups) : undefined;
  const { centered, rate } = sums
    ? { centered: sums, rate: groupRate(sums, epsilon) }
    : groupStatistics(x, groups, epsilon);
  const gain = mul(rate, reshape(scale, [groups, channels / groups]));
  const scaled = mul(reshape(centered, [batch, channels, -1]), reshape(gain, [batch, channels, 1]));
  return reshape(add(scaled, reshape(bias, [channels, 1])), x.shape);
}

/**
 * The centered groups of `u + e`, where e has one number for each channel, such as a network's time
 * embedding. The mean of the sum follows from u's channels, so one pass shifts u by both.
 */
function sumCentered(x: Expr, groups: number): Expr | undefined {
  const [u, e] = x.inputs;
  // A convolution takes its bias itself.
  const shifted = x.op === "Add" && u.op !== "Conv" && u.shape.join() === x.shape.join();
  if (!shifted) return undefined;
  const [batch, channels, ...sides] = x.shape as number[];
  const perSample = e.shape.length === x.shape.length ? (e.shape[0] as number) : 0;
  if (e.shape.join() !== [perSample, channels, ...sides.map(() => 1)].join()) return undefined;
  const byChannel = reshape(u, [batch, channels, -1]);
  const added = reshape(e, [perSample, groups, channels / groups]);
  const means = reshape(mean(byChannel, [2], true), [batch, groups, channels / groups]);
  const level = mean(add(means, added), [2], true);
  const shift = reshape(sub(added, level), [batch, channels, 1]);
  return reshape(add(byChannel, shift), [batch, groups, -1]);
}

/** `x * sigmoid(x)`. */
const isSilu = ({ op, inputs: [x, y] }: Expr): boolean =>
  op === "Mul" && y.op === "Sigmoid" && y.inputs[0] === x;

/**
 * `h + h * tanh(h)` with `h = x / 2`: WebAssembly computes Tanh in parallel. If nothing else needs
 * x, and x is `c * gain + bias`, as a normalization ends, h comes from halves of those.
 */
function siluInParts(x: Expr, alone: boolean): Expr {
  const [scaled, bias] = x.op === "Reshape" && x.inputs[0].op === "Add" ? x.inputs[0].inputs : [];
  const half =
    alone && scaled?.op === "Mul"
      ? add(mul(scaled.inputs[0], mul(scaled.inputs[1], 0.5)), mul(bias, 0.5))
      : mul(x, 0.5);
  return reshape(add(half, mul(half, tanh(half))), x.shape);
}

/** The graph in the forms that ONNX Runtime's WebAssembly build computes fastest; equal values. */
export const wasmRewrites = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    const changed =
      node.op === "Conv" ? stacked(node, inputs) : node.op === "ReduceMean" && pooled(node, inputs);
    return changed || withInputs(node, inputs);
  });

/**
 * A convolution with more channels than pixels, on the images of the batch one below another in one
 * image: image by image, the runtime would share each of the small products among its threads.
 */
function stacked(node: ExprOf<"Conv">, [x, weight]: readonly Expr[]): Expr | undefined {
  const { group, stride, dilation, pads } = node.attributes;
  const [b, c, h, w] = x.shape.map(Number);
  const [, o, r, s] = node.shape.map(Number);
  if ([b, c, h, w, o, r, s].some(Number.isNaN) || group * dilation !== 1 || b === 1)
    return undefined;
  const [, , kh, kw] = weight.shape as number[];
  if (o <= r * s || kh * kw === 1) return undefined;
  const [top, left, bottom, right] = pads;
  // Between the images there are as many rows of zeros as a kernel reaches beyond an image.
  const period = stride * Math.ceil((h + Math.max(top, bottom)) / stride);
  const images = pad(transpose(x, [1, 0, 2, 3]), [0, 0, 0, 0], [0, 0, period - h, 0]);
  const one = reshape(images, [1, c, b * period, w]);
  // Below the last image there are rows enough for whole periods.
  const below = kh - stride - top;
  const convolved = conv2d(one, weight, { stride, pads: [top, left, Math.max(below, 0), right] });
  const all = b * (period / stride);
  const whole = reshape(slice(convolved, 2, 0, all), [o, b, period / stride, s]);
  return transpose(slice(whole, 2, 0, r), [1, 0, 2, 3]);
}

/** Elements above which a sum over them takes longer than starting another operation. */
const large = 2 ** 12;

/** The mean of rows as a pool, which is computed in vectors. */
function pooled(node: ExprOf<"ReduceMean">, [x]: readonly Expr[]): Expr | undefined {
  const { axes, keepdims } = node.attributes;
  const rows = x.shape.length === 3 && axes.join() === "2" && keepdims && x.dtype === "float32";
  if (!rows || !(Number(elementCount(x.shape)) >= large)) return undefined;
  return expr("GlobalAveragePool", [x], node.shape, {});
}
