import { type Tensor, tensor } from "@gen/graph";
import type * as tfjs from "@tensorflow/tfjs";
import type { Backend } from "./backend.ts";
import { BackendError, loadPeer } from "./backend-error.ts";
import { backendOver } from "./device.ts";
import type { DeviceTensor } from "./ledger.ts";
import { interpreter } from "./tfjs/interpret.ts";
import type { Tf } from "./tfjs/kernel.ts";
import { storedDType, storedValues } from "./tfjs/values.ts";

export type TfjsDevice = "webgpu" | "webgl" | "wasm" | "cpu";

export interface TfjsOptions {
  /** Which of TensorFlow.js's backends computes; `wasm` unless told. */
  device?: TfjsDevice;
  /** Where the `.wasm` files are served: a folder's URL that ends in `/`, or a URL for each file. */
  wasmPaths?: string | Record<string, string>;
}

/**
 * A backend that interprets graphs with TensorFlow.js, node by node, in float32 and int32.
 *
 * TensorFlow.js has one current backend in a page or process; every run makes its own device current first,
 * so several of these backends can be used side by side, and with TensorFlow.js code of your own.
 * @throws BackendError when a package is not installed or the device is not there.
 */
export async function tfjsBackend({
  device = "wasm",
  wasmPaths,
}: TfjsOptions = {}): Promise<Backend<DeviceTensor>> {
  const tf: Tf = await loadPeer("@tensorflow/tfjs", () => import("@tensorflow/tfjs"));
  await prepare(tf, device, wasmPaths);
  await makeCurrent(tf, device);
  const engine = tf.engine();
  const kernels = tf.findBackend(device);
  const upload = (values: Tensor): tfjs.Tensor =>
    tf.keep(
      engine.makeTensor(
        storedValues(values),
        [...values.shape],
        storedDType(values.dtype),
        kernels as tfjs.KernelBackend,
      ),
    );

  return backendOver<tfjs.Tensor>({
    name: `tfjs/${device}`,
    write: (array, shape, dtype) => upload(tensor(array, shape, dtype)),
    read: async (tensor) => new Float32Array(await tensor.data()),
    free: (tensor) => tensor.dispose(),
    async compile(graph) {
      const program = interpreter(tf, graph, upload);
      return {
        async run(inputs, dims) {
          await makeCurrent(tf, device);
          return program.run(inputs, dims);
        },
        dispose: async () => program.dispose(),
      };
    },
    // The engine is shared with the rest of the page; all that is ours is freed by now.
    close: async () => {},
  });
}

async function prepare(tf: Tf, device: TfjsDevice, wasmPaths?: TfjsOptions["wasmPaths"]) {
  // Production mode is also what keeps the cpu device from advertising on the console.
  tf.enableProdMode();
  if (device === "wasm") {
    const wasm = await loadPeer(
      "@tensorflow/tfjs-backend-wasm",
      () => import("@tensorflow/tfjs-backend-wasm"),
    );
    // With threads, a minified build on an isolated page hangs.
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    if (wasmPaths) wasm.setWasmPaths(wasmPaths);
  }
  if (device === "webgpu") {
    await loadPeer(
      "@tensorflow/tfjs-backend-webgpu",
      () => import("@tensorflow/tfjs-backend-webgpu"),
    );
  }
}

async function makeCurrent(tf: Tf, device: TfjsDevice): Promise<void> {
  while (tf.getBackend() !== device) {
    const made = await tf.setBackend(device).catch((cause: Error) => {
      throw new BackendError(`tfjs/${device} did not start: ${cause.message}`, { cause });
    });
    if (!made)
      throw new BackendError(
        `tfjs/${device} did not start: this machine or page has no such device`,
      );
  }
}
