import { ArgumentError } from "@gen/math/arguments";
import type { Foreign } from "../expr/expr.ts";
import { label } from "./protobuf.ts";

/** The oldest operator set that graphs are written in. */
export const OLDEST_WRITTEN = 13;
const NEWEST_WRITTEN = 23;
const DEFAULT_WRITTEN = 17;

const changedAt = (versions: readonly number[], names: string) =>
  names.split(" ").map((name) => [name, versions] as const);

/**
 * The versions from 8 to 23 at which an operator of ONNX's own domain changed its meaning or form:
 * an older node becomes invalid or computes something else. Versions that only allow more types,
 * attributes or operands are left out. Sources: ONNX's Changelog.md and its version converter.
 */
const changes = /* @__PURE__ */ new Map([
  ...changedAt([9, 10], "Upsample"),
  ...changedAt([9, 14], "BatchNormalization"),
  ...changedAt([10], "Slice TopK"),
  ...changedAt([10, 12], "Dropout"),
  ...changedAt([11], "Clip Pad Resize Scatter"),
  ...changedAt([13], "Hardmax LogSoftmax ReduceSum Softmax Squeeze Unsqueeze"),
  ...changedAt([13, 18], "Split"),
  ...changedAt([16], "RoiAlign"),
  ...changedAt(
    [18],
    "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin",
  ),
  ...changedAt([18], "ReduceProd ReduceSumSquare"),
  ...changedAt([20], "DFT GridSample"),
  ...changedAt([21], "GroupNormalization"),
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
    throw new ArgumentError(
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
      throw new ArgumentError(
        `opset ${opset} cannot hold ${label(opType)} from a model of opset ${version}: ${version > opset ? "it may be newer" : `it changed in ${changed}`}; write opset ${version}`,
      );
    }
    const other = versions.get(domain) ?? version;
    if (other !== version) {
      throw new ArgumentError(
        `models with versions ${other} and ${version} of the domain ${label(domain)} do not go into one file`,
      );
    }
    versions.set(domain, version);
  }
  return versions;
}
