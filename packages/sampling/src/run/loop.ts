/*
 * The sampling loop, `x = step(x)` for each row of a table:
 *
 *   initial x and noise (noise.ts) -> loop -> takeStep -> x, x0 -> Progress
 *
 * `takeStep` runs a compiled program on a backend (network-step.ts) or a formula in float64 on the host
 * (function-step.ts); both are the step of step-graph.ts. The tensor scope below frees the tensors
 * that the loop no longer holds.
 */
import { type FloatArray, GenError } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { eventLoopYielder } from "@gen/runtime-gpu/event-loop";
import { notFiniteAt } from "../denoiser/shapes.ts";
import type { Step } from "../samplers/step.ts";
import type { noiseSource } from "./noise.ts";
import type { AbortSignalLike, Progress, SampleOptions } from "./sample-options.ts";

/**
 * Takes the step of row `row` from x, noise if the row adds noise, and what the rows before kept
 * (see `pastInput`), to the next x, x0 and what this row keeps, where that is not x0. The caller
 * keeps the inputs and owns the results.
 */
export type TakeStep<T> = (
  row: number,
  inputs: Readonly<Record<string, T>>,
) => Promise<Record<string, T>>;

/** The name of the input with what i + 1 rows before kept. */
export const pastInput = (i: number) => `past.${i}`;

/** A table's step, and how many earlier rows it looks back to. */
export interface LoopStep<T> {
  readonly takeStep: TakeStep<T>;
  readonly depth: number;
}

/**
 * Where a loop's tensors live. `dispose` may be called while the tensors are read or used. Every x
 * is checked `onHost`, where a read costs little; elsewhere the x that are read anyway.
 */
export type Memory<T> = Pick<Backend<T>, "upload" | "download" | "dispose"> & {
  readonly onHost?: boolean;
};

type LoopOptions = Pick<SampleOptions, "steps" | "shape" | "signal"> &
  ReturnType<typeof noiseSource>;

/** Throws the signal's reason once the signal is aborted. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (!signal?.aborted) return;
  const error = Object.assign(new Error("sampling was aborted"), { name: "AbortError" });
  throw signal.reason === undefined ? error : signal.reason;
}

/**
 * The loop of every sampler, `x = step(x)` for each row of the table. It yields after each step,
 * returns the final x, and frees every tensor, however it ends.
 *
 * @throws GenError `not-finite` when an x that is read is NaN or infinite.
 */
export async function* loop<T>(
  memory: Memory<T>,
  { takeStep, depth }: LoopStep<T>,
  { steps, shape, initial, signal, noise }: LoopOptions,
): AsyncGenerator<Progress, FloatArray> {
  const tensors = tensorScope(memory, shape);
  const [yieldIfLong, secondsLeft] = [eventLoopYielder(), timeLeft(steps.length)];
  try {
    throwIfAborted(signal);
    let x = tensors.upload(initial);
    let past: T[] = [];
    let z = noise(0);
    const readFinite = async (tensor: T, row: number) => {
      const values = await tensors.read(tensor);
      const bad = notFiniteAt(values);
      if (bad < 0) return values;
      throw new GenError(
        "not-finite",
        `x is ${values[bad]} at index ${bad} after step ${row} (t = ${steps[row].t}) of ${steps.length} steps: check the denoiser's weights and its output there`,
      );
    };
    for (const [row, { t }] of steps.entries()) {
      const inputs: Record<string, T> = { x };
      if (z) inputs.noise = tensors.upload(z);
      for (const [i, tensor] of past.entries()) inputs[pastInput(i)] = tensor;
      const running = tensors.own(takeStep(row, inputs));
      z = noise(row + 1); // drawn while the device works
      const { x: next, x0, ...kept } = await running;
      throwIfAborted(signal);
      if (memory.onHost) await readFinite(next, row);
      const [readX, readX0] = [() => readFinite(next, row), () => tensors.read(x0)];
      const { length } = steps;
      yield { step: row, steps: length, t, secondsLeft: secondsLeft(row), x: readX, x0: readX0 };
      x = next;
      past = [...keptTensors(kept, steps[row], x0), ...past].slice(0, depth);
      tensors.keepOnly(x, ...past);
      await yieldIfLong();
      throwIfAborted(signal);
    }
    return await readFinite(x, steps.length - 1);
  } finally {
    await tensors.close();
  }
}

/** What a row leaves for later rows: its results of the names `kept.i`, or its x0. */
function keptTensors<T>(kept: Record<string, T>, { keeps }: Step, x0: T): T[] {
  const count = Array.isArray(keeps) ? keeps.length : 1;
  return Array.from({ length: count }, (_, i) => kept[`kept.${i}`] ?? x0);
}

/** Estimates the seconds left after each row. The first row warms up and is not counted. */
function timeLeft(steps: number): (row: number) => number {
  let started = Date.now();
  return (row) => {
    const seconds = (Date.now() - started) / 1000;
    if (row === 0) started = Date.now();
    return (seconds / Math.max(row, 1)) * (steps - 1 - row);
  };
}

/** Owns a loop's tensors and disposes of each tensor once, however the loop ends. */
function tensorScope<T>(memory: Memory<T>, shape: readonly number[]) {
  const alive = new Set<T>();
  const pending = new Set<Promise<unknown>>();

  /** Lets `close` wait for the work. */
  const track = <R>(work: Promise<R>): Promise<R> => {
    pending.add(work);
    const settled = () => pending.delete(work);
    work.then(settled, settled);
    return work;
  };
  const keepOnly = (...kept: T[]): void => {
    const ended = [...alive].filter((tensor) => !kept.includes(tensor));
    for (const tensor of ended) alive.delete(tensor);
    memory.dispose(...ended);
  };

  return {
    upload(values: FloatArray): T {
      const tensor = memory.upload(values, shape);
      alive.add(tensor);
      return tensor;
    },
    /** Owns a step's results as soon as they exist. */
    own: (results: Promise<Record<string, T>>) =>
      track(
        results.then((tensors) => {
          for (const tensor of Object.values(tensors)) alive.add(tensor);
          return tensors;
        }),
      ),
    read(tensor: T): Promise<FloatArray> {
      if (alive.has(tensor)) return track(memory.download(tensor));
      return Promise.reject(new Error("x() and x0() must be called before the next step"));
    },
    /** Disposes of all other tensors. */
    keepOnly,
    /** Waits for running steps and reads, then disposes of every tensor. */
    async close(): Promise<void> {
      await Promise.allSettled(pending);
      keepOnly();
    },
  };
}
