import type { RemoteOptions } from "../remote/remote-options.ts";
import type { Provider } from "./providers.ts";

/** Settings of {@link onnxBackend}. */
export interface OnnxOptions extends RemoteOptions {
  /**
   * The execution provider that computes.
   * - `cpu`: onnxruntime-node in Node, WebAssembly in a page.
   * - `wasm`: WebAssembly in both.
   * - `webgpu`: the GPU, through onnxruntime-web in a page and onnxruntime-node in Node.
   * - `cuda` (Linux x64), `dml` (Windows), `coreml` (macOS): through onnxruntime-node.
   * - `webnn`: in a page, on the GPU that the browser's WebNN chooses.
   *
   * What a provider cannot compute runs on the CPU. Except for `webgpu` in a page, tensors are in
   * host memory and each run copies its inputs and outputs.
   * @defaultValue onnxruntime-node's CPU if it is installed, otherwise WebAssembly
   */
  provider?: Provider;
  /**
   * Threads of one operation. WebAssembly starts its threads once: the first backend of a page or
   * process decides.
   * @defaultValue all that the machine and page allow
   */
  threads?: number;
  /**
   * ONNX Runtime's module for `provider`, such as `import * as runtime from "onnxruntime-web/wasm"`.
   * Your own code then carries the module; without this option its file is requested when a backend
   * is opened. In Node `provider` must be given too.
   * @defaultValue the module that the provider needs
   */
  runtime?: OnnxRuntime;
  /**
   * Where the `.wasm` and `.mjs` files are served: an absolute URL of a folder, or a URL each.
   * @defaultValue beside the module
   */
  wasmPaths?:
    | string
    | {
        /** The URL of the `.wasm` file. */
        wasm?: string;
        /** The URL of the `.mjs` file. */
        mjs?: string;
      };
  /**
   * The page's own `GPUDevice`, to share with other code; for `webgpu` in a browser.
   * @defaultValue a device of its own
   */
  gpuDevice?: object;
  /**
   * Records a program's GPU commands in its first run and replays them in every later run, so that
   * the host does not walk the graph; for `webgpu` in a browser. A program with named dimensions is
   * recorded and compiled once for each of their sizes; the last four are kept. A program that
   * cannot be recorded runs as without this option.
   * @defaultValue false
   */
  graphCapture?: boolean;
  /** Called when a program runs unrecorded, once for each reason. @defaultValue none */
  onUncaptured?: (reason: string) => void;
}

/** The needed part of ONNX Runtime's module: any build of onnxruntime-web, or onnxruntime-node. */
export interface OnnxRuntime {
  /** Opens a model. */
  readonly InferenceSession: object;
  /** Makes tensors. */
  readonly Tensor: object;
  /** The module's settings. */
  readonly env: {
    /** The module's versions. */
    readonly versions: object;
  };
}
