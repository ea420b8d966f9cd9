import { type Tensor, tensor } from "@gen/graph";
import type { DenoiserFunction } from "../denoiser/denoiser.ts";
import { hostFunction, hostTensor, outputTensor } from "../denoiser/host-function.ts";
import type { Step } from "../samplers/step.ts";
import type { Clip } from "./clip.ts";
import { coefficientTable } from "./coefficients.ts";
import type { Engine } from "./engine.ts";
import { pastInput, type StepForm, takeStep } from "./step-graph.ts";

/** Takes steps in float64 on the host, for a denoiser that is an ordinary function. */
export function functionEngine(
  denoise: DenoiserFunction,
  shape: readonly number[],
  steps: readonly Step[],
  clip: Clip,
  form: StepForm,
): Engine<Tensor> {
  const table = coefficientTable(steps, clip, form.depth);
  const coefficients = hostTensor(table.values, table.shape);
  const evaluate = hostFunction(({ output, gradient, ...inputs }) =>
    takeStep(inputs, output, gradient, { ...form, unclipped: clip === false }),
  );
  return {
    upload: (values) => hostTensor(Float64Array.from(values), shape),
    async step(x, row, noise, past) {
      const { t, next } = steps[row];
      const values = x.data as Float64Array;
      const output = outputTensor(await denoise(values, t), shape);
      const gradient = next.noise ? await denoise.gradient?.(values, t) : undefined;
      const inputs: Record<string, Tensor> = { x, output, coefficients };
      inputs.row = tensor([row], [1], "int64");
      if (noise) inputs.noise = noise;
      if (gradient) inputs.gradient = gradientTensor(gradient, shape);
      for (let i = 0; i < form.depth; i++) inputs[pastInput(i)] = past[i] ?? x;
      return evaluate(inputs);
    },
    download: async ({ data }) => (data as Float64Array).slice(),
    dispose: () => undefined,
  };
}

function gradientTensor(gradient: ArrayLike<number>, shape: readonly number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  if (gradient.length === size) return hostTensor(gradient, shape);
  throw new RangeError(
    `a gradient must give as many numbers as x, ${size}, got ${gradient.length}`,
  );
}
