import { type Tensor, tensor } from "@gen/graph";
import { simplify } from "@gen/graph/compiler";
import type * as tfjs from "@tensorflow/tfjs";
import type { Backend } from "../backend.ts";
import { backendOver } from "../device.ts";
import { unavailable } from "../errors.ts";
import { inNode } from "../in-node.ts";
import type { DeviceTensor } from "../ledger.ts";
import { wasmPlace } from "../wasm-place.ts";
import { weightGradientsByRows } from "../weight-gradients.ts";
import { channelsLast } from "./channels-last.ts";
import { forget, lossOf, refuseZeros, shareGpu } from "./gpu.ts";
import { interpreter } from "./interpret.ts";
import { storedDType, storedValues, type Tf } from "./kernel.ts";
import { loadTfjs, loadTfjsWasm, loadTfjsWebgpu } from "./load-tfjs.ts";
import type { TfjsOptions } from "./tfjs-options.ts";

/** `tfjsBackend` in this thread. */
export async function openTfjs({
  device = "wasm",
  wasmPaths,
  gpuDevice,
}: TfjsOptions): Promise<Backend<DeviceTensor>> {
  const tf = await loadTfjs();
  await start(tf, { device, wasmPaths, gpuDevice });
  const engine = tf.engine();
  const kernels: tfjs.KernelBackend = tf.findBackend(device);
  const lost = lossOf(kernels);
  let gone = false;
  void lost?.then(() => {
    gone = true;
  });
  const upload = (values: Tensor): tfjs.Tensor => {
    const { dtype, shape } = values;
    return tf.keep(
      engine.makeTensor(storedValues(values), [...shape], storedDType(dtype), kernels),
    );
  };

  // A device that has started becomes current at once; an await would let others take its place.
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
      const program = interpreter(tf, simplify(channelsLast(weightGradientsByRows(graph))), upload);
      return {
        async run(inputs, dims) {
          makeCurrent();
          return program.run(inputs, dims);
        },
        dispose: async () => program.dispose(),
      };
    },
    // The rest of the page shares the engine; everything of this backend is freed by now.
    close: async () => {
      if (gone && engine.registry[device] === kernels) forget(tf, device);
    },
  });
}

type Wasm = Awaited<ReturnType<typeof loadTfjsWasm>>;
type WasmPaths = NonNullable<TfjsOptions["wasmPaths"]>;

const wasmNames = ["", "-simd", "-threaded-simd"].map((kind) => `tfjs-backend-wasm${kind}.wasm`);

/** Whether the option names one file, not a folder. */
const isFile = (wasmPaths: WasmPaths): wasmPaths is string =>
  typeof wasmPaths === "string" && /\.wasm([?#]|$)/.test(wasmPaths);

/** TensorFlow.js wants a URL for each of its files, also for those that it does not load. */
const urlForEach = (url: string) => Object.fromEntries(wasmNames.map((name) => [name, url]));

/** @throws GenError `backend-unavailable` when the files were looked for elsewhere before. */
function setWasmPaths(wasm: Wasm, wasmPaths: WasmPaths): void {
  try {
    wasm.setWasmPaths(isFile(wasmPaths) ? urlForEach(wasmPaths) : wasmPaths);
  } catch (cause) {
    const message = "tfjs/wasm has started before, and takes no other wasmPaths: leave them out";
    throw unavailable(message, { cause });
  }
}

/** Whether Node, which reads the files and always has SIMD, finds the file that it needs. */
function hasWasmFile(wasmPaths: WasmPaths): boolean {
  const { existsSync } = process.getBuiltinModule("node:fs");
  const name = "tfjs-backend-wasm-simd.wasm";
  const paths = isFile(wasmPaths) ? urlForEach(wasmPaths) : wasmPaths;
  const file = typeof paths === "string" ? paths + name : paths[name];
  return existsSync(file.startsWith("file:") ? new URL(file) : file);
}

const wasmFiles = "@tensorflow/tfjs-backend-wasm/dist/*.wasm";

async function start(tf: Tf, { device = "wasm", wasmPaths, gpuDevice }: TfjsOptions) {
  // Production mode also keeps the cpu device from advertising on the console.
  tf.enableProdMode();
  const failed = `tfjs/${device} did not start`;
  const since = performance.now();
  if (device === "wasm") {
    const wasm = await loadTfjsWasm();
    // With threads, a minified build on an isolated page hangs.
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    if (wasmPaths) {
      setWasmPaths(wasm, wasmPaths);
      // TensorFlow.js would print three lines, and would take no other paths afterwards.
      if (inNode() && !hasWasmFile(wasmPaths)) {
        throw unavailable(`${failed}; ${await wasmPlace(since, wasmPaths, wasmFiles)}`);
      }
    }
  }
  if (device === "webgpu") {
    const { WebGPUBackend } = await loadTfjsWebgpu();
    if (gpuDevice) shareGpu(tf, gpuDevice, WebGPUBackend);
  }
  const missing = `${failed}: there is no such device here`;
  if (!tf.findBackendFactory(device)) throw unavailable(missing);
  const started = await tf.setBackend(device).catch((cause: Error) => {
    throw unavailable(`${failed}: ${cause.message}`, { cause });
  });
  if (started) return;
  // The engine keeps the reason to itself.
  throw unavailable(
    device === "wasm" ? `${failed}; ${await wasmPlace(since, wasmPaths, wasmFiles)}` : missing,
  );
}
