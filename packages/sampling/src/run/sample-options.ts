import type { Tensor } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import type { ConditionOption, Conditions } from "../denoiser/conditions.ts";
import type { Denoiser, DenoiserFunction } from "../denoiser/denoiser.ts";
import type { Step } from "../samplers/step.ts";
import type { Clip } from "./clip.ts";

/** The part of an AbortSignal that can stop a run; any AbortSignal will do. */
export interface AbortSignalLike {
  /** Whether the run is to stop. */
  readonly aborted: boolean;
  /** What the stopped run throws. */
  readonly reason?: unknown;
}

/** The denoiser and its backend; a {@link DenoiserFunction} runs on the host without a backend. */
export interface SamplerOptions<T = unknown> {
  /**
   * A backend, or a promise of a backend. The step's graph is built while the backend opens.
   * @defaultValue none, for a function of numbers
   */
  readonly backend?: Backend<T> | PromiseLike<Backend<T>>;
  /** The network, or a function of numbers. */
  readonly denoiser: Denoiser | DenoiserFunction;
}

/** One run of a sampler. */
export interface SampleOptions {
  /** The table, as `ddpmSteps`, `ddimSteps` or `stepTable` make it. */
  readonly steps: readonly Step[];
  /** `[batch, ...]`. */
  readonly shape: readonly number[];
  /** An integer in [0, 2^53) that decides the initial x and all noise. @defaultValue 0 */
  readonly seed?: number;
  /** The batch's first sample in the run, by number: splits change no sample. @defaultValue 0 */
  readonly firstIndex?: number;
  /**
   * Multiplies the initial x, the seed's or yours: a sampler's first level may not have noise 1.
   * `schedulerSteps` gives it.
   * @defaultValue 1
   */
  readonly initialScale?: number;
  /** The initial x `[batch, ...]` in place of the seed's. @defaultValue the seed's */
  readonly x?: ArrayLike<number>;
  /**
   * Standard normal numbers of a row that adds noise, in place of the seed's.
   *
   * @param step The table's row, 0-based.
   * @param size How many numbers the row needs: the product of the shape.
   * @defaultValue the seed's
   */
  readonly noise?: (step: number, size: number) => FloatArray;
  /**
   * Bounds of the clean estimate: a number c for [-c, c], [low, high], dynamic thresholding
   * `{ ratio, max }`, or false.
   * @defaultValue false
   */
  readonly clip?: Clip;
  /**
   * The denoiser's conditions by name, as in `denoiser.condition`, or the values of its only
   * condition, such as class labels `[batch]`. Values `[1, ...]` serve every sample.
   * @defaultValue none
   */
  readonly condition?: ConditionOption;
  /**
   * Conditions that change from step to step, for a row of the table, by name.
   *
   * @param row The table's row, 0-based.
   * @defaultValue none
   */
  readonly stepConditions?: (row: number) => Conditions<Tensor>;
  /** Stops the run within a step and frees its tensors. @defaultValue none */
  readonly signal?: AbortSignalLike;
  /**
   * Called after each step; a returned promise is awaited.
   *
   * @param progress The state of the run.
   * @defaultValue none
   */
  readonly onStep?: (progress: Progress) => unknown;
}

/** The state of a run. Call `x` and `x0`, which read back, before the next step begins. */
export interface Progress {
  /** The row of the step just taken, 0-based. */
  readonly step: number;
  /** Rows in the whole table. */
  readonly steps: number;
  /** The denoiser's 0-based time step. */
  readonly t: number;
  /** The estimated remaining time in seconds. */
  readonly secondsLeft: number;
  /** The sample after this step, `[batch, ...]` row-major. */
  x(): Promise<FloatArray>;
  /** This step's estimate of the clean sample. */
  x0(): Promise<FloatArray>;
}

/** The samples at the end of a table: `shape` `[batch, ...]`, x row-major. */
export interface Samples {
  /** The numbers, row-major. */
  readonly x: FloatArray;
  /** `[batch, ...]`. */
  readonly shape: readonly number[];
}

/** One step of {@link sampleSteps}, read back to the host. */
export interface SampleStep extends Pick<Progress, "step" | "t"> {
  /** The sample after this step. */
  readonly x: FloatArray;
  /** This step's estimate of the clean sample. */
  readonly x0: FloatArray;
}
