import type { FloatArray } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import type { ConditionOption } from "../denoiser/conditions.ts";
import type { Denoiser, DenoiserFunction } from "../denoiser/denoiser.ts";
import type { Step } from "../samplers/step.ts";
import type { AbortSignalLike } from "./abort-signal-like.ts";
import type { Clip } from "./clip.ts";

/** What runs, and where; a {@link DenoiserFunction} runs on the host and needs no backend. */
export interface SamplerOptions<T = unknown> {
  /** A backend, or a promise of one. The step's graph is built while it opens. */
  readonly backend?: Backend<T> | PromiseLike<Backend<T>>;
  readonly denoiser: Denoiser | DenoiserFunction;
}

/** One run of a sampler. */
export interface SampleOptions {
  /** The table, as `ddpmSteps`, `ddimSteps` or `stepTable` make it. */
  readonly steps: readonly Step[];
  /** `[batch, ...]`. */
  readonly shape: readonly number[];
  /**
   * An integer in [0, 2^53) that decides the initial x and all noise.
   * @defaultValue 0
   */
  readonly seed?: number;
  /** The number of the batch's first sample in the whole run: any split gives the same samples. */
  readonly firstIndex?: number;
  /** The initial x `[batch, ...]` in place of the seed's. */
  readonly x?: ArrayLike<number>;
  /** Standard normal numbers of a row that adds noise, in place of the seed's. */
  readonly noise?: (step: number, size: number) => FloatArray;
  /**
   * Bounds of the clean estimate: a number c for [-c, c], [low, high], dynamic thresholding
   * `{ ratio, max }`, or false.
   * @defaultValue false
   */
  readonly clip?: Clip;
  /**
   * The denoiser's conditions by name, as `denoiser.condition` has them, or the numbers of the only
   * one, such as class labels `[batch]`.
   */
  readonly condition?: ConditionOption;
  /** Stops the run within a step and frees what it holds. */
  readonly signal?: AbortSignalLike;
  /** Called after each step; a promise that it returns is awaited. */
  readonly onStep?: (progress: Progress) => unknown;
}

/** Where a run is. `x` and `x0` read back when called; call them before the next step begins. */
export interface Progress {
  /** The row just taken, 0-based. */
  readonly step: number;
  /** Rows in the whole table. */
  readonly steps: number;
  /** The 0-based time step that the denoiser was given. */
  readonly t: number;
  /** An estimate of the time that is left, in seconds. */
  readonly secondsLeft: number;
  /** The sample after this step, `[batch, ...]` row-major. */
  x(): Promise<FloatArray>;
  /** The clean sample as this step estimated it. */
  x0(): Promise<FloatArray>;
}

/** The samples at the end of a table: `shape` `[batch, ...]`, x row-major. */
export interface Samples {
  readonly x: FloatArray;
  readonly shape: readonly number[];
}

/** One step of {@link sampleSteps}, read back to the host. */
export interface SampleStep {
  /** The row just taken, 0-based. */
  readonly step: number;
  /** The 0-based time step that the denoiser was given. */
  readonly t: number;
  /** The sample after this step. */
  readonly x: FloatArray;
  /** The clean sample as this step estimated it. */
  readonly x0: FloatArray;
}
