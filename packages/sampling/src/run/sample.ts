import type { SampleOptions, SamplerOptions, SampleStep, Samples } from "./sample-options.ts";
import { sampler } from "./sampler.ts";

/**
 * Draws samples: one loop for every table of steps.
 *
 * With a backend, network and step are one compiled program and x stays on the device; with a
 * function as the denoiser everything runs in float64 on the host. The same seed gives the same
 * samples on every backend and in any batch split (see `firstIndex`).
 *
 * @throws as a rejection: RangeError or TypeError for an option, the signal's reason.
 */
export async function sample<T>(options: SamplerOptions<T> & SampleOptions): Promise<Samples> {
  const ready = sampler(options);
  try {
    return await ready.sample(options);
  } finally {
    await ready.dispose();
  }
}

/**
 * {@link sample} step by step: x and x0 after each row, read back to the host. The last step's x
 * are the samples. Leaving the iteration early frees all that the run holds.
 *
 * @throws in the iteration: RangeError or TypeError for an option, the signal's reason.
 */
export async function* sampleSteps<T>(
  options: SamplerOptions<T> & SampleOptions,
): AsyncGenerator<SampleStep, void> {
  const ready = sampler(options);
  try {
    yield* ready.sampleSteps(options);
  } finally {
    await ready.dispose();
  }
}
