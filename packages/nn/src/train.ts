/*
 * The training loop. It compiles one graph of a step (`step-graph.ts`), keeps weights, moments and
 * averages on the device (`train-run.ts`), and returns what it learned as values: the parameters
 * that it was given stay as they are.
 *
 *   const { weights } = await train({ backend, loss, signature, optimizer, batches, steps });
 *   const trained = withWeights(network, weights);
 */

import { type FloatArray, GenError } from "@gen/math";
import { checkOptions, refused, rules } from "@gen/math/arguments";
import { eventLoopYielder } from "@gen/runtime-gpu/event-loop";
import { partSignature, splitBatch } from "./accumulation.ts";
import { chainSteps } from "./chain-steps.ts";
import { ratesOf } from "./rates.ts";
import { type StepGraph, stepGraph } from "./step-graph.ts";
import type { BatchInput, TrainOptions, TrainProgress, TrainResult } from "./train-options.ts";
import {
  type CompiledSteps,
  type DeviceState,
  downloadState,
  type HostStep,
  runSteps,
  uploadState,
} from "./train-run.ts";
import { STATE } from "./training-state.ts";
import type { Weights } from "./weights.ts";

/** What the settings of a training may be. The numbers of steps are checked together. */
const trainRules = {
  backend: rules.BACKEND,
  loss: rules.FUNCTION,
  signature: rules.OBJECT,
  parameters: rules.optional(rules.LIST),
  updates: rules.optional(rules.FUNCTION),
  optimizer: rules.having("an optimizer, such as adam gives", {
    moments: rules.LIST,
    rates: rules.FUNCTION,
    update: rules.FUNCTION,
  }),
  optimizers: rules.optional(rules.LIST),
  batches: [
    "batches that can be iterated",
    (value: unknown) =>
      Object(value) === value &&
      (Symbol.asyncIterator in (value as object) || Symbol.iterator in (value as object)),
  ] as const,
  ema: rules.optional(
    rules.either(rules.NUMBER, rules.having("{ decay }", { decay: rules.NUMBER })),
  ),
  clipNorm: rules.optional(rules.NUMBER),
  packBelow: rules.optional(rules.NOT_NEGATIVE),
  seed: rules.optional(rules.SEED),
  resume: rules.optional(STATE),
  signal: rules.optional(rules.OBJECT),
  onStep: rules.optional(rules.FUNCTION),
  onSamples: rules.optional(rules.FUNCTION),
};

const ADVICE = "a smaller learningRate or a clipNorm may help";

/**
 * Trains parameters: minimizes `loss` over `batches` and returns the weights.
 *
 * Resuming gives the same numbers as not having stopped, bit for bit on backends that compute in
 * float32.
 *
 * @param options The loss, its batches, the optimizer, the backend and the steps.
 * @throws GenError `not-finite` when a loss that is read, or a weight of a checkpoint or at the end, is not finite.
 * @throws RangeError when a batch lacks an input or a shape or setting does not fit.
 */
