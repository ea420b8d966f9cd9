import type { Program } from "@gen/runtime-gpu";
import { conditionInputs, namedConditions } from "../denoiser/conditions.ts";
import { coefficientTable } from "./coefficients.ts";
import { loop, type TakeStep } from "./loop.ts";
import { noiseSource } from "./noise.ts";
import type {
  Progress,
  SampleOptions,
  SamplerOptions,
  SampleStep,
  Samples,
} from "./sample-options.ts";
import { stepForm, stepGraph } from "./step-graph.ts";

/** A denoiser ready to sample: its programs are compiled once per shape and kept. */
export interface Sampler {
  /** @throws as a rejection: RangeError or TypeError for an option, the signal's reason. */
  sample(options: SampleOptions): Promise<Samples>;
  /** The same, step by step; leaving the iteration early frees all tensors of the run. */
  sampleSteps(options: SampleOptions): AsyncGenerator<SampleStep, void>;
  /** Frees the compiled programs. */
  dispose(): Promise<void>;
}

/** Prepares a denoiser on a backend. The first run of each shape compiles its program. */
export function sampler<T>({ backend, denoiser }: SamplerOptions<T>): Sampler {
  const programs = new Map<string, Promise<Program<T>>>();
  const opening = backend && Promise.resolve(backend);
  // A run that fails before it needs the backend does not report the backend's failure.
  opening?.catch(() => undefined);

  async function* run(options: SampleOptions): AsyncGenerator<Progress, Samples> {
    const { steps, shape, clip = false, signal } = options;
    const form = stepForm(steps, clip, typeof denoiser === "function" ? {} : denoiser);
    const rest = { steps, shape, ...noiseSource(options), depth: form.depth, signal };
    if (typeof denoiser === "function") {
      const { functionStep, hostMemory } = await import("./function-step.ts");
      const takeStep = functionStep(denoiser, shape, steps, clip, form);
      return { shape, x: yield* loop(hostMemory, takeStep, rest) };
    }
    if (!opening) throw new TypeError("backend is needed unless the denoiser is a function");
    // One program serves all tables of up to 1024 rows.
    const rows = 2 ** Math.max(10, Math.ceil(Math.log2(steps.length)));
    const table = coefficientTable(steps, clip, form.depth, rows);
    const conditions = conditionInputs(namedConditions(options.condition, denoiser.condition));
    const signatures = Object.entries(conditions).map(([name, c]) => [name, c.shape, c.dtype]);
    const key = JSON.stringify([shape, table.shape, signatures, form]);
    const compile = () => {
      const graph = stepGraph(denoiser, shape, table.shape, conditions, form);
      return opening.then((opened) => opened.compile(graph));
    };
    const compiled = programs.get(key) ?? compile();
    programs.set(key, compiled);
    compiled.catch(() => programs.delete(key));
    const program = await compiled;
    const opened = await opening;
    const shared: Record<string, T> = {};
    try {
      const inputs = { coefficients: { ...table, dtype: "float32" as const }, ...conditions };
      for (const [name, { data, shape, dtype }] of Object.entries(inputs)) {
        shared[name] = opened.upload(data, shape, dtype);
      }
      const takeStep: TakeStep<T> = async (row, inputs) => {
        const at = opened.upload([row, Math.round(steps[row].t)], [2], "int64");
        // Noise whose coefficient is 0 is fed x, which saves an upload.
        const running = program.run({ noise: inputs.x, ...inputs, ...shared, row: at });
        opened.dispose(at);
        return running;
      };
      return { shape, x: yield* loop(opened, takeStep, rest) };
    } finally {
      opened.dispose(...Object.values(shared));
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
 * are the samples. Leaving the iteration early frees all tensors of the run.
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
