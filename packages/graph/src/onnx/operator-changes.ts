const reductions = "L1 L2 LogSum LogSumExp Max Mean Min Prod SumSquare";

/**
 * The versions from 8 to 21 at which an operator of ONNX's own domain took another meaning or form, so that
 * an older node is not valid any more or computes something else. What only allows more types, attributes or
 * operands is not among them. After ONNX's Changelog.md and its version converter.
 */
const changes: ReadonlyMap<string, readonly number[]> = /* @__PURE__ */ new Map<
  string,
  readonly number[]
>([
  ["BatchNormalization", [9, 14]],
  ["Clip", [11]],
  ["DFT", [20]],
  ["Dropout", [10, 12]],
  ["GridSample", [20]],
  ["GroupNormalization", [21]],
  ["Hardmax", [13]],
  ["LogSoftmax", [13]],
  ["Pad", [11]],
  ["ReduceSum", [13]],
  ["Resize", [11]],
  ["RoiAlign", [16]],
  ["Scatter", [11]],
  ["Slice", [10]],
  ["Softmax", [13]],
  ["Split", [13, 18]],
  ["Squeeze", [13]],
  ["TopK", [10]],
  ["Unsqueeze", [13]],
  ["Upsample", [9, 10]],
  .../* @__PURE__ */ reductions.split(" ").map((name) => [`Reduce${name}`, [18]] as const),
]);

/** The first version after `from` and up to `to` at which a node of `opType` no longer means the same. */
export const changedSince = (opType: string, from: number, to: number): number | undefined =>
  changes.get(opType)?.find((version) => version > from && version <= to);
