import { type DType, isFloat, type Tensor, tensor, tensorNumbers } from "@gen/graph";
import { foreignText } from "@gen/graph/compiler";
import { compileEvaluation } from "@gen/graph/evaluate";
import { foreignOperations } from "@gen/graph/onnx";
import type { Backend, HostArray } from "./backend.ts";
import { backendOver } from "./device.ts";
import { unsupported } from "./errors.ts";
import type { DeviceTensor } from "./ledger.ts";

/**
 * A backend in plain TypeScript, float64 whatever the float dtype says: the specification that the
 * others are tested against, slow and exact.
 */
export function cpuBackend(): Backend<DeviceTensor> {
  return backendOver<Tensor>({
    name: "cpu",
    write: hostTensor,
    read: async (held) => Float64Array.from(tensorNumbers(held)),
    free: () => {},
    async compile(graph) {
      const foreign = foreignOperations(graph);
      if (foreign.length > 0) {
        throw unsupported(
          `cpu cannot run ${foreignText(foreign)}; the backends of @gen/runtime-gpu/onnx can`,
        );
      }
      const evaluation = compileEvaluation(graph);
      return {
        run: async (inputs) => evaluation(Object.fromEntries(inputs)),
        dispose: async () => {},
      };
    },
    close: async () => {},
  });
}

function hostTensor(array: HostArray, shape: readonly number[], dtype: DType): Tensor {
  const numbers = dtype === "float16" ? tensorNumbers(tensor(array, shape, dtype)) : array;
  const made = tensor(numbers, shape, isFloat(dtype) ? "float64" : dtype);
  // `tensor` keeps an array that has the right type already; this one is the caller's.
  return made.data === array ? { ...made, data: made.data.slice() } : made;
}
