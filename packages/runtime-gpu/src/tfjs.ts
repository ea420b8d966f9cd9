import { type Tensor, tensor } from "@gen/graph";
import { simplify } from "@gen/graph/compiler";
import type * as tfjs from "@tensorflow/tfjs";
import type { Backend } from "./backend.ts";
import { backendOver } from "./device.ts";
import { loadPeer, unavailable } from "./errors.ts";
import type { DeviceTensor } from "./ledger.ts";
import { channelsLast } from "./tfjs/channels-last.ts";
import { forget, lossOf, refuseZeros, shareGpu } from "./tfjs/gpu.ts";
import { interpreter } from "./tfjs/interpret.ts";
import type { Tf } from "./tfjs/kernel.ts";
import { storedDType, storedValues } from "./tfjs/values.ts";

type TfjsDevice = "webgpu" | "webgl" | "wasm" | "cpu";

export interface TfjsOptions {
  /** Which of TensorFlow.js's backends computes. @defaultValue `wasm` */
  device?: TfjsDevice;
  /** Where the `.wasm` files are served: a folder's URL that ends in `/`, or a URL for each file. */
  wasmPaths?: string | Record<string, string>;
  /**
   * A `GPUDevice` to be shared with other code, for `webgpu`: the one that TensorFlow.js runs on, or any
   * before it has started on one of its own.
   */
  gpuDevice?: object;
}

/**
 * A backend that interprets graphs with TensorFlow.js, node by node, in float32 and int32.
 *
 * TensorFlow.js has one current backend in a page or process; every run makes its own device current first,
 * so several of these backends can be used side by side, and with TensorFlow.js code of your own.
 * @throws GenError `backend-unavailable` when a package is not installed or the device is not there.
 */
export async function tfjsBackend({
  device = "wasm",
  wasmPaths,
  gpuDevice,
}: TfjsOptions = {}): Promise<Backend<DeviceTensor>> {
  const tf: Tf = await loadPeer("@tensorflow/tfjs", () => import("@tensorflow/tfjs"));
  await prepare(tf, device, wasmPaths);
  if (gpuDevice && device === "webgpu") await shareGpu(tf, gpuDevice);
  await start(tf, device);
  const engine = tf.engine();
  const kernels = tf.findBackend(device);
  const lost = lossOf(kernels);
  let gone = false;
  void lost?.then(() => {
    gone = true;
  });
  const upload = (values: Tensor): tfjs.Tensor =>
    tf.keep(
      engine.makeTensor(
        storedValues(values),
        [...values.shape],
        storedDType(values.dtype),
        kernels as tfjs.KernelBackend,
      ),
    );

  // A device that has started becomes current at once; waiting would let others take its place.
  const makeCurrent = () => {
    if (tf.getBackend() !== device) void tf.setBackend(device);
  };

  return backendOver<tfjs.Tensor>({
    name: `tfjs/${device}`,
    lost,
    write: (array, shape, dtype) => upload(tensor(array, shape, dtype)),
    async read(tensor) {
      const values = new Float32Array(await tensor.data());
      refuseZeros(kernels);
      return values;
    },
    free: (tensor) => tensor.dispose(),
    async compile(graph) {
      makeCurrent();
      const program = interpreter(tf, simplify(channelsLast(graph)), upload);
      return {
        async run(inputs, dims) {
          makeCurrent();
          return program.run(inputs, dims);
        },
        dispose: async () => program.dispose(),
      };
    },
    // The engine is shared with the rest of the page; all that is ours is freed by now.
    close: async () => {
      if (gone && engine.registry[device] === kernels) forget(tf, device);
    },
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

async function start(tf: Tf, device: TfjsDevice): Promise<void> {
  const nothing = `tfjs/${device} did not start: there is no such device here`;
  if (!tf.findBackendFactory(device)) throw unavailable(nothing);
  const made = await tf.setBackend(device).catch((cause: Error) => {
    throw unavailable(`tfjs/${device} did not start: ${cause.message}`, {
      cause,
    });
  });
  if (!made) throw unavailable(nothing);
}
