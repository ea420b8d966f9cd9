import { input } from "../expr/expr.ts";
import { broadcastShapes, type Dim, elementCount, fromFront, type Shape } from "../expr/shape.ts";
import { elementType as T } from "./messages.ts";
import type { NodeReader, Reader } from "./node-reader.ts";
import { dtypeOf, elementTypes } from "./protobuf.ts";
import { isOpaque, isStatic, staticOf, type Value } from "./static-value.ts";

/** What is known of a value: ONNX's element type and its dimensions. */
interface Facts {
  readonly type?: number;
  readonly shape?: Shape;
}

export function factsOf(value: Value | undefined): Facts {
  if (!value) return {};
  if (isOpaque(value)) return value;
  const shape = isStatic(value) ? value.dims : value.shape;
  return { type: elementTypes[value.dtype], shape };
}

type Rule = (node: NodeReader, operands: readonly Facts[]) => readonly Facts[];

/** Operations whose result has the type and shape of the first operand. */
const sameAsOperand = [
  "Selu Celu ThresholdedRelu Hardmax Acos Asin Atan Sinh Cosh Asinh Acosh Atanh LpNormalization",
  "MeanVarianceNormalization LRN CumSum Shrink ScatterND ScatterElements Scatter RandomNormalLike",
  "RandomUniformLike RMSNormalization ReverseSequence BitwiseNot com.microsoft.QuickGelu",
  "com.microsoft.Gelu com.microsoft.FastGelu com.microsoft.BiasGelu com.microsoft.BiasAdd",
  "com.microsoft.GroupNorm com.microsoft.SkipLayerNormalization com.microsoft.RotaryEmbedding",
  "com.microsoft.SkipSimplifiedLayerNormalization com.microsoft.BiasSoftmax Clip Trilu",
].flatMap((names) => names.split(" "));

const bytes = (shape?: Shape): Facts => ({ type: T.UINT8, shape });
const isTrue: Rule = (_, [{ shape }]) => [{ type: T.BOOL, shape }];

const rules: ReadonlyMap<string, Rule> = /* @__PURE__ */ new Map<string, Rule>([
  ...sameAsOperand.map((name): [string, Rule] => [name, (_, [x]) => [x]]),
  ["IsNaN", isTrue],
  ["IsInf", isTrue],
  [
    "Xor",
    ({ source }, [{ shape: a }, { shape: b }]) => [
      { type: T.BOOL, shape: a && b && broadcastShapes(source.op, a, b) },
    ],
  ],
  ["CastLike", (_, [{ shape }, { type }]) => [{ type, shape }]],
  ["Cast", (node, [{ shape }]) => [{ type: node.int("to", 0), shape }]],
  ["GatherElements", (_, [{ type }, { shape }]) => [{ type, shape }]],
  ["NonZero", () => [{ type: T.INT64 }]],
  ["Constant", constant],
  ["TopK", topK],
  ["Resize", resize],
  ["Upsample", resize],
  ["ArgMax", argMax],
  ["ArgMin", argMax],
  ["GridSample", gridSample],
  [
    "QuantizeLinear",
    (node, [{ shape }, , zero]) => [
      { type: zero?.type ?? node.int("output_dtype", T.UINT8), shape },
    ],
  ],
  ["DequantizeLinear", (_, [{ shape }, { type }]) => [{ type, shape }]],
  [
    "DynamicQuantizeLinear",
    (_, [{ shape }]) => [bytes(shape), { type: T.FLOAT, shape: [] }, bytes([])],
  ],
  ["MatMulInteger", (_, [a, b]) => [{ type: T.INT32, shape: productShape(a.shape, b.shape) }]],
  ["QLinearMatMul", (_, o) => [{ type: o[7]?.type, shape: productShape(o[0].shape, o[3].shape) }]],
  ["com.microsoft.FusedMatMul", fusedMatMul],
  [
    "com.microsoft.MatMulNBits",
    (node, [{ type, shape }]) => [
      { type, shape: shape && [...shape.slice(0, -1), node.int("N", 0)] },
    ],
  ],
]);

function gridSample(_: NodeReader, [{ type, shape }, grid]: readonly Facts[]): Facts[] {
  const sides = grid.shape?.slice(1, -1);
  return [{ type, shape: shape && sides && [...shape.slice(0, 2), ...sides] }];
}

