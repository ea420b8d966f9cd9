import { type Graph, type TensorData, tensorData, tensorNumbers } from "@gen/graph";
import type { Device } from "../device.ts";
import type { DeviceTensor } from "../ledger.ts";
import type { fileSessions } from "./calling-program.ts";
import type { Residents } from "./fused-program.ts";
import { partsProgram } from "./parts-program.ts";
import { channelBlock } from "./passes/blocked-convolutions.ts";
import { applyPasses, type Build } from "./passes/passes.ts";
import { isLarge } from "./passes/rewrite-convolutions.ts";
import { releaseMemory } from "./release-memory.ts";
import type { Ort, OrtTensor, SessionOptions } from "./runtime.ts";
import { graphSession } from "./session.ts";

/**
 * A device whose tensors are typed arrays in host memory. Outputs are not written into arrays that
 * exist before a run: the runtimes would copy them all the same.
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
  const residents: Residents = new WeakMap();
  let sessions: ReturnType<typeof fileSessions> | undefined;
  const compile = async (graph: Graph) => {
    const rewritten = await applyPasses(graph, build, findBlock);
    return graphSession(ort, rewritten, { ...options, ...levelFor(rewritten, build) });
  };
  const free = (tensor: OrtTensor) => {
    const others = residents.get(tensor);
    for (const [name, each] of others ?? []) if (each === tensor) others?.delete(name);
    // A tensor always has its own memory: uploads are copies, and each output is its own array.
    const data = tensor.data as TensorData;
    tensor.dispose();
    if (!others) releaseMemory(data);
  };
  return {
    name,
    write: writeToHost(ort),
    read: async (tensor, kind) => hostNumbers(tensor, kind),
    free,
    compile: (graph, inPlace) =>
      partsProgram(graph, inPlace, {
        compile,
        free,
        async fuse(part, inPlace) {
          const { fusedProgram } = await import("./fused-program.ts");
          return fusedProgram(part, inPlace, { ort, residents, compile, free });
        },
        async sessions() {
          const { fileSessions } = await import("./calling-program.ts");
          sessions ??= fileSessions(ort, options, "node" in ort.env.versions);
          return sessions;
        },
      }),
    close: async () => {},
  };
}

/**
 * In WebAssembly, ONNX Runtime's graph optimizer makes session creation 50 % slower. It saves next
 * to nothing on a graph without large values, since constants are folded and biases joined before.
 * Only the runtime can improve what is kept from a file.
 */
const levelFor = ({ nodes }: Graph, build: Build): SessionOptions =>
  build !== "wasm" || nodes.some((node) => node.op === "Foreign" || isLarge(node))
    ? {}
    : { graphOptimizationLevel: "disabled" };

/** Copies an array to ONNX Runtime's own tensor, in host memory. */
export const writeToHost =
  (ort: Ort): Device<OrtTensor>["write"] =>
  (array, shape, dtype) => {
    const data = tensorData(array, dtype);
    const own = data === array ? data.slice() : data;
    return new ort.Tensor(dtype as "float32", own as Float32Array, shape);
  };

/** The elements of a tensor in host memory. */
export function hostNumbers(tensor: OrtTensor, { dtype, shape }: DeviceTensor): Float32Array {
  let data = tensor.data as TensorData;
  // Newer engines hold float16 as numbers, not as bits.
  if (dtype === "float16") data = new Uint16Array(data.buffer, data.byteOffset, data.length);
  return Float32Array.from(tensorNumbers({ dtype, shape, data }));
}
