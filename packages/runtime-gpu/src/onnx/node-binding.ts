/*
 * Why onnxruntime-node did not load, and the command that mends it. Its install script downloads
 * CUDA's files on Linux x64, and npm undoes the whole installation where the download fails: behind
 * a firewall, for example. Where no GPU can use these files, the command leaves them out.
 */
import { peerError, unavailable } from "../errors.ts";
import { nvidiaDriver } from "./providers.ts";

/** The bindings in the package of onnxruntime-node 1.30. */
const bindings = ["linux x64", "linux arm64", "win32 x64", "win32 arm64", "darwin arm64"];

/** An error of Node's loaders. `requireStack` has the files that asked for a missing one. */
interface NodeError {
  readonly code?: string;
  readonly message: string;
  readonly requireStack?: readonly string[];
}

/**
 * The error for an onnxruntime-node that did not load.
 *
 * @param cause What its import threw.
 */
export function bindingError(cause: unknown) {
  const { code, message, requireStack = [] } = cause as NodeError;
  const here = `${process.platform} ${process.arch}`;
  const skip = here === "linux x64" && !nvidiaDriver() ? "ONNXRUNTIME_NODE_INSTALL=skip " : "";
  const install = `${skip}npm install onnxruntime-node`;
  const because = (why: string, run: string) =>
    unavailable(`onnxruntime-node ${why}; run: ${run}`, { cause });
  // The package was found, but not the file of its native code.
  const found = requireStack.some((path) => path.includes("onnxruntime-node"));
  if (code === "MODULE_NOT_FOUND" && found) {
    if (!bindings.includes(here)) {
      return because(`has no native binding for ${here}`, "npm install onnxruntime-web");
    }
    const again = `npm uninstall onnxruntime-node && ${install}`;
    return because(`is installed without its native binding for ${here}`, again);
  }
  // The system's loader refuses the binding: an old C library, or another one, as in Alpine.
  if (code === "ERR_DLOPEN_FAILED") {
    return because(`did not load (${message})`, "npm install onnxruntime-web");
  }
  return peerError("onnxruntime-node", cause, install);
}
