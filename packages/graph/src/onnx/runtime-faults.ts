/*
 * Nodes that end the process in ONNX Runtime 1.30 (SIGFPE, SIGSEGV, SIGABRT; on WebAssembly "divide
 * by zero" or a trap), refused by what is known of their operands before a run.
 *
 *   TopK over [0, 4]    Conv of group 0    Pad by 1e9    Div of int64 by -1    Attention without bias
 *
 * What only shows in a run, such as a dynamic dimension of 0, needs a process of its own: `isolate`.
 */
import { type Shape, shapeText } from "../expr/shape.ts";
import { factsOf } from "./foreign-types.ts";
import { MAX_ELEMENTS, MAX_RANK } from "./limits.ts";
import { elementType as T } from "./messages.ts";
import type { NodeReader } from "./node-reader.ts";
import { namesOf } from "./operator-domains.ts";
import { tooLarge, unsafeModel } from "./protobuf.ts";
import { staticOf, type Value } from "./static-value.ts";

/** Operations that divide by sizes of their operands, or read what an empty operand lacks. */
const needsElements = /* @__PURE__ */ namesOf(
  "TopK Unique Conv ConvTranspose ConvInteger QLinearConv DeformConv AveragePool MaxPool LpPool",
  "GlobalAveragePool GlobalMaxPool GlobalLpPool MaxUnpool MaxRoiPool RoiAlign GridSample Col2Im",
  "InstanceNormalization GroupNormalization LRN LSTM GRU RNN DFT STFT ArgMax ArgMin Hardmax",
  "DynamicQuantizeLinear MeanVarianceNormalization LpNormalization Det CumSum ReverseSequence",
  "DepthToSpace SpaceToDepth NonMaxSuppression TfIdfVectorizer AffineGrid CenterCropPad",
  "Multinomial NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss Upsample",
);

/** Attributes that are sizes, and the least value of each. */
const leastValues: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  .../* @__PURE__ */ (
    "group groups num_groups strides dilations kernel_shape blocksize num_heads q_num_heads " +
    "kv_num_heads hidden_size num_outputs pooled_shape offset_group bits"
  )
    .split(" ")
    .map((name): [string, number] => [name, 1]),
  ["batch_dims", 0],
  ["output_height", 1],
  ["output_width", 1],
  ["sample_size", 0],
  ["block_size", 0],
  ["qkv_hidden_sizes", 1],
]);

/** Attributes where 0 stands for a value that the operation works out. */
const zeroIsAbsent = /* @__PURE__ */ namesOf("com.microsoft.RotaryEmbedding.num_heads");

/** Operations that make elements in numbers of their operands' or attributes' choice. */
const makers: ReadonlyMap<string, readonly number[]> = /* @__PURE__ */ new Map([
  ["OneHot", [1]],
  ["HannWindow", [0]],
  ["HammingWindow", [0]],
  ["BlackmanWindow", [0]],
  ["MelWeightMatrix", [0, 1]],
  ["AffineGrid", [1]],
  ["Col2Im", [1, 2]],
  ["CenterCropPad", [1]],
  ["ConstantOfShape", [0]],
  ["Expand", [1]],
  ["Tile", [1]],
  ["Pad", [1]],
  ["Resize", [3]],
  ["DFT", [1]],
  ["STFT", [1, 3]],
]);

/** Makers of as many elements as the product of their sizes. */
const multiplied = /* @__PURE__ */ namesOf("MelWeightMatrix AffineGrid");

/** Transforms of frames, whose lengths and steps divide. */
const frames = /* @__PURE__ */ namesOf("DFT STFT");

/** The ranks of operands by their places; the kernels read what other ranks lack. */
const ranks = /* @__PURE__ */ new Map<string, Readonly<Record<number, number>>>([
  ["com.microsoft.Attention", { 0: 3, 1: 2, 2: 1 }],
  ["com.microsoft.EmbedLayerNormalization", { 0: 2, 1: 2, 2: 2, 3: 2, 4: 2, 7: 2, 8: 2 }],
  ["com.microsoft.GroupQueryAttention", { 7: 2, 8: 2 }],
]);

/** Operations that read an absent operand as if it were there, and the operand's place. */
const needed: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  ["com.microsoft.Attention", 2],
]);

/** The places of operands that must have one element, such as scales and zero points. */
const numbers: ReadonlyMap<string, readonly number[]> = /* @__PURE__ */ new Map([
  .../* @__PURE__ */ ["Sigmoid", "LeakyRelu", "Softmax", "AveragePool", "GlobalAveragePool"].map(
    (name): [string, number[]] => [`com.microsoft.QLinear${name}`, [1, 2, 3, 4]],
  ),
  .../* @__PURE__ */ ["Add", "Mul"].map((name): [string, number[]] => [
    `com.microsoft.QLinear${name}`,
    [1, 2, 4, 5, 6, 7],
  ]),
  ["OneHot", [1]],
]);

const integers: readonly (number | undefined)[] = [T.INT32, T.INT64];