export async function train<T, Name extends string>(
  options: TrainOptions<T, Name>,
): Promise<TrainResult> {
  checkOptions(options, trainRules);
  const { backend, steps, logEvery = 10, resume, signal, seed = 0 } = options;
  const { stepsPerRun: longest = 1, accumulate = 1 } = options;
  const first = resume?.step ?? 0;
  const counts = { steps, logEvery, stepsPerRun: longest, accumulate, "resume.step": first };
  for (const [name, value] of Object.entries(counts)) {
    const least = name === "resume.step" ? 0 : 1;
    if (!(Number.isInteger(value) && value >= least)) {
      throw refused(name, `a whole number of at least ${least}`, value);
    }
  }
  const accumulates = accumulate > 1;
  if (accumulates && options.updates) {
    throw refused("accumulate", "1 with updates", accumulate);
  }
  if (accumulates && longest > 1) {
    throw refused("stepsPerRun", "1 where accumulate is above 1", longest);
  }
  const ratesAt = ratesOf(options);
  const { part, ...oneStep } = stepGraph({
    ...options,
    signature: partSignature(options.signature, accumulate),
    averages: options.ema !== undefined,
    accumulates,
  });
  // A run ends where losses are read.
  const stepsPerRun = Math.min(counts.stepsPerRun, logEvery);
  const compiled = new Map<number | "part", CompiledSteps<T>>();
  const compile = async (steps: number | "part"): Promise<CompiledSteps<T>> => {
    const known = compiled.get(steps);
    if (known) return known;
    const built = steps === "part" ? part : steps === 1 ? oneStep : chainSteps(oneStep, steps);
    const { graph, state } = built as StepGraph;
    const inPlace = Object.fromEntries(state.map((slot) => [slot.output, slot.input.name]));
    const made = { ...(built as StepGraph), program: await backend.compile(graph, { inPlace }) };
    compiled.set(steps, made);
    return made;
  };
  await compile(stepsPerRun);
  if (part) await compile("part");

  const started = Date.now();
  const yieldIfLong = eventLoopYielder(10);
  const history: Pick<TrainProgress, "step" | "losses">[] = [];
  let step = first;
  let state: DeviceState<T> = {};
  // Of each part of the last step.
  let losses: Readonly<Record<string, T>>[] = [];
  const free = (tensors: readonly Readonly<Record<string, T>>[]) =>
    backend.dispose(...tensors.flatMap((each) => Object.values(each)));
  const download = () => downloadState(backend, oneStep.state, state, step);
  const checkpoint = async () => {
    const saved = await download();
    const broken = brokenWeight(saved.weights);
    if (broken === undefined) return saved;
    throw notFinite(`weight ${broken} is not finite after step ${step}`);
  };

  /** One run of several steps, or a run for each part of one batch. */
  function runsOf(batches: readonly Readonly<Record<Name, BatchInput>>[]) {
    const host = (batch: HostStep["batch"], k: number, part: number): HostStep => {
      return { batch, rates: ratesAt(step + k, part), step: step + k, seed, part };
    };
    if (!accumulates) {
      return [{ steps: batches.length, given: batches.map((batch, k) => host(batch, k, 0)) }];
    }
    return splitBatch(batches[0], accumulate).map((batch, k) => {
      return { steps: k < accumulate - 1 ? ("part" as const) : 1, given: [host(batch, 0, k)] };
    });
  }

  async function advance(batches: readonly Readonly<Record<Name, BatchInput>>[]): Promise<void> {
    const samples: Readonly<Record<string, T>>[] = [];
    free(losses);
    losses = [];
    try {
      for (const { steps, given } of runsOf(batches)) {
        const run = await compile(steps);
        const result = await runSteps(backend, run, state, given);
        state = result.state;
        losses.push(result.losses);
        samples.push(...result.samples);
        await yieldIfLong();
      }
      for (let k = 0; k < samples.length; k += accumulate) {
        step++;
        const read: Record<string, FloatArray> = {};
        for (const name of Object.keys(samples[k])) {
          const parts = samples
            .slice(k, k + accumulate)
            .map((each) => backend.download(each[name]));
          read[name] = joined(await Promise.all(parts));
        }
        options.onSamples?.({ step, losses: read });
      }
    } finally {
      free(samples);
    }
  }

  async function report(): Promise<void> {
    const read: Record<string, number> = {};
    for (const name of Object.keys(losses[0])) {
      read[name] = 0;
      for (const part of losses) read[name] += (await backend.download(part[name]))[0];
      read[name] /= losses.length;
      if (Number.isFinite(read[name])) continue;
      const broken = brokenWeight((await download()).weights);
      throw notFinite(`${name} is ${read[name]} at step ${step}`, broken);
    }
    history.push({ step, losses: read });
    const secondsEach = (Date.now() - started) / 1000 / (step - first);
    const secondsLeft = secondsEach * (steps - step);
    await options.onStep?.({ step, steps, losses: read, secondsLeft, checkpoint });
  }

  try {
    state = uploadState(backend, [...oneStep.state, ...(part?.state ?? [])], resume);
    const source = options.batches;
    const batches =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    let reported = first;
    while (step < steps && !signal?.aborted) {
      const untilReport = Math.min(steps - step, logEvery - (step % logEvery));
      const wanted = untilReport < stepsPerRun ? 1 : stepsPerRun;
      const taken: Record<Name, BatchInput>[] = [];
      while (taken.length < wanted) {
        const next = await batches.next();
        if (next.done) break;
        taken.push(next.value);
      }
      if (taken.length === 0) break;
      // Batches that do not fill a run are taken one by one.
      const count = taken.length === stepsPerRun ? stepsPerRun : 1;
      for (let k = 0; k < taken.length; k += count) await advance(taken.slice(k, k + count));
      if (step % logEvery === 0 || step === steps) {
        await report();
        reported = step;
      }
    }
    if (reported < step) await report();

    // A loss comes before its step's update, so the last update may break weights unseen.
    const end = await checkpoint();
    const aborted = step < steps && signal?.aborted === true;
    return { weights: end.weights, ema: end.ema, training: { step, aborted, history, state: end } };
  } finally {
    free(losses);
    backend.dispose(...Object.values(state));
    for (const { program } of compiled.values()) await program.dispose();
  }
}

/** Arrays end to end. */
function joined(parts: readonly FloatArray[]): FloatArray {
  if (parts.length === 1) return parts[0];
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
}

/** The first weight, in the order of the layers, that holds NaN or infinity. */
const brokenWeight = (weights: Weights): string | undefined =>
  Object.entries(weights).find(
    ([, { data }]) => !(data as Float32Array).every(Number.isFinite),
  )?.[0];

/** The error with advice in the options of `train`. Its cause has no advice. */
function notFinite(problem: string, weight?: string): GenError {
  const first = weight === undefined ? "" : `; the first weight that is not finite is ${weight}`;
  const cause = new Error(problem + first);
  return new GenError("not-finite", `${problem}; ${ADVICE}${first}`, { cause });
}
