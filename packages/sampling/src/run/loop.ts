/*
 * The sampling loop, `x = step(x)` for each row of a table:
 *
 *   initial x and noise (noise-source.ts) -> loop -> engine.step -> x, x0 -> Progress
 *
 * An engine is a compiled program on a backend (program-engine.ts) or a function in float64
 * (function-engine.ts); both take the step of step-graph.ts. `sampler.ts` chooses the engine and
 * runs the loop. The tensor scope below frees what the loop no longer holds.
 */
import type { FloatArray } from "@gen/math";
import { eventLoopYielder } from "@gen/runtime-gpu/event-loop";
import type { Step } from "../samplers/step.ts";
import { type AbortSignalLike, throwIfAborted } from "./abort-signal-like.ts";
import type { Engine } from "./engine.ts";
import type { Progress } from "./sample-options.ts";

/** What the loop runs on. */
export interface LoopOptions {
  readonly steps: readonly Step[];
  readonly initial: FloatArray;
  /** Standard normal numbers for a row that adds noise; undefined for any other row. */
  readonly noise: (row: number) => FloatArray | undefined;
  /** How many earlier estimates a row may take. */
  readonly depth: number;
  readonly signal?: AbortSignalLike;
}

/**
 * The one loop of every sampler, `x = step(x)` for each row of the table. It yields after each
 * step, returns the final x, and frees every tensor, however it ends.
 */
export async function* loop<T>(
  engine: Engine<T>,
  { steps, initial, noise, depth, signal }: LoopOptions,
): AsyncGenerator<Progress, FloatArray> {
  const tensors = tensorScope(engine);
  const [yieldIfLong, secondsLeft] = [eventLoopYielder(), timeLeft(steps.length)];
  try {
    throwIfAborted(signal);
    let x = tensors.upload(initial);
    let past: T[] = [];
    let z = noise(0);
    for (const [row, { t }] of steps.entries()) {
      const running = tensors.own(engine.step(x, row, z && tensors.upload(z), past));
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

/** Owns a loop's tensors, so that each is disposed of once, however the loop ends. */
function tensorScope<T>(engine: Engine<T>) {
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
    engine.dispose(...ended);
  };

  return {
    upload(values: FloatArray): T {
      const tensor = engine.upload(values);
      alive.add(tensor);
      return tensor;
    },
    /** Owns a step's results from when they are made. */
    own<R extends Record<string, T>>(results: Promise<R>): Promise<R> {
      return track(
        results.then((made) => {
          for (const tensor of Object.values(made)) alive.add(tensor);
          return made;
        }),
      );
    },
    read(tensor: T): Promise<FloatArray> {
      if (alive.has(tensor)) return track(engine.download(tensor));
      return Promise.reject(new Error("x() and x0() must be called before the next step"));
    },
    /** Disposes of all tensors but these. */
    keepOnly,
    /** Waits for steps and readings under way, then disposes of every tensor. */
    async close(): Promise<void> {
      await Promise.allSettled(pending);
      keepOnly();
    },
  };
}