function fusedMatMul(node: NodeReader, [a, b]: readonly Facts[]): Facts[] {
  if (node.int("transBatchA", 0) || node.int("transBatchB", 0)) return [{ type: a.type }];
  const swapped = ({ shape }: Facts, flag: string) =>
    shape && node.int(flag, 0) ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape;
  return [{ type: a.type, shape: productShape(swapped(a, "transA"), swapped(b, "transB")) }];
}

function productShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (!a || !b || a.length < 2 || b.length < 2) return undefined;
  const batch = broadcastShapes("MatMul", a.slice(0, -2), b.slice(0, -2));
  return [...batch, a.at(-2) as Dim, b.at(-1) as Dim];
}

function constant({ source }: NodeReader): Facts[] {
  const tensor = source.attributes.get("value")?.t;
  return tensor ? [{ type: tensor.dataType, shape: tensor.dims.map(Number) }] : [];
}

/** `shape` with `dims` in place of its dimension `axis`. */
const replaced = (shape: Shape | undefined, axis: number, ...dims: Dim[]): Shape | undefined =>
  shape?.flatMap((d, i) => (i === fromFront(axis, shape.length) ? dims : [d]));

function topK(node: NodeReader, [{ type, shape }]: readonly Facts[]): Facts[] {
  const k = node.has(1) ? node.dims(1)[0] : node.int("k", 0);
  const best = replaced(shape, node.int("axis", -1), k);
  return [
    { type, shape: best },
    { type: T.INT64, shape: best },
  ];
}

function argMax(node: NodeReader, [{ shape }]: readonly Facts[]): Facts[] {
  const kept = node.int("keepdims", 1) === 1 ? [1] : [];
  return [{ type: T.INT64, shape: replaced(shape, node.int("axis", 0), ...kept) }];
}

function resize(node: NodeReader, [{ type, shape }]: readonly Facts[]): Facts[] {
  const numbers = (i: number) => (node.has(i) ? staticOf(node.value(i))?.values : undefined);
  const sizes = numbers(3);
  const scales = node.floats("scales") ?? numbers(node.operands.length > 2 ? 2 : 1);
  if (!shape || node.source.attributes.has("axes")) return [{ type }];
  if (sizes?.length === shape.length) {
    const stretches = node.text("keep_aspect_ratio_policy", "stretch") === "stretch";
    return [stretches ? { type, shape: sizes } : { type }];
  }
  if (scales?.length !== shape.length) return [{ type }];
  const resized = shape.map((d, i) => {
    const scale = Number(scales[i]);
    if (typeof d === "number") return Math.floor(d * scale);
    return Number.isInteger(scale) ? elementCount([scale, d]) : undefined;
  });
  return [{ type, shape: resized.every((d) => d !== undefined) ? resized : undefined }];
}

/** What is known of the results of a node that stays as it is in the file. */
export function resultFacts(node: NodeReader, reader: Reader | undefined): readonly Facts[] {
  const operands = node.operands.map(factsOf);
  try {
    return (
      rules.get(node.source.op)?.(node, operands) ?? (reader ? standIn(node, reader, operands) : [])
    );
  } catch {
    // ONNX Runtime reports operands that do not fit.
    return [];
  }
}

/** The results that a reader gives when float32 inputs stand for the opaque operands. */
function standIn(node: NodeReader, reader: Reader, operands: readonly Facts[]): Facts[] {
  const inputs = node.operands.map((operand, i) => {
    // The fill decides no shape, and may be computed.
    if (node.source.op === "Pad" && i === 2) return undefined;
    if (!operand || !isOpaque(operand)) return operand;
    const { shape, type = 0 } = operands[i];
    if (!shape) throw new RangeError("the shape is not known");
    return input(`operand ${i}`, { shape, dtype: dtypeOf(type) });
  });
  const type = operands[node.operands.findIndex((o) => o && isOpaque(o))]?.type;
  return [reader(node.on(inputs))].flat().map((value) => {
    const facts = factsOf(value as Value);
    return facts.type === T.FLOAT ? { type, shape: facts.shape } : facts;
  });
}
