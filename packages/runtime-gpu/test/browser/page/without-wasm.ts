import { openBackend } from "../../../src/index.ts";

/** The error of a backend whose `.wasm` files are in no folder of this host. */
export async function withoutWasm(name: string, worker: boolean): Promise<string> {
  const nowhere = new URL("/nowhere/", location.href).href;
  const opening = openBackend(name, {
    worker,
    onnx: { wasmPaths: { wasm: `${nowhere}ort-wasm-simd-threaded.wasm` } },
    tfjs: { wasmPaths: nowhere },
  });
  const { message } = await opening.then(
    () => new Error(`${name} opened`),
    (error: Error) => error,
  );
  return message;
}
