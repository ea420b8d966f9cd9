/*
 * Where a WebAssembly build looks for its files, for the error of one that did not start. Bundlers
 * move scripts, and often leave the `.wasm` files behind. The page's own record of its requests
 * has the URL, whatever the bundler made of it:
 *
 *   its wasm files are looked for at https://example.com/ort.wasm (status 404): copy them there, ...
 */
import { inNode } from "./in-node.ts";

// The packages compile without the DOM's types.
interface Requests {
  getEntriesByType?(
    type: "resource",
  ): readonly { name: string; startTime: number; responseStatus?: number }[];
}

/** The last `.wasm` file that was requested after `since`; undefined where none is recorded. */
function requestedWasm(since: number): string | undefined {
  if (inNode()) return undefined;
  const { performance } = globalThis as { performance?: Requests };
  const entries = performance?.getEntriesByType?.("resource") ?? [];
  const last = entries
    .filter(({ name, startTime }) => startTime >= since && /\.wasm([?#]|$)/.test(name))
    .at(-1);
  if (!last) return undefined;
  return last.responseStatus ? `${last.name} (status ${last.responseStatus})` : last.name;
}

/**
 * Where files are looked for, and what to do.
 *
 * @param since When the build began to start, by `performance.now()`.
 * @param wasmPaths The option of the caller.
 * @param files The files in `node_modules`.
 */
export function wasmPlace(
  since: number,
  wasmPaths: string | object | undefined,
  files: string,
): string {
  const given = typeof wasmPaths === "object" ? Object.values(wasmPaths).join(", ") : wasmPaths;
  const place = requestedWasm(since) ?? given;
  const copy = inNode() ? "" : `copy them there (cp node_modules/${files} dist/), or `;
  return `its wasm files are looked for ${place ? `at ${place}` : "beside the package's script"}: ${copy}give their folder's URL as wasmPaths`;
}
