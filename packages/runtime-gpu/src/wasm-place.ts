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
  getEntriesByType(
    type: "resource",
  ): { name: string; startTime: number; responseStatus?: number }[];
}

/**
 * The last `.wasm` file that a page requested after `since`; undefined where none is recorded. A
 * page may record a request a moment after it failed, so this looks for it ten times in 200 ms.
 */
async function requestedWasm(since: number): Promise<string | undefined> {
  const requests = () => (performance as Requests).getEntriesByType("resource");
  for (let look = 0; look < 10; look++) {
    for (const { name, startTime, responseStatus } of requests().reverse()) {
      if (startTime >= since && /\.wasm([?#]|$)/.test(name)) {
        return responseStatus ? `${name} (status ${responseStatus})` : name;
      }
    }
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
  const page = !inNode();
  const place = (page && (await requestedWasm(since))) || given;
  const copy = page ? `copy them there (cp node_modules/${files} dist/), or ` : "";
  return `its wasm files are looked for ${place ? `at ${place}` : "beside the package's script"}: ${copy}give their folder's URL as wasmPaths`;
}
