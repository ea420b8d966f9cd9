import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** This package's version. */
export const version = (): string => (require("../package.json") as { version: string }).version;

/** The versions of gen, Node and the installed engines, for reports. */
export function versions(): Record<string, string> {
  const found: Record<string, string> = { gen: version(), node: process.versions.node };
  for (const name of ["onnxruntime-node", "onnxruntime-web", "@tensorflow/tfjs"]) {
    try {
      found[name] = (require(`${name}/package.json`) as { version: string }).version;
    } catch {
      // An optional peer may be missing, or not export its package.json.
    }
  }
  return found;
}
