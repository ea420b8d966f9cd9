/*
 * The training loop. It compiles one graph of a step (`step-graph.ts`), keeps weights, moments and
 * averages on the device (`train-run.ts`), and gives what it learned as values: the parameters that
 * it was given stay as they are.
 *
 *   const { weights } = await train({ backend, loss, signature, optimizer, batches, steps });
 *   const trained = withWeights(network, weights);
 */
import { type FloatArray, GenError } from "@gen/math";
import { eventLoopYielder } from "@gen/runtime-gpu/event-loop";
import type { BatchInput } from "./batch-input.ts";
import { checkDecay, decayAt } from "./moving-average.ts";
import { chainSteps, stepGraph } from "./step-graph.ts";
import type { FloatTensor } from "./stored-tensor.ts";
import type { TrainOptions, TrainResult } from "./train-options.ts";
import { type CompiledSteps, downloadState, runSteps, uploadState } from "./train-run.ts";

const ADVICE = "a smaller learningRate or a clipNorm may help";

/**
 * Trains parameters: minimizes `loss` over `batches` and returns the weights.
 *
 * Resuming gives the same numbers as not having stopped, bit for bit on backends that compute in
 * float32.
 * @throws GenError `not-finite` when a loss that is read, or a weight at the end, is NaN or infinite.
 * @throws RangeError or TypeError when a batch lacks an input or a shape or setting does not fit.
 */
export async function train<T, Name extends string>(
  options: TrainOptions<T, Name>,
): Promise<TrainResult> {
  const { backend, steps, logEvery = 10, resume, optimizer, signal, seed = 0 } = options;
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
  const oneStep = stepGraph({ ...options, averages: ema !== undefined });
  const ratesAt = (at: number) => {
    const rates = [...optimizer.rates(at)];
    if (ema) rates.push(1 - decayAt(ema, at));
    return rates.length > 0 ? rates : [0];
  };
  // A run ends where losses are read.
  const stepsPerRun = Math.min(options.stepsPerRun ?? 1, logEvery);
  const compiled = new Map<number, CompiledSteps<T>>();
  const compile = async (count: number): Promise<CompiledSteps<T>> => {
    const known = compiled.get(count);
    if (known) return known;
    const built = count === 1 ? oneStep : chainSteps(oneStep, count);
    const steps = { ...built, program: await backend.compile(built.graph) };
    compiled.set(count, steps);
    return steps;
  };
  await compile(stepsPerRun);

  const first = resume?.step ?? 0;
  const started = Date.now();
  const history: { step: number; losses: Record<string, number> }[] = [];
  let step = first;
  let state: readonly T[] = [];
  let losses: Readonly<Record<string, T>> = {};
  const free = (tensors: Readonly<Record<string, T>>) => backend.dispose(...Object.values(tensors));
  const checkpoint = () => downloadState(backend, oneStep.state, state, step);

  async function advance(batches: readonly Readonly<Record<Name, BatchInput>>[]): Promise<void> {
    const run = await compile(batches.length);
    const given = batches.map((batch, k) => {
      return { batch, rates: ratesAt(step + k), step: step + k, seed };
    });
    free(losses);
    losses = {};
    const result = await runSteps(backend, run, state, given);
    ({ state, losses } = result);
    step += batches.length;
    try {
      for (const [k, tensors] of result.samples.entries()) {
        const read: Record<string, FloatArray> = {};
        for (const [name, one] of Object.entries(tensors)) read[name] = await backend.download(one);
        options.onSamples?.({ step: step - batches.length + k + 1, losses: read });
      }
    } finally {
      for (const tensors of result.samples) free(tensors);
    }
  }

  async function report(): Promise<void> {
    const read: Record<string, number> = {};
    for (const [name, one] of Object.entries(losses)) {
      read[name] = (await backend.download(one))[0];
      if (!Number.isFinite(read[name])) {
        throw new GenError("not-finite", `${name} is ${read[name]} at step ${step}; ${ADVICE}`);
      }
    }
    history.push({ step, losses: read });
    const secondsEach = (Date.now() - started) / 1000 / (step - first);
    const secondsLeft = secondsEach * (steps - step);
    await options.onStep?.({ step, steps, losses: read, secondsLeft, checkpoint });
  }

  try {
    state = uploadState(backend, oneStep.state, resume);
    const batches = iterate(options.batches);
    let reported = first;
    const yieldIfLong = eventLoopYielder(10);
    while (step < steps && !signal?.aborted) {
      const untilReport = Math.min(steps - step, logEvery - (step % logEvery));
      const taken = await take(batches, untilReport < stepsPerRun ? 1 : stepsPerRun);
      if (taken.length === 0) break;
      // Batches that do not fill a run are taken one by one.
      const count = taken.length === stepsPerRun ? stepsPerRun : 1;
      for (let k = 0; k < taken.length; k += count) await advance(taken.slice(k, k + count));
      if (step % logEvery === 0 || step === steps) {
        await report();
        reported = step;
      }
      await yieldIfLong();
    }
    if (reported < step) await report();

    const end = await checkpoint();
    // The last update may break what the last loss, which comes before it, does not show.
    const broken = Object.entries(end.weights).find(([, one]) => !allFinite(one));
    if (broken)
      throw new GenError(
        "not-finite",
        `weight ${broken[0]} is not finite after step ${step}; ${ADVICE}`,
      );
    const aborted = step < steps && signal?.aborted === true;
    return { weights: end.weights, ema: end.ema, training: { step, aborted, history, state: end } };
  } finally {
    free(losses);
    backend.dispose(...state);
    for (const { program } of compiled.values()) await program.dispose();
  }
}

const allFinite = ({ data }: FloatTensor): boolean =>
  (data as Float32Array).every((value) => Number.isFinite(value));

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

const iterate = <B>(batches: Iterable<B> | AsyncIterable<B>): Iterator<B> | AsyncIterator<B> =>
  Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
