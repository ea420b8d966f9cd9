import { type DType, type Graph, type TensorData, tensorData, tensorNumbers } from "@gen/graph";
import type { Device, Executable } from "../device.ts";
import { unsupported } from "../errors.ts";
import { byteLength } from "../ledger.ts";
import { serialQueue } from "../serial-queue.ts";
import { capturedSession } from "./captured-session.ts";
import { capturingProgram } from "./capturing-program.ts";
import { bufferOf, type GpuBuffer, type GpuDevice, lossOf, readBuffer } from "./gpu.ts";
import { hostNumbers, hostTensor } from "./host-device.ts";
import { applyPasses } from "./passes/passes.ts";
import type { Ort, OrtTensor, SessionOptions } from "./runtime.ts";
import { graphSession } from "./session.ts";

/** What a device in a page is made of. */
export interface PageGpu {
  readonly gpu: GpuDevice;
  /** Whether the GPUDevice ends with the device. */
  readonly owned: boolean;
  /** Records graphs where that is possible, and tells why it is not elsewhere. */
  readonly capture?: { onUncaptured?: ((reason: string) => void) | undefined } | undefined;
}

// ONNX Runtime's WebGPU build hangs, or says so, where it is asked for two things at once, whoever asks.
const page = serialQueue();

/**
 * ONNX Runtime's WebGPU provider in a page: tensors are GPU buffers and stay there between runs.
 * It computes with int64 on the CPU alone, so those, time steps mostly, are kept in host memory.
 */
export function gpuDevice(ort: Ort, { gpu, owned, capture }: PageGpu): Device<OrtTensor> {
  const options: SessionOptions = {
    executionProviders: [{ name: "webgpu", device: gpu as never }],
  };
  const place = (dtype: DType) => (dtype === "int64" ? "cpu" : "gpu-buffer");
  // A session's end takes its outputs' buffers along, so it is put off until all of them are freed.
  const sources = new WeakMap<OrtTensor, Source>();
  const endings: Promise<void>[] = [];
  const settle = (source: Source): void => {
    if (source.ended && source.outputs === 0) endings.push(page.inTurn(source.release));
  };
  let closed = false;
  const lost = lossOf(gpu);
  // What was under way may never end.
  void lost.then(() => closed || page.abandon());
  const uncaptured = async (graph: Graph): Promise<Executable<OrtTensor>> => {
    const session = await graphSession(ort, graph, options, place);
    const source: Source = { outputs: 0, ended: false, release: session.release };
    return {
      async run(inputs) {
        const results = await session.run(inputs);
        for (const tensor of Object.values(results)) {
          sources.set(tensor, source);
          source.outputs++;
        }
        return results;
      },
      async dispose() {
        source.ended = true;
        settle(source);
      },
    };
  };
  return {
    name: "onnx/webgpu",
    lost,
    write(array, shape, dtype) {
      if (dtype === "float64") throw unsupported("onnx/webgpu cannot hold float64; use float32");
      if (place(dtype) === "cpu") return hostTensor(ort, array, shape, dtype);
      const buffer = bufferOf(gpu, tensorData(array, dtype));
      return ort.Tensor.fromGpuBuffer(buffer as never, {
        dataType: dtype as "float32",
        dims: shape,
        dispose: () => buffer.destroy(),
      });
    },
    async read(tensor, { dtype, shape }) {
      if (tensor.location === "cpu") return hostNumbers(tensor, { dtype, shape });
      const length = byteLength(dtype, shape);
      const bytes = await readBuffer(gpu, tensor.gpuBuffer as unknown as GpuBuffer, length);
      const data = arrayOver(bytes, dtype);
      return Float32Array.from(tensorNumbers({ dtype, shape, data }));
    },
    free(tensor) {
      tensor.dispose();
      const source = sources.get(tensor);
      if (!source) return;
      source.outputs--;
      settle(source);
    },
    async compile(graph) {
      const captured = (fixed: Graph) => capturedSession(ort, gpu, fixed, options);
      const { run, dispose } = await page.inTurn(async () => {
        const rewritten = await applyPasses(graph, "webgpu");
        return capture
          ? capturingProgram(rewritten, { captured, uncaptured, ...capture })
          : uncaptured(rewritten);
      });
      return {
        run: (...given) => page.inTurn(() => run(...given)),
        dispose: () => page.inTurn(dispose),
      };
    },
    async close() {
      await Promise.all(endings);
      closed = true;
      if (owned) gpu.destroy();
    },
  };
}

/** A session, how many of its outputs are alive, and whether its program was disposed of. */
interface Source {
  outputs: number;
  ended: boolean;
  release(): Promise<void>;
}

function arrayOver(bytes: ArrayBuffer, dtype: DType): TensorData {
  const Kind = tensorData([], dtype).constructor as new (bytes: ArrayBuffer) => TensorData;
  return new Kind(bytes);
}
