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
  const { performance } = globalThis as { performance?: Requests };
  const entries = performance?.getEntriesByType?.("resource") ?? [];
  const last = entries
    .filter(({ name, startTime }) => startTime >= since && /\.wasm([?#]|$)/.test(name))
    .at(-1);
  if (!last) return undefined;
  return last.responseStatus ? `${last.name} (status ${last.responseStatus})` : last.name;
}

/** A page may record a request a moment after it failed, so this looks for it ten times in 200 ms. */
async function recordedWasm(since: number): Promise<string | undefined> {
  if (inNode()) return undefined;
  for (let look = 0; look < 10; look++) {
    const found = requestedWasm(since);
    if (found) return found;
    await new Promise<void>((resolve) => setTimeout(resolve, 20));
  }
  return undefined;
}

/**
 * Where files are looked for, and what to do.
 *
 * @param since When the build began to start, by `performance.now()`.
 * @param wasmPaths The option of the caller.
 * @param files The files in `node_modules`.
 */
export async function wasmPlace(
  since: number,
  wasmPaths: string | object | undefined,
  files: string,
): Promise<string> {
  const given = typeof wasmPaths === "object" ? Object.values(wasmPaths).join(", ") : wasmPaths;
  const place = (await recordedWasm(since)) ?? given;
  const copy = inNode() ? "" : `copy them there (cp node_modules/${files} dist/), or `;
  return `its wasm files are looked for ${place ? `at ${place}` : "beside the package's script"}: ${copy}give their folder's URL as wasmPaths`;
}
