import type { Tensor } from "@gen/graph";
import type { FloatArray, PredictionType } from "@gen/math";
import type { Backend, Program } from "@gen/runtime-gpu";
import { type Conditions, conditionInputs } from "../denoiser/conditions.ts";
import type { Denoiser, DenoiserFunction } from "../denoiser/denoiser.ts";
import type { Step } from "../samplers/step.ts";
import type { AbortSignalLike } from "./abort-signal-like.ts";
import { type Clip, type StepForm, stepForm } from "./engine.ts";
import { hostEngine } from "./host-engine.ts";
import { loop, type Progress } from "./loop.ts";
import { noiseSource } from "./noise-source.ts";
import { programEngine, stepGraph } from "./program-engine.ts";
import { type Samples, type Sampling, SamplingRun } from "./sampling-run.ts";

/** What runs, and where; a {@link DenoiserFunction} runs on the host and needs no backend. */
export interface SamplerOptions<T = unknown> {
  /** While one is still being opened, its promise does: what needs no backend is then done meanwhile. */
  readonly backend?: Backend<T> | PromiseLike<Backend<T>>;
  readonly denoiser: Denoiser | DenoiserFunction;
}

/** One run of a sampler. */
export interface SampleOptions {
  /** The table, as `ddpmSteps`, `ddimSteps` or `stepTable` make it. */
  readonly steps: readonly Step[];
  /** `[batch, ...]`. */
  readonly shape: readonly number[];
  /** An integer in [0, 2^53) that decides the initial x and all noise; 0 unless told. */
  readonly seed?: number;
  /** The number of the batch's first sample in the whole run: any split gives the same samples. */
  readonly firstIndex?: number;
  /** The initial x `[batch, ...]` in place of the seed's. */
  readonly x?: ArrayLike<number>;
  /** Standard normal numbers of a row that adds noise, in place of the seed's. */
  readonly noise?: (step: number, size: number) => FloatArray;
  /**
   * Bounds of the clean estimate: a number c for [-c, c], [low, high], dynamic thresholding
   * `{ ratio, max }`, or false (the default).
   */
  readonly clip?: Clip;
  /**
   * The denoiser's condition, such as class labels `[batch]`; several by the names of its network's
   * arguments, as `denoiser.condition` has them.
   */
  readonly condition?: Conditions<Tensor>;
  /** Stops the run within a step and frees what it holds. */
  readonly signal?: AbortSignalLike;
  /** Called after each step; a promise that it returns is awaited. */
  readonly onStep?: (progress: Progress) => unknown;
}

/** A denoiser ready to sample: its programs are compiled once per shape and kept. */
export interface Sampler {
  /** @throws as a rejection: RangeError or TypeError for an option, the signal's reason. */
  sample(options: SampleOptions): Sampling;
  /** Frees the compiled programs. Needed too when the denoiser's parameters have changed. */
  dispose(): Promise<void>;
}

// The loop on its engine, whoever drives it.
function prepare<T>({ backend, denoiser }: SamplerOptions<T>) {
  const programs = new Map<string, Promise<Program<T>>>();
  const opening = backend && Promise.resolve(backend);
  // A run that fails before it needs the backend does not hear why that did not open.
  opening?.catch(() => undefined);

  const compiled = (
    model: Denoiser,
    on: Promise<Backend<T>>,
    { shape, condition }: SampleOptions,
    form: StepForm,
  ) => {
    const conditions = Object.entries(conditionInputs(condition));
    const told = conditions.map(([name, { shape, dtype }]) => [name, shape, dtype]);
    const key = JSON.stringify([shape, told, form]);
    const make = () => {
      const graph = stepGraph(model, shape, condition, form);
      return on.then((opened) => opened.compile(graph));
    };
    const program = programs.get(key) ?? make();
    programs.set(key, program);
    program.catch(() => programs.delete(key));
    return program;
  };

  async function* run(options: SampleOptions): AsyncGenerator<Progress, Samples> {
    const { steps, shape, clip = false, condition, signal } = options;
    checkSteps(steps, typeof denoiser === "function" ? undefined : denoiser.predicts);
    const form = stepForm(steps, clip);
    const { initial, draw } = noiseSource(options);
    const rest = { steps, initial, draw, depth: form.depth, signal };
    if (typeof denoiser === "function") {
      return { shape, x: yield* loop(hostEngine(denoiser, shape, clip, form), rest) };
    }
    if (!opening) throw new TypeError("backend is needed unless the denoiser is a function");
    const program = await compiled(denoiser, opening, options, form);
    const opened = await opening;
    const extra: Record<string, T> = {};
    try {
      for (const [name, { data, shape, dtype }] of Object.entries(conditionInputs(condition))) {
        extra[name] = opened.upload(data, shape, dtype);
      }
      const engine = programEngine(opened, program, shape, clip, form, extra);
      return { shape, x: yield* loop(engine, rest) };
    } finally {
      opened.dispose(...Object.values(extra));
    }
  }

  const dispose = async () => {
    const all = await Promise.allSettled(programs.values());
    programs.clear();
    await Promise.all(all.map((p) => p.status === "fulfilled" && p.value.dispose()));
  };
  return { run, dispose };
}

/**
 * Prepares a denoiser on a backend. Parameters are read when a program is compiled, at the first
 * run of each shape; make a new sampler once they have changed.
 */
export function sampler<T>(options: SamplerOptions<T>): Sampler {
  const { run, dispose } = prepare(options);
  return { dispose, sample: (one) => new SamplingRun(run(one), one.onStep) };
}

function checkSteps(steps: readonly Step[], predicts: PredictionType | undefined): void {
  if (!(steps?.length > 0)) throw new RangeError("steps must have at least one row, got none");
  const [{ predicts: wanted }] = steps;
  if (predicts && wanted !== predicts) {
    throw new RangeError(
      `steps must be made for a denoiser that predicts ${predicts}, got steps for ${wanted}`,
    );
  }
}

/**
 * Draws samples: one loop for every table of steps.
 *
 * With a backend, network and step are one compiled program and x stays on the device; with a
 * function as the denoiser everything runs in float64 on the host. The same seed gives the same
 * samples on every backend and in any batch split (see `firstIndex`). Await it for the samples,
 * or iterate it for every step.
 *
 * @throws as a rejection: RangeError or TypeError for an option, the signal's reason.
 */
export function sample<T>(options: SamplerOptions<T> & SampleOptions): Sampling {
  async function* once(): AsyncGenerator<Progress, Samples> {
    const { run, dispose } = prepare(options);
    try {
      return yield* run(options);
    } finally {
      await dispose();
    }
  }
  return new SamplingRun(once(), options.onStep);
}
