import type { FloatArray } from "@gen/math";
import type { DenoiserFunction } from "./denoiser.ts";
import { type Clip, type Engine, stepCoefficients } from "./engine.ts";

/** Takes steps in float64 on the host, for a denoiser that is an ordinary function. */
export function hostEngine(denoise: DenoiserFunction, clip: Clip): Engine<Float64Array> {
  return {
    upload: (values) => Float64Array.from(values),
    async advance(x, step, z) {
      const output: FloatArray = await denoise(x, step.t);
      if (output?.length !== x.length) {
        throw new RangeError(
          `a denoiser must give as many numbers as x, ${x.length}, got ${output?.length}`,
        );
      }
      const [dx, dp, nx0, nx, np, nz, low, high] = stepCoefficients(step, clip);
      const x0 = x.map((v, i) => Math.min(Math.max(dx * v + dp * output[i], low), high));
      const next = x.map((v, i) => nx0 * x0[i] + nx * v + np * output[i] + (z ? nz * z[i] : 0));
      return { x: next, x0 };
    },
    download: (values) => Promise.resolve(values.slice()),
    dispose: () => undefined,
  };
}
