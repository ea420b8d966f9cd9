import { type DType, type Graph, type TensorData, tensorData, tensorNumbers } from "@gen/graph";
import { splitCalls } from "@gen/graph/compiler";
import type { Device, Executable } from "../device.ts";
import { unsupported } from "../errors.ts";
import { byteLength } from "../ledger.ts";
import type { fileSessions } from "./calling-program.ts";
import { capturedSession } from "./captured-session.ts";
import { capturingProgram, type Ways } from "./capturing-program.ts";
import { bufferOf, type GpuDevice, lossOf, readBuffer } from "./gpu.ts";
import { hostNumbers, writeToHost } from "./host-device.ts";
import { pageQueue as page } from "./page-queue.ts";
import { partsProgram } from "./parts-program.ts";
import { applyPasses } from "./passes/passes.ts";
import { bufferIn, gpuTensor, type Ort, type OrtTensor, type SessionOptions } from "./runtime.ts";
import { graphSession } from "./session.ts";

/**
 * ONNX Runtime's WebGPU provider in a page: tensors are GPU buffers and stay there between runs.
 * It computes int64 only on the CPU, so int64 (time steps mostly) is kept in host memory.
 * Closing it ends a GPUDevice that is `owned`; with `capture`, graphs are captured if possible.
 */
export function gpuDevice(
  ort: Ort,
  gpu: GpuDevice,
  owned: boolean,
  capture?: Pick<Ways, "onUncaptured">,
): Device<OrtTensor> {
  const options: SessionOptions = {
    executionProviders: [{ name: "webgpu", device: gpu as never }],
  };
  const place = (dtype: DType) => (dtype === "int64" ? "cpu" : "gpu-buffer");
  // Releasing a session frees its outputs' buffers, so it is released after its last output.
  const sources = new WeakMap<OrtTensor, Source>();
  const endings: Promise<void>[] = [];
  const settle = (source: Source): void => {
    if (source.ended && source.outputs === 0) endings.push(page.inTurn(source.release));
  };
  let closed = false;
  let sessions: ReturnType<typeof fileSessions> | undefined;
  const lost = lossOf(gpu);
  // Calls under way may never end.
  void lost.then(() => closed || page.abandon());
  const uncaptured = async (graph: Graph): Promise<Executable<OrtTensor>> => {
    const session = await graphSession(ort, graph, options, place);
    const source: Source = { outputs: 0, ended: false, release: session.dispose };
    return {
      async run(inputs, dims) {
        const results = await session.run(inputs, dims);
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
  // Programs take their own buffers back.
  const returns = new WeakMap<OrtTensor, () => void>();
  const free = (tensor: OrtTensor) => {
    const giveBack = returns.get(tensor);
    if (giveBack) return giveBack();
    tensor.dispose();
    const source = sources.get(tensor);
    if (!source) return;
    source.outputs--;
    settle(source);
  };
  return {
    name: "onnx/webgpu",
    lost,
    write(array, shape, dtype) {
      if (dtype === "float64") throw unsupported("onnx/webgpu cannot hold float64; use float32");
      if (place(dtype) === "cpu") return writeToHost(ort)(array, shape, dtype);
      return gpuTensor(ort, bufferOf(gpu, tensorData(array, dtype)), dtype, shape);
    },
    async read(tensor, { dtype, shape }) {
      if (tensor.location === "cpu") return hostNumbers(tensor, { dtype, shape });
      const bytes = await readBuffer(gpu, bufferIn(tensor), byteLength(dtype, shape));
      const Kind = tensorData([], dtype).constructor as new (bytes: ArrayBuffer) => TensorData;
      return Float32Array.from(tensorNumbers({ dtype, shape, data: new Kind(bytes) }));
    },
    free,
    async compile(graph, inPlace) {
      const captured = (fixed: Graph) => capturedSession(ort, gpu, fixed, options);
      const compile = async (part: Graph) => uncaptured(await applyPasses(part, "webgpu"));
      const { run, dispose } = await page.inTurn(async () => {
        if (!capture || splitCalls(graph)) {
          return partsProgram(graph, inPlace, {
            compile,
            free,
            async fuse(part, inPlace) {
              const { fusedGpuProgram } = await import("./fused-gpu-program.ts");
              return fusedGpuProgram(gpu, part, inPlace, { ort, compile, free, returns });
            },
            async sessions() {
              const { fileSessions } = await import("./calling-program.ts");
              const onGpu = { ...options, preferredOutputLocation: "gpu-buffer" } as const;
              sessions ??= fileSessions(ort, onGpu, false);
              return sessions;
            },
          });
        }
        const rewritten = await applyPasses(graph, "webgpu");
        return capturingProgram(rewritten, { captured, uncaptured, ...capture });
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
