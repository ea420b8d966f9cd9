import type { FloatArray } from "@gen/math";
import type { Program } from "@gen/runtime-gpu";
import { chainedSteps } from "./chained-steps.ts";
import { checkDecay, decayAt } from "./moving-average.ts";
import { nextTask } from "./next-task.ts";
import { advance, uploadInputs } from "./run-step.ts";
import { stepGraph } from "./step-graph.ts";
import type { FloatTensor } from "./stored-tensor.ts";
import type { TrainOptions, TrainResult } from "./train-options.ts";
import {
  type DeviceState,
  downloadState,
  stateOf,
  type TrainingState,
  uploadState,
} from "./training-state.ts";

const ADVICE = "a smaller learningRate or a clipNorm may help";

/**
 * Trains parameters: compiles one graph of a step (forward, gradients, update), keeps the weights
 * and moments on the device, and at the end writes the weights to `parameter.value`.
 *
 * Resuming gives the same numbers as not having stopped, bit for bit on backends that compute in
 * float32.
 * @throws Error when a loss that is read, or a weight at the end, is NaN or infinite; the
 * parameters are then as they were.
 * @throws RangeError or TypeError when a batch lacks an input or a shape or setting does not fit.
 */
export async function train<T, Name extends string>(
  options: TrainOptions<T, Name>,
): Promise<TrainResult> {
  const { backend, steps, logEvery = 10, resume, optimiser } = options;
  const ema = typeof options.ema === "number" ? { decay: options.ema } : options.ema;
  if (ema) checkDecay(ema);
  for (const [name, value] of Object.entries({
    steps,
    logEvery,
    stepsPerRun: options.stepsPerRun ?? 1,
  })) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`${name} must be a whole number of at least 1, got ${value}`);
    }
  }
  if (resume && !(Number.isInteger(resume.step) && resume.step >= 0)) {
    throw new RangeError(`resume.step must be a whole number of at least 0, got ${resume.step}`);
  }
  const built = stepGraph({ ...options, averages: ema !== undefined });
  const ratesAt = (step: number) => {
    const rates = [...optimiser.rates(step)];
    if (ema) rates.push(1 - decayAt(ema, step));
    return rates.length > 0 ? rates : [0];
  };
  // A run ends where losses are read.
  const stepsPerRun = Math.min(options.stepsPerRun ?? 1, logEvery);
  const programs = new Map<number, Program<T>>();
  /** The program of so many steps. */
  const programOf = async (count: number): Promise<Program<T>> => {
    const program =
      programs.get(count) ??
      (await backend.compile(count === 1 ? built.graph : chainedSteps(built, count)));
    programs.set(count, program);
    return program;
  };
  await programOf(stepsPerRun);
  let state: DeviceState<T> = {};
  const free = (tensors: Record<string, T>) => backend.dispose(...Object.values(tensors));
  try {
    state = uploadState(backend, built, resume);
    const history: { step: number; losses: Record<string, number> }[] = [];
    let step = resume?.step ?? 0;
    const checkpoint = async (): Promise<TrainingState> => ({
      step,
      tensors: await downloadState(backend, built, state),
    });
    const started = Date.now();
    const first = step;
    let heard = started;
    let reported = step;
    let losses: Record<string, T> = {};
    try {
      const batches = iterate(options.batches);
      while (step < steps && !options.signal?.aborted) {
        const untilReport = Math.min(steps - step, logEvery - (step % logEvery));
        const taken = await take(batches, untilReport < stepsPerRun ? 1 : stepsPerRun);
        if (taken.length === 0) break;
        // A chain that the batches do not fill is taken step by step.
        const count = taken.length === stepsPerRun ? stepsPerRun : 1;
        for (let k = 0; k < taken.length; k += count) {
          const program = await programOf(count);
          const group = taken.slice(k, k + count);
          const rates = group.map((_, i) => ratesAt(step + i));
          const key = { seed: options.seed ?? 0, step };
          const inputs = uploadInputs(backend, options.signature, group, rates, built.masks, key);
          free(losses);
          losses = {};
          let samples: Record<string, T>[];
          ({ state, losses, samples } = await advance(
            backend,
            program,
            built,
            state,
            inputs,
            count,
          ));
          step += count;
          await tell(samples);
        }
        if (step % logEvery === 0 || step === steps) await report();
        if (Date.now() - heard >= 10) {
          await nextTask();
          heard = Date.now();
        }
      }
      if (step > first && reported < step) await report();
    } finally {
      free(losses);
    }

    /** Reads and frees the numbers of each sample of the steps just taken. */
    async function tell(samples: Record<string, T>[]): Promise<void> {
      try {
        for (const [k, tensors] of samples.entries()) {
          const read: Record<string, FloatArray> = {};
          for (const name of built.perSample) read[name] = await backend.download(tensors[name]);
          options.onSamples?.({ step: step - samples.length + k + 1, losses: read });
        }
      } finally {
        for (const tensors of samples) free(tensors);
      }
    }

    async function report(): Promise<void> {
      const read: Record<string, number> = {};
      for (const name of built.losses) {
        read[name] = (await backend.download(losses[name]))[0];
        if (!Number.isFinite(read[name])) {
          throw new Error(`${name} is ${read[name]} at step ${step}; ${ADVICE}`);
        }
      }
      reported = step;
      history.push({ step, losses: read });
      const each = (Date.now() - started) / 1000 / (step - first);
      const secondsLeft = each * (steps - step);
      await options.onStep?.({ step, steps, losses: read, secondsLeft, checkpoint });
    }

    const end = await checkpoint();
    const weights = stateOf(end, "weights");
    // The last update may break what the last loss, which comes before it, does not show.
    const broken = Object.keys(weights).find((name) => !finite(weights[name]));
    if (broken !== undefined) {
      throw new Error(`weight ${broken} is not finite after step ${step}; ${ADVICE}`);
    }
    for (const { slots } of built.packs) {
      for (const { parameter } of slots) parameter.value = weights[parameter.name];
    }
    return {
      step,
      aborted: step < steps && options.signal?.aborted === true,
      history,
      ema: ema && stateOf(end, "ema"),
      state: end,
    };
  } finally {
    free(state);
    for (const program of programs.values()) await program.dispose();
  }
}

const finite = (held: FloatTensor): boolean =>
  (held.data as Float32Array).every((value) => Number.isFinite(value));

/** The next `count` batches, or as many as there are. */
async function take<B>(batches: Iterator<B> | AsyncIterator<B>, count: number): Promise<B[]> {
  const taken: B[] = [];
  while (taken.length < count) {
    const next = await batches.next();
    if (next.done) break;
    taken.push(next.value);
  }
  return taken;
}

function iterate<B>(batches: Iterable<B> | AsyncIterable<B>): Iterator<B> | AsyncIterator<B> {
  return Symbol.asyncIterator in batches
    ? batches[Symbol.asyncIterator]()
    : batches[Symbol.iterator]();
}
