import { errorCode } from "@gen/math";
import { checkOptions, rules } from "@gen/math/arguments";
import type { Program } from "@gen/runtime-gpu";
import { loop } from "./loop.ts";
import { noiseSource } from "./noise.ts";
import { BACKEND, DENOISER, opened, STEPS } from "./run-rules.ts";
import type {
  Progress,
  SampleOptions,
  SamplerOptions,
  SampleStep,
  Samples,
} from "./sample-options.ts";

/** A denoiser ready to sample: its programs are compiled once per shape and kept. */
export interface Sampler {
  /**
   * Draws the samples of one run.
   *
   * @param options The table, the shape, the seed and the rest of one run.
   * @throws as {@link sample} does.
   */
  sample(options: SampleOptions): Promise<Samples>;
  /**
   * The same, step by step; leaving the iteration early frees all tensors of the run.
   *
   * @param options The table, the shape, the seed and the rest of one run.
   */
  sampleSteps(options: SampleOptions): AsyncGenerator<SampleStep, void>;
  /** Frees the compiled programs. */
  dispose(): Promise<void>;
}

const runRules = {
  steps: STEPS,
  shape: rules.BATCH_SHAPE,
  seed: rules.optional(rules.SEED),
  firstIndex: rules.optional(rules.INDEX),
  initialScale: rules.optional(rules.FINITE),
  x: rules.optional(rules.NUMBERS),
  noise: rules.optional(rules.FUNCTION),
  stepConditions: rules.optional(rules.FUNCTION),
  signal: rules.optional(rules.OBJECT),
  onStep: rules.optional(rules.FUNCTION),
};

/**
 * Prepares a denoiser on a backend. The first run of each shape compiles its program.
 *
 * @param options The denoiser and its backend.
 * @throws RangeError when the denoiser or the backend is none.
 */
export function sampler<T>(options: SamplerOptions<T>): Sampler {
  checkOptions(options, { denoiser: DENOISER, backend: rules.optional(BACKEND) });
  const { backend, denoiser } = options;
  const programs = new Map<string, Promise<Program<T>>>();
  const opening = backend && opened(backend);
  // A run that fails before it needs the backend does not report the backend's failure.
  opening?.catch(() => undefined);

  async function* run(options: SampleOptions): AsyncGenerator<Progress, Samples> {
    checkOptions(options, runRules);
    const { shape } = options;
    const source = noiseSource(options);
    // Code for functions or for networks: a page loads what it uses.
    if (typeof denoiser === "function") {
      const { functionStep, hostMemory } = await import("./function-step.ts");
      const step = functionStep(denoiser, options);
      return { shape, x: yield* loop(hostMemory, step, { ...options, ...source }) };
    }
    const { networkStep } = await import("./network-step.ts");
    const {
      backend: opened,
      free,
      ...step
    } = await networkStep(denoiser, opening, programs, options);
    try {
      return { shape, x: yield* loop(opened, step, { ...options, ...source }) };
    } finally {
      free();
    }
  }

  return {
    async sample(options) {
      const steps = run(options);
      try {
        for (;;) {
          const { done, value } = await steps.next();
          if (done) return value;
          await options.onStep?.(value);
        }
      } catch (error) {
        // A device's x is read at the end alone; a second run reads each step to find the first.
        if (errorCode(error) === "not-finite" && typeof denoiser !== "function") {
          for await (const { x } of run(options)) await x();
        }
        throw error;
      } finally {
        await steps.return(undefined as never);
      }
    },
    async *sampleSteps(options) {
      for await (const progress of run(options)) {
        await options.onStep?.(progress);
        const [x, x0] = await Promise.all([progress.x(), progress.x0()]);
        yield { step: progress.step, t: progress.t, x, x0 };
      }
    },
    async dispose() {
      const all = await Promise.allSettled(programs.values());
      programs.clear();
      await Promise.all(all.map((p) => p.status === "fulfilled" && p.value.dispose()));
    },
  };
}

/**
 * Draws samples: one loop for every table of steps.
 *
 * With a backend, network and step are one compiled program and x stays on the device; with a
 * function as the denoiser everything runs in float64 on the host. The same seed gives the same
 * samples on every backend and in any batch split (see `firstIndex`).
 *
 * @param options The denoiser and its backend, the table, the shape `[batch, ...]` and the seed.
 * @throws as a rejection: RangeError for an option, GenError `not-finite` when the
 * samples become NaN or infinite, the signal's reason.
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
 * are the samples. Leaving the iteration early frees all tensors of the run.
 *
 * @param options The denoiser and its backend, the table, the shape `[batch, ...]` and the seed.
 * @throws in the iteration: RangeError for an option, GenError `not-finite` at the
 * first step whose x is NaN or infinite, the signal's reason.
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
