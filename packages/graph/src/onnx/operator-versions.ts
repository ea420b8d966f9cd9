import type { Foreign } from "../expr/expr.ts";
import { label } from "./protobuf.ts";

/** The oldest operator set that graphs are written in. */
export const OLDEST_WRITTEN = 13;
const NEWEST_WRITTEN = 21;
const DEFAULT_WRITTEN = 17;

const reductions = "L1 L2 LogSum LogSumExp Max Mean Min Prod SumSquare";

/**
 * The versions from 8 to 21 at which an operator of ONNX's own domain changed its meaning or form:
 * an older node becomes invalid or computes something else. Versions that only allow more types,
 * attributes or operands are left out. Sources: ONNX's Changelog.md and its version converter.
 */
const changes = /* @__PURE__ */ new Map<string, readonly number[]>([
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

/** The first version in (`from`, `to`] that changes the meaning of a node of `opType`. */
export const changedSince = (opType: string, from: number, to: number): number | undefined =>
  changes.get(opType)?.find((version) => version > from && version <= to);

/**
 * The operator sets that a file imports, by domain. ONNX's own is the requested one; by default the
 * newest of the files that kept nodes come from. Other domains keep the version of their nodes.
 * @throws RangeError when a kept node means something else in that version.
 */
export function writtenVersions(
  nodes: readonly Foreign[],
  requested?: number,
): Map<string, number> {
  const own = nodes.flatMap(({ node }) =>
    node.domain === "" && !node.tensor ? [node.version] : [],
  );
  const opset =
    requested ?? (own.length > 0 ? Math.max(OLDEST_WRITTEN, ...new Set(own)) : DEFAULT_WRITTEN);
  if (!Number.isInteger(opset) || opset < OLDEST_WRITTEN || opset > NEWEST_WRITTEN) {
    throw new RangeError(
      `opset must be a whole number in [${OLDEST_WRITTEN}, ${NEWEST_WRITTEN}], got ${opset}`,
    );
  }
  const versions = new Map([["", opset]]);
  for (const { node } of nodes) {
    if (node.tensor) continue;
    const { domain, opType, version } = node;
    if (domain === "") {
      const changed = version > opset ? version : changedSince(opType, version, opset);
      if (changed === undefined) continue;
      throw new RangeError(
        `opset ${opset} cannot hold ${label(opType)} from a model of opset ${version}: ${version > opset ? "it may be newer" : `it changed in ${changed}`}; write opset ${version}`,
      );
    }
    const other = versions.get(domain) ?? version;
    if (other !== version) {
      throw new RangeError(
        `models with versions ${other} and ${version} of the domain ${label(domain)} do not go into one file`,
      );
    }
    versions.set(domain, version);
  }
  return versions;
}
