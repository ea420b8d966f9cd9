import type { RemoteOptions } from "../remote/remote-options.ts";

/** Settings of {@link tfjsBackend}. */
export interface TfjsOptions extends RemoteOptions {
  /** Which of TensorFlow.js's backends computes. @defaultValue `wasm` */
  device?: "webgpu" | "webgl" | "wasm" | "cpu";
  /**
   * Where the `.wasm` files are served: a folder's URL that ends in `/`, the URL of
   * `tfjs-backend-wasm-simd.wasm`, the only file that an engine with SIMD loads, or a URL for each.
   * @defaultValue beside the module
   */
  wasmPaths?: string | Record<string, string>;
  /**
   * For `webgpu`: a `GPUDevice` to share with other code. Once TensorFlow.js has started on a
   * device, it takes only that one.
   * @defaultValue a device of its own
   */
  gpuDevice?: object;
}
