import type { FloatArray } from "@gen/math";
import type { DenoiserFunction } from "../denoiser/denoiser.ts";
import { splitRows } from "../denoiser/split-rows.ts";
import { thresholdRows } from "./dynamic-threshold.ts";
import { type Clip, type Engine, type StepForm, stepCoefficients } from "./engine.ts";

/** Takes steps in float64 on the host, for a denoiser that is an ordinary function. */
export function hostEngine(
  denoise: DenoiserFunction,
  shape: readonly number[],
  clip: Clip,
  { threshold }: StepForm,
): Engine<Float64Array> {
  return {
    upload: (values) => Float64Array.from(values),
    async advance(x, step, z, history) {
      const output: FloatArray = await denoise(x, step.t);
      const { prediction: p, variance: raw } = splitRows(output, shape);
      const gradient = step.next.noise ? await denoise.gradient?.(x, step.t) : undefined;
      if (gradient && gradient.length !== x.length) {
        throw new RangeError(
          `a gradient must give as many numbers as x, ${x.length}, got ${gradient.length}`,
        );
      }
      const [dx, dp, nx0, nx, np, nz, low, high, offset, slope, ...past] = stepCoefficients(
        step,
        clip,
        history.length,
      );
      const x0 = x.map((v, i) => Math.min(Math.max(dx * v + dp * p[i], low), high));
      if (threshold) thresholdRows(x0, shape[0], threshold);
      const next = x.map((v, i) => nx0 * x0[i] + nx * v + np * p[i]);
      for (const [k, factor] of past.entries()) {
        if (factor !== 0) for (let i = 0; i < next.length; i++) next[i] += factor * history[k][i];
      }
      if (nz !== 0) {
        const deviation = deviationOf();
        for (let i = 0; i < next.length; i++) {
          const scale = deviation(i);
          if (gradient) next[i] += scale * scale * gradient[i];
          if (z) next[i] += scale * z[i];
        }
      }
      return { x: next, x0 };

      function deviationOf(): (i: number) => number {
        if (!step.variance) return () => nz;
        if (!raw) throw new RangeError(LACKING);
        return step.variance.of === "logVariance"
          ? (i) => nz * Math.exp(0.5 * (offset + slope * raw[i]))
          : (i) => nz * Math.sqrt(Math.max(offset + slope * raw[i], 0));
      }
    },
    download: (values) => Promise.resolve(values.slice()),
    dispose: () => undefined,
  };
}

/** What is said of a table with a learned variance and a denoiser without one. */
export const LACKING =
  "a denoiser must give twice the channels of x (axis 1) for steps with a learned variance";