/** @throws GenError `unsafe-model` when ONNX Runtime would end the process on this node. */
export function refuseFaults(node: NodeReader): void {
  const { op, domain, attributes } = node.source;
  const takesNone = needsElements.has(op) || domain !== "";
  node.operands.forEach((operand, i) => {
    const shape = takesNone ? factsOf(operand).shape : undefined;
    if (!shape?.includes(0)) return;
    throw unsafeModel(
      `operand ${i} has the shape [${shape.join(", ")}], which has no elements; ${op} needs some; check the slices and sizes before it`,
    );
  });
  for (const [name, { i, ints }] of attributes) {
    const least = leastValues.get(name);
    if (least === undefined || zeroIsAbsent.has(`${op}.${name}`)) continue;
    const bad = (ints.length > 0 ? ints : [i]).find((v) => v < least || v > MAX_ELEMENTS);
    if (bad !== undefined) {
      throw unsafeModel(`${name} must be in [${least}, ${MAX_ELEMENTS}], got ${bad}`);
    }
  }
  const axis = node.int("axis", 0);
  if (Math.abs(axis) > MAX_RANK) {
    throw unsafeModel(`axis must be in [-${MAX_RANK}, ${MAX_RANK}], got ${axis}`);
  }
  refuseDivisors(node);
  refuseSizes(node);
  refuseBatches(node);
  refuseOperands(node);
}

/** A GatherND whose operands differ in the dimensions that they share divides by 0. */
function refuseBatches(node: NodeReader): void {
  const { op } = node.source;
  if (op !== "GatherND" && op !== "com.microsoft.GatherND") return;
  const [data, indices] = node.operands.slice(0, 2).map((o) => factsOf(o).shape);
  for (let i = 0; i < Math.min(node.int("batch_dims", 0), MAX_RANK); i++) {
    const [a, b] = [data?.[i], indices?.[i]];
    if (typeof a !== "number" || typeof b !== "number" || a === b) continue;
    throw unsafeModel(`dimension ${i} must be the same in both operands, got ${a} and ${b}`);
  }
}

/** Operands whose shapes the kernels do not check. */
function refuseOperands(node: NodeReader): void {
  const { op } = node.source;
  const absent = needed.get(op);
  if (absent !== undefined && !node.has(absent)) {
    throw unsafeModel(`operand ${absent} must be present, got none; give it a tensor of zeros`);
  }
  for (const [i, operand] of node.operands.entries()) {
    const { shape } = factsOf(operand);
    const rank = ranks.get(op)?.[i] ?? shape?.length;
    if (shape?.length !== rank) {
      throw unsafeModel(`operand ${i} must have ${rank} dimensions, got ${shapeText(shape ?? [])}`);
    }
    if (!numbers.get(op)?.includes(i) || shape?.every((d) => d === 1) !== false) continue;
    throw unsafeModel(`operand ${i} must have one element, got ${shapeText(shape ?? [])}`);
  }
}

/** Integers divided by 0; the least integer divided by -1 overflows. */
function refuseDivisors(node: NodeReader): void {
  const { op } = node.source;
  if ((op !== "Div" && op !== "Mod") || !node.has(1)) return;
  if (!integers.includes(factsOf(node.operands[0]).type)) return;
  const divisor = staticOf(node.value(1))?.values ?? [];
  const numbers = node.has(0) ? staticOf(node.value(0))?.values : undefined;
  const least = numbers?.some((v) => Number(v) <= -(2 ** 31)) ?? true;
  const bad = divisor.find((v) => v === 0 || (v === -1 && least));
  if (bad === undefined) return;
  throw unsafeModel(
    `integers divided by ${bad}; ${bad === 0 ? "the divisor must not be 0" : "the least integer has no such quotient: use Neg"}`,
  );
}

function refuseSizes(node: NodeReader): void {
  const { op } = node.source;
  const least = frames.has(op) ? 1 : -MAX_ELEMENTS;
  let product = 1;
  for (const at of makers.get(op) ?? []) {
    const sizes = node.has(at) ? (staticOf(node.value(at))?.values ?? []) : [];
    for (const size of sizes) {
      if (typeof size === "string") continue;
      product *= size;
      if (size >= least && size <= MAX_ELEMENTS) continue;
      throw unsafeModel(`operand ${at} must be in [${least}, ${MAX_ELEMENTS}], got ${size}`);
    }
  }
  if (multiplied.has(op) && product > MAX_ELEMENTS) {
    throw unsafeModel(`its sizes make ${product} elements; a tensor has at most ${MAX_ELEMENTS}`);
  }
}

/** @throws GenError `unsafe-model` when a value has more elements than a tensor may have. */
export function requireSize(value: Value): void {
  const shape: Shape | undefined = factsOf(value).shape;
  if (!shape) return;
  let size = 1;
  for (const d of shape) if (typeof d === "number") size *= d;
  if (size > MAX_ELEMENTS) throw tooLarge("a result", shape);
}
