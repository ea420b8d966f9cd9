import type { FloatArray } from "@gen/math";
import type { Progress } from "./loop.ts";

/** The samples at the end of a table: `shape` `[batch, ...]`, x row-major. */
export interface Samples {
  readonly x: FloatArray;
  readonly shape: readonly number[];
}

/** One step as `for await` sees it, read back to the host. */
export interface SampleStep {
  /** The row just taken, 0-based. */
  readonly step: number;
  /** The 0-based time step that the denoiser was told. */
  readonly t: number;
  /** The sample after this step. */
  readonly x: FloatArray;
  /** The clean sample as this step estimated it. */
  readonly x0: FloatArray;
}

/**
 * A run that starts when it is awaited (for its {@link Samples}) or iterated (for every step);
 * leaving the iteration early frees all it holds.
 */
export type Sampling = Promise<Samples> & AsyncIterable<SampleStep>;

/** A run of a loop, started by the first thing that asks for its outcome. */
export class SamplingRun implements Promise<Samples>, AsyncIterable<SampleStep> {
  readonly [Symbol.toStringTag] = "Sampling";
  readonly #steps: AsyncGenerator<Progress, Samples>;
  readonly #onStep: ((progress: Progress) => unknown) | undefined;
  #ended: Promise<Samples> | undefined;

  constructor(
    steps: AsyncGenerator<Progress, Samples>,
    onStep: ((progress: Progress) => unknown) | undefined,
  ) {
    this.#steps = steps;
    this.#onStep = onStep;
  }

  #end(): Promise<Samples> {
    this.#ended ??= (async () => {
      try {
        for (;;) {
          const { done, value } = await this.#steps.next();
          if (done) {
            if (!value) throw new Error("sampling was stopped before its last step");
            return value;
          }
          await this.#onStep?.(value);
        }
      } finally {
        await this.#steps.return(undefined as never);
      }
    })();
    return this.#ended;
  }

  // biome-ignore lint/suspicious/noThenProperty: a run is a promise of its samples
  then<A = Samples, B = never>(
    fulfilled?: ((samples: Samples) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#end().then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null) {
    return this.#end().catch(rejected);
  }

  finally(done?: (() => void) | null): Promise<Samples> {
    return this.#end().finally(done);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SampleStep, void> {
    if (this.#ended) throw new Error("a sampling that was awaited or iterated cannot be iterated");
    let settle = (_: Samples | undefined) => {};
    const ended = new Promise<Samples | undefined>((resolve) => {
      settle = resolve;
    });
    this.#ended = ended.then((samples) => {
      if (samples) return samples;
      throw new Error("sampling was stopped before its last step");
    });
    // Whoever iterates sees the failure there.
    this.#ended.catch(() => undefined);
    let samples: Samples | undefined;
    try {
      for (;;) {
        const { done, value } = await this.#steps.next();
        if (done) {
          samples = value;
          return;
        }
        await this.#onStep?.(value);
        const [x, x0] = await Promise.all([value.x(), value.x0()]);
        yield { step: value.step, t: value.t, x, x0 };
      }
    } finally {
      await this.#steps.return(undefined as never);
      settle(samples);
    }
  }
}
