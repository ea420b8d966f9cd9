import type { FloatArray } from "@gen/math";
import type { Step } from "../samplers/step.ts";
import { type AbortSignalLike, throwIfAborted } from "./abort-signal-like.ts";
import { custody, type Held } from "./custody.ts";
import type { Engine } from "./engine.ts";
import { breather } from "./event-loop.ts";

/** Where a loop is; `x` and `x0` read back only when called, and only until the next step ends. */
export interface Progress {
  /** The row just taken, 0-based. */
  readonly step: number;
  /** Rows in the whole table. */
  readonly steps: number;
  /** The 0-based time step that the denoiser was told. */
  readonly t: number;
  /** An estimate of what is left, in seconds. */
  readonly secondsLeft: number;
  /** The sample after this step, `[batch, ...]` row-major. */
  x(): Promise<FloatArray>;
  /** The clean sample as this step estimated it. */
  x0(): Promise<FloatArray>;
}

/** What the loop runs on. */
export interface LoopOptions {
  readonly steps: readonly Step[];
  readonly initial: FloatArray;
  /** Standard normal numbers for a row that adds noise. */
  readonly draw: (step: number) => FloatArray;
  /** How many earlier estimates a row may take. */
  readonly depth: number;
  readonly signal?: AbortSignalLike;
}

/** The one loop of every sampler: yields after each step, returns the final x, frees the rest. */
export async function* loop<T>(
  engine: Engine<T>,
  { steps, initial, draw, depth, signal }: LoopOptions,
): AsyncGenerator<Progress, FloatArray> {
  const { hold, close } = custody(engine);
  const breathe = breather();
  const noise = (step: number) => (steps[step]?.next.noise ? draw(step) : undefined);
  try {
    throwIfAborted(signal);
    let x = hold(engine.upload(initial));
    let values = noise(0);
    let started = Date.now();
    // The x0 of earlier rows, the latest first.
    let past: Held<T>[] = [];
    for (const [step, row] of steps.entries()) {
      const z = values && hold(engine.upload(values));
      const earlier = past.map(({ tensor }) => tensor);
      const running = engine.advance(x.tensor, row, z?.tensor, earlier);
      let x0 = x;
      try {
        // The next step's noise is drawn while the device works.
        values = noise(step + 1);
      } finally {
        const after = await running;
        z?.release();
        x.release();
        x = hold(after.x);
        x0 = hold(after.x0);
      }
      throwIfAborted(signal);
      const secondsLeft = estimate(started, step, steps.length);
      // The first step pays for warming up: the estimate counts from its end.
      if (step === 0) started = Date.now();
      const [readX, readX0] = [x.read, x0.read];
      yield { step, steps: steps.length, t: row.t, secondsLeft, x: readX, x0: readX0 };
      past = [x0, ...past];
      for (const old of past.splice(depth)) old.release();
      await breathe();
      throwIfAborted(signal);
    }
    return await x.read();
  } finally {
    await close();
  }
}

function estimate(started: number, step: number, steps: number): number {
  const seconds = (Date.now() - started) / 1000;
  return (seconds / Math.max(step, 1)) * (steps - 1 - step);
}
