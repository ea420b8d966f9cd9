import { input } from "../expr/expr.ts";
import { broadcastShapes, type Dim, elementCount, type Shape } from "../expr/shape.ts";
import { elementType as T } from "./messages.ts";
import type { NodeReader, Reader } from "./node-reader.ts";
import { dtypeOf, elementTypes } from "./protobuf.ts";
import { isOpaque, isStatic, staticOf, type Value } from "./static-value.ts";

/** What is known of a value: ONNX's element type and its dimensions. */
export interface Facts {
  readonly type?: number;
  readonly shape?: Shape;
}

function factsOf(value: Value | undefined): Facts {
  if (!value) return {};
  if (isOpaque(value)) return value;
  const shape = isStatic(value) ? value.dims : value.shape;
  return { type: elementTypes[value.dtype], shape };
}

type Rule = (c: NodeReader, operands: readonly Facts[]) => readonly Facts[];

const alike: Rule = (_, [x]) => [x];
const truth: Rule = (_, [x]) => [{ type: T.BOOL, shape: x.shape }];

const rulesOf = (names: string, rule: Rule) =>
  names.split(" ").map((name): readonly [string, Rule] => [name, rule]);

const rules: ReadonlyMap<string, Rule> = /* @__PURE__ */ new Map<string, Rule>([
  ...rulesOf(
    "Selu Celu ThresholdedRelu Hardmax Acos Asin Atan Sinh Cosh Asinh Acosh Atanh LpNormalization MeanVarianceNormalization LRN CumSum Shrink ScatterND ScatterElements Scatter RandomNormalLike RandomUniformLike RMSNormalization ReverseSequence BitwiseNot",
    alike,
  ),
  ...rulesOf(
    ["QuickGelu", "Gelu", "FastGelu", "BiasGelu", "BiasAdd", "GroupNorm", "SkipLayerNormalization"]
      .concat("SkipSimplifiedLayerNormalization", "RotaryEmbedding", "BiasSoftmax")
      .map((name) => `com.microsoft.${name}`)
      .join(" "),
    alike,
  ),
  ...rulesOf("IsNaN IsInf", truth),
  [
    "Xor",
    (c, [a, b]) => [
      { type: T.BOOL, shape: a.shape && b.shape && broadcastShapes(c.node.op, a.shape, b.shape) },
    ],
  ],
  ["CastLike", (_, [x, like]) => [{ type: like.type, shape: x.shape }]],
  ["Cast", (c, [x]) => [{ type: c.int("to", 0), shape: x.shape }]],
  ["GatherElements", (_, [x, at]) => [{ type: x.type, shape: at.shape }]],
  ["NonZero", () => [{ type: T.INT64 }]],
  ["Constant", constant],
  ["TopK", topK],
  ["Resize", resize],
  ["Upsample", resize],
  ["ArgMax", arg],
  ["ArgMin", arg],
  [
    "GridSample",
    (_, [x, grid]) => [
      {
        type: x.type,
        shape: x.shape && grid.shape && [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)],
      },
    ],
  ],
  [
    "QuantizeLinear",
    (c, [x, , zero]) => [{ type: zero?.type ?? c.int("output_dtype", T.UINT8), shape: x.shape }],
  ],
  ["DequantizeLinear", (_, [x, scale]) => [{ type: scale.type, shape: x.shape }]],
  [
    "DynamicQuantizeLinear",
    (_, [x]) => [
      { type: T.UINT8, shape: x.shape },
      { type: T.FLOAT, shape: [] },
      { type: T.UINT8, shape: [] },
    ],
  ],
  ["MatMulInteger", (_, [a, b]) => [{ type: T.INT32, shape: productShape(a, b) }]],
  ["QLinearMatMul", (_, o) => [{ type: o[7]?.type, shape: productShape(o[0], o[3]) }]],
  [
    "com.microsoft.FusedMatMul",
    (c, [a, b]) => {
      if (c.int("transBatchA", 0) || c.int("transBatchB", 0)) return [{ type: a.type }];
      const turned = (x: Facts, name: string) =>
        x.shape && c.int(name, 0) ? { shape: swapped(x.shape) } : x;
      return [{ type: a.type, shape: productShape(turned(a, "transA"), turned(b, "transB")) }];
    },
  ],
  [
    "com.microsoft.MatMulNBits",
    (c, [a]) => [{ type: a.type, shape: a.shape && [...a.shape.slice(0, -1), c.int("N", 0)] }],
  ],
]);

