import { resolveHere } from "../in-node.ts";

/** What a worker or process can serve: the libraries, and the CPU's evaluator. */
export type Library = "onnx" | "tfjs" | "cpu";

/**
 * The file that Node runs in a worker or process. It is found by the package's name, because a
 * bundle of the caller's code is elsewhere.
 * @throws Error when the package is not installed where the caller's code runs.
 */
export function programFile(library: Library): string {
  const manifest = resolveHere("@gen/runtime-gpu/package.json");
  const { dirname, join } = process.getBuiltinModule("node:path");
  return join(dirname(manifest), "dist", "remote", `serve-${library}.js`);
}
