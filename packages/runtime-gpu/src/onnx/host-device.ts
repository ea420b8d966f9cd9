import { type DType, type Graph, type TensorData, tensorData, tensorNumbers } from "@gen/graph";
import type { HostArray } from "../backend.ts";
import type { Device } from "../device.ts";
import type { DeviceTensor } from "../ledger.ts";
import { channelBlock } from "./passes/blocked-convolutions.ts";
import { isLarge } from "./passes/large.ts";
import { applyPasses, type Build } from "./passes/passes.ts";
import { releaseMemory } from "./release-memory.ts";
import type { Ort, OrtTensor, SessionOptions } from "./runtime.ts";
import { graphSession } from "./session.ts";

/**
 * A device whose tensors are typed arrays in host memory.
 *
 * Outputs are not written into arrays made beforehand: the runtimes would copy them all the same.
 */
export function hostDevice(
  name: string,
  build: Build,
  ort: Ort,
  options: SessionOptions,
): Device<OrtTensor> {
  let block: Promise<number> | undefined;
  const findBlock = () => {
    block ??= channelBlock(ort, options);
    return block;
  };
  return {
    name,
    write: (array, shape, dtype) => hostTensor(ort, array, shape, dtype),
    read: async (tensor, kind) => hostNumbers(tensor, kind),
    free(tensor) {
      // Its own memory always: what is written is copied, and every output is an array of its own.
      const data = tensor.data as TensorData;
      tensor.dispose();
      releaseMemory(data);
    },
    async compile(graph) {
      const rewritten = await applyPasses(graph, build, findBlock);
      const level = levelFor(rewritten, build);
      const session = await graphSession(ort, rewritten, { ...options, ...level });
      return { run: (inputs) => session.run(inputs), dispose: () => session.release() };
    },
    close: async () => {},
  };
}

/**
 * In WebAssembly, what ONNX Runtime changes about a graph makes a session take half as long again to start. On one
 * without large values it spares next to nothing, as constants are folded and biases joined here; what is kept from
 * a file it alone can improve.
 */
const levelFor = ({ nodes }: Graph, build: Build): SessionOptions =>
  build !== "wasm" || nodes.some((node) => node.op === "Foreign" || isLarge(node))
    ? {}
    : { graphOptimizationLevel: "disabled" };

/** A copy of `array` as ONNX Runtime's own tensor, in host memory. */
export function hostTensor(
  ort: Ort,
  array: HostArray,
  shape: readonly number[],
  dtype: DType,
): OrtTensor {
  const data = tensorData(array, dtype);
  const own = data === array ? data.slice() : data;
  return new ort.Tensor(dtype as "float32", own as Float32Array, shape);
}

/** The elements of a tensor in host memory. */
export function hostNumbers(tensor: OrtTensor, { dtype, shape }: DeviceTensor): Float32Array {
  const data = bits(tensor.data as TensorData, dtype);
  return Float32Array.from(tensorNumbers({ dtype, shape, data }));
}

/** Newer engines hold halves as numbers, not as their bits. */
function bits(data: TensorData, dtype: DType): TensorData {
  if (dtype !== "float16" || data instanceof Uint16Array) return data;
  return new Uint16Array(data.buffer, data.byteOffset, data.length);
}
