import type { Tensor } from "@gen/graph";
import { ArgumentError } from "@gen/math/arguments";
import type { DenoiserFunction } from "../denoiser/denoiser.ts";
import { hostFunction, hostTensor, outputTensor } from "../denoiser/host-function.ts";
import { coefficientRow, columnsOf } from "./coefficients.ts";
import { type LoopStep, type Memory, pastInput } from "./loop.ts";
import type { SampleOptions } from "./sample-options.ts";
import { stepExpr, stepForm } from "./step-graph.ts";

/** Float64 tensors on the host. */
export const hostMemory: Memory<Tensor> = {
  upload: (values, shape) => hostTensor(Float64Array.from(values as Float64Array), shape),
  download: async ({ data }) => (data as Float64Array).slice(),
  dispose: () => undefined,
  onHost: true,
};

/** Takes steps in float64 on the host, for a denoiser that is a function. */
export function functionStep(
  denoise: DenoiserFunction,
  { steps, shape, clip = false }: SampleOptions,
): LoopStep<Tensor> {
  const form = stepForm(steps, clip);
  const { depth } = form;
  const columns = columnsOf(depth);
  const rows = steps.map((step) => hostTensor(coefficientRow(step, clip, depth), [columns]));
  const evaluate = hostFunction(({ output, gradient, ...inputs }) =>
    stepExpr(inputs, output, gradient, { ...form, unclipped: clip === false }),
  );
  const takeStep: LoopStep<Tensor>["takeStep"] = async (row, given) => {
    const { t, next } = steps[row];
    const values = given.x.data as Float64Array;
    // Copies: a function may overwrite its x.
    const output = outputTensor(await denoise(values.slice(), t), shape);
    const gradient = next.noise ? await denoise.gradient?.(values.slice(), t) : undefined;
    if (gradient && gradient.length !== values.length) {
      throw new ArgumentError(
        `a gradient must be ${values.length} numbers, as x is, got ${gradient.length}`,
      );
    }
    const inputs: Record<string, Tensor> = { ...given, output, coefficients: rows[row] };
    for (let i = 0; i < depth; i++) inputs[pastInput(i)] ??= given.x;
    return evaluate(gradient ? { ...inputs, gradient: hostTensor(gradient, shape) } : inputs);
  };
  return { takeStep, depth };
}
