import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** This package's version. */
export const version = (): string => (require("../package.json") as { version: string }).version;

/** Versions of what computed, for reports: Node, and the backends that are installed. */
export function versions(): Record<string, string> {
  const found: Record<string, string> = { gen: version(), node: process.versions.node };
  for (const name of ["onnxruntime-node", "onnxruntime-web", "@tensorflow/tfjs"]) {
    try {
      found[name] = (require(`${name}/package.json`) as { version: string }).version;
    } catch {
      // An optional peer that is not installed, or does not export its package.json, has no version to report.
    }
  }
  return found;
}
