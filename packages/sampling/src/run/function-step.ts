import { type Tensor, tensor } from "@gen/graph";
import type { DenoiserFunction } from "../denoiser/denoiser.ts";
import { hostFunction, hostTensor, outputTensor } from "../denoiser/host-function.ts";
import type { Step } from "../samplers/step.ts";
import type { Clip } from "./clip.ts";
import { coefficientTable } from "./coefficients.ts";
import type { Memory, TakeStep } from "./loop.ts";
import { type StepForm, stepExpr } from "./step-graph.ts";

/** Float64 tensors on the host. */
export const hostMemory: Memory<Tensor> = {
  upload: (values, shape) => hostTensor(Float64Array.from(values as Float64Array), shape),
  download: async ({ data }) => (data as Float64Array).slice(),
  dispose: () => undefined,
};

/** Takes steps in float64 on the host, for a denoiser that is a function. */
export function functionStep(
  denoise: DenoiserFunction,
  shape: readonly number[],
  steps: readonly Step[],
  clip: Clip,
  form: StepForm,
): TakeStep<Tensor> {
  const table = coefficientTable(steps, clip, form.depth);
  const coefficients = hostTensor(table.data, table.shape);
  const evaluate = hostFunction(({ output, gradient, ...inputs }) =>
    stepExpr(inputs, output, gradient, { ...form, unclipped: clip === false }),
  );
  return async (row, given) => {
    const { t, next } = steps[row];
    const values = given.x.data as Float64Array;
    const output = outputTensor(await denoise(values, t), shape);
    const gradient = next.noise ? await denoise.gradient?.(values, t) : undefined;
    if (gradient && gradient.length !== values.length) {
      throw new RangeError(
        `a gradient must give as many numbers as x, ${values.length}, got ${gradient.length}`,
      );
    }
    const inputs = { ...given, output, coefficients, row: tensor([row], [1], "int64") };
    return evaluate(gradient ? { ...inputs, gradient: hostTensor(gradient, shape) } : inputs);
  };
}
