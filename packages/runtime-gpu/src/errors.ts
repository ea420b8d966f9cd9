import { GenError } from "@gen/math";

/** The error for a backend that cannot be opened here. */
export const unavailable = (message: string, options?: ErrorOptions): GenError =>
  new GenError("backend-unavailable", message, options);

/** Where a WebAssembly build looks for its files, for the error of one that did not start. */
export function wasmPlace(wasmPaths: string | object | undefined): string {
  const given = typeof wasmPaths === "object" ? Object.values(wasmPaths).join(", ") : wasmPaths;
  const place = given ? `at ${given}` : "beside the package's script";
  return `its wasm files are looked for ${place}: give their folder's URL as wasmPaths`;
}

/** The error for a graph that a backend cannot run or hold. */
export const unsupported = (message: string, options?: ErrorOptions): GenError =>
  new GenError("unsupported-graph", message, options);

/**
 * Imports an optional peer.
 * @throws GenError `backend-unavailable` with the command that installs it.
 */
export async function loadPeer<M>(name: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as { code?: string; message?: string };
    const missing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
    const why = missing ? "is not installed" : `did not load (${message})`;
    throw unavailable(`${name} ${why}; run: npm install ${name}`, { cause });
  }
}
