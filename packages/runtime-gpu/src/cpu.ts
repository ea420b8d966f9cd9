import { type DType, isFloat, type Tensor, tensor, tensorNumbers } from "@gen/graph";
import { compileEvaluation } from "@gen/graph/evaluate";
import type { Backend, HostArray } from "./backend.ts";
import { backendOver } from "./device.ts";
import { refuseForeign } from "./graph-errors.ts";
import type { DeviceTensor } from "./ledger.ts";

/**
 * A backend in plain TypeScript, in float64 whatever the float dtype is: the specification for the
 * tests of the other backends, slow and exact.
 */
export function cpuBackend(): Backend<DeviceTensor> {
  return backendOver<Tensor>({
    name: "cpu",
    write: hostTensor,
    read: async (tensor) => Float64Array.from(tensorNumbers(tensor)),
    free: () => {},
    async compile(graph) {
      refuseForeign("cpu", graph);
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
  const held = tensor(numbers, shape, isFloat(dtype) ? "float64" : dtype);
  // `tensor` keeps an array of the right type, but the caller owns this array.
  return held.data === array ? { ...held, data: held.data.slice() } : held;
}