const swapped = (shape: Shape): Shape => [...shape.slice(0, -2), ...shape.slice(-2).reverse()];

function productShape({ shape: a }: Facts, { shape: b }: Facts): Shape | undefined {
  if (!a || !b || a.length < 2 || b.length < 2) return undefined;
  const batch = broadcastShapes("MatMul", a.slice(0, -2), b.slice(0, -2));
  return [...batch, a.at(-2) as Dim, b.at(-1) as Dim];
}

function constant(c: NodeReader): Facts[] {
  const tensor = c.node.attributes.get("value")?.t;
  return tensor ? [{ type: tensor.dataType, shape: tensor.dims.map(Number) }] : [];
}

function topK(c: NodeReader, [x]: readonly Facts[]): Facts[] {
  const k = c.has(1) ? c.dims(1)[0] : c.int("k", 0);
  const axis = c.int("axis", -1);
  const shape = x.shape?.map((d, i, all) => (i === (axis < 0 ? axis + all.length : axis) ? k : d));
  return [
    { type: x.type, shape },
    { type: T.INT64, shape },
  ];
}

function arg(c: NodeReader, [x]: readonly Facts[]): Facts[] {
  const axis = c.int("axis", 0);
  const keep = c.int("keepdims", 1) === 1 ? [1] : [];
  const shape = x.shape?.flatMap((d, i, all) =>
    i === (axis < 0 ? axis + all.length : axis) ? keep : [d],
  );
  return [{ type: T.INT64, shape }];
}

function resize(c: NodeReader, [x]: readonly Facts[]): Facts[] {
  const { type, shape } = x;
  const numbers = (i: number) => (c.has(i) ? staticOf(c.value(i))?.values : undefined);
  const sizes = numbers(3);
  const scales = c.floats("scales") ?? numbers(c.operands.length > 2 ? 2 : 1);
  if (!shape || c.node.attributes.has("axes")) return [{ type }];
  if (sizes?.length === shape.length) {
    return c.text("keep_aspect_ratio_policy", "stretch") === "stretch"
      ? [{ type, shape: sizes }]
      : [{ type }];
  }
  if (scales?.length !== shape.length) return [{ type }];
  const resized = shape.map((d, i) => {
    const scale = Number(scales[i]);
    if (typeof d === "number") return Math.floor(d * scale);
    return Number.isInteger(scale) ? elementCount([scale, d]) : undefined;
  });
  return [{ type, shape: resized.every((d) => d !== undefined) ? resized : undefined }];
}

/** What is known of the results of a node that stays as it is in the file, as far as the rules here go. */
export function resultFacts(c: NodeReader, reader: Reader | undefined): readonly Facts[] {
  const operands = c.operands.map(factsOf);
  try {
    return rules.get(c.node.op)?.(c, operands) ?? (reader ? standIn(c, reader, operands) : []);
  } catch {
    // What does not fit is ONNX Runtime's to tell.
    return [];
  }
}

/** The shapes that a known operation gives on operands of float32 in place of those that have no dtype here. */
function standIn(c: NodeReader, reader: Reader, operands: readonly Facts[]): Facts[] {
  const stand = c.operands.map((operand, i) => {
    if (!operand || !isOpaque(operand)) return operand;
    const { shape, type = 0 } = operands[i];
    if (!shape) throw new RangeError("the shape is not known");
    return input(`operand ${i}`, { shape, dtype: dtypeOf(type) });
  });
  const type = operands[c.operands.findIndex((o) => o && isOpaque(o))]?.type;
  const made = reader(c.on(stand));
  return [made].flat().map((value) => {
    const facts = factsOf(value as Value);
    return facts.type === T.FLOAT ? { type, shape: facts.shape } : facts;
  });
}
