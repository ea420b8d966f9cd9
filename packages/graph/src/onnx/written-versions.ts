import type { Foreign } from "../expr/expr.ts";
import { changedSince } from "./operator-changes.ts";
import { oldestWritten } from "./pass-through.ts";
import { label } from "./protobuf.ts";

const newestWritten = 21;
const usual = 17;

/**
 * The operator sets that a file imports, by domain: for ONNX's own the one asked for, else that of the files
 * whose nodes are kept, the newest of several; other domains' nodes keep theirs.
 * @throws RangeError where a kept node would mean something else in that version.
 */
export function writtenVersions(nodes: readonly Foreign[], asked?: number): Map<string, number> {
  const own = nodes.flatMap(({ node }) =>
    node.domain === "" && !node.tensor ? [node.version] : [],
  );
  const opset = asked ?? (own.length > 0 ? Math.max(oldestWritten, ...new Set(own)) : usual);
  if (!Number.isInteger(opset) || opset < oldestWritten || opset > newestWritten) {
    throw new RangeError(
      `opset must be a whole number in [${oldestWritten}, ${newestWritten}], got ${opset}`,
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
