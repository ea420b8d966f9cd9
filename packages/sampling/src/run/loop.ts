/*
 * The sampling loop, `x = step(x)` for each row of a table:
 *
 *   initial x and noise (noise.ts) -> loop -> takeStep -> x, x0 -> Progress
 *
 * `takeStep` runs a compiled program on a backend (network-step.ts) or a formula in float64 on the host
 * (function-step.ts); both are the step of step-graph.ts. The tensor scope below frees the tensors
 * that the loop no longer holds.
 */
import type { FloatArray } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { eventLoopYielder } from "@gen/runtime-gpu/event-loop";
import type { noiseSource } from "./noise.ts";
import type { AbortSignalLike, Progress, SampleOptions } from "./sample-options.ts";

/**
 * Takes the step of row `row` from x, noise if the row adds noise, and the x0 of the rows before
 * (see `pastInput`), to the next x and x0. The caller keeps the inputs and owns the results.
 */
export type TakeStep<T> = (
  row: number,
  inputs: Readonly<Record<string, T>>,
) => Promise<Record<string, T>>;

/** The name of the input with the x0 of i + 1 rows before. */
export const pastInput = (i: number) => `past.${i}`;

/** A table's step, and how many earlier rows it looks back to. */
export interface LoopStep<T> {
  readonly takeStep: TakeStep<T>;
  readonly depth: number;
}

/** Where a loop's tensors live. `dispose` may be called while the tensors are read or used. */
export type Memory<T> = Pick<Backend<T>, "upload" | "download" | "dispose">;

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
    for (const [row, { t }] of steps.entries()) {
      const inputs: Record<string, T> = { x };
      if (z) inputs.noise = tensors.upload(z);
      for (let i = 0; i < depth; i++) inputs[pastInput(i)] = past[i] ?? x;
      const running = tensors.own(takeStep(row, inputs));
      z = noise(row + 1); // drawn while the device works
      const { x: next, x0 } = await running;
      throwIfAborted(signal);
      const [readX, readX0] = [() => tensors.read(next), () => tensors.read(x0)];
      const { length } = steps;
      yield { step: row, steps: length, t, secondsLeft: secondsLeft(row), x: readX, x0: readX0 };
      x = next;
      past = [x0, ...past].slice(0, depth);
      tensors.keepOnly(x, ...past);
      await yieldIfLong();
      throwIfAborted(signal);
    }
    return await tensors.read(x);
  } finally {
    await tensors.close();
  }
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
