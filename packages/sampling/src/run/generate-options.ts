import type { Tensor } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import type { Conditions } from "../denoiser/conditions.ts";
import type { ClassifierFreeOptions } from "../guidance/classifier-free.ts";
import type { SchedulerStepsOptions } from "../scheduler/scheduler-steps.ts";
import type { Clip } from "./clip.ts";
import type { AbortSignalLike, Progress, SampleOptions, Samples } from "./sample-options.ts";

/** The options of `generate`. A VAE alone uses `backend`, `count`, `seed` and `signal`. */
export interface GenerateOptions<T = unknown>
  extends Omit<SchedulerStepsOptions, "imageLength">,
    Pick<SampleOptions, "seed" | "condition"> {
  /** A backend, or a promise of a backend. */
  readonly backend: Backend<T> | PromiseLike<Backend<T>>;
  /** The number of samples. @defaultValue 1 */
  readonly count?: number;
  /**
   * Draws the batches alone whose first sample is in [from, to). The samples have the bits that they
   * have in the whole run of `count`: parts that cover it are its samples, in order.
   * @defaultValue all
   */
  readonly part?: readonly [from: number, to: number];
  /** The shape of one sample, for a denoiser that takes several. @defaultValue the pipeline's */
  readonly shape?: readonly number[];
  /**
   * Classifier-free guidance: the options of `classifierFree`, or the scale alone if the
   * pipeline has classes, whose number is then the label that means none.
   * @defaultValue no guidance
   */
  readonly guidance?: number | ClassifierFreeOptions;
  /**
   * Bounds of the clean estimate. DDIM keeps the predicted noise beside a clipped x0, as diffusers
   * does. With `guidance`, x then leaves its noise level: pass `useClippedModelOutput: true`.
   * @defaultValue the bounds of the scheduler's config
   */
  readonly clip?: Clip;
  /**
   * Noise for a batch of `shape` in place of the seed's noise, such as
   * `(shape, part) => torchNoise(0, shape, part)`.
   *
   * @param shape The batch's shape, `[batch, ...]`.
   * @param part Where the batch lies in the whole run.
   * @defaultValue the seed's
   */
  readonly noise?: (
    shape: readonly number[],
    part: {
      /** The number of the batch's first sample, 0-based. */
      readonly firstIndex: number;
      /** Samples of the whole run. */
      readonly count: number;
      /** As `draws` of `schedulerSteps`. */
      readonly draws?: readonly number[];
    },
  ) => Pick<SampleOptions, "x" | "noise">;
  /**
   * Changes the samples `[batch, ...]` of a batch, from number `firstIndex` on, before they are decoded.
   *
   * @param x The batch's samples, `[batch, ...]` row-major.
   * @param part Where the batch lies in the whole run.
   * @defaultValue none
   */
  readonly finish?: (
    x: FloatArray,
    part: {
      /** The number of the batch's first sample, 0-based. */
      readonly firstIndex: number;
    },
  ) => FloatArray;
  /**
   * Conditions that change from step to step, for row `row` of the table's `rows`, by name.
   *
   * @param row The table's row, 0-based.
   * @param rows Rows in the table.
   * @defaultValue none
   */
  readonly stepConditions?: (row: number, rows: number) => Conditions<Tensor>;
  /** Stops the run within a step. @defaultValue none */
  readonly signal?: AbortSignalLike;
  /**
   * Called after each step of each batch; a returned promise is awaited.
   *
   * @param progress The state of the batch's run.
   * @defaultValue none
   */
  readonly onStep?: (progress: GenerateProgress) => unknown;
}

/** The state of a batch's run and of the whole work. */
export interface GenerateProgress extends Progress {
  /** The done share of the whole work, in (0, 1]. */
  readonly done: number;
  /** The number of the batch's first sample. */
  readonly firstIndex: number;
}

/** Samples `[count, ...]`, row-major: images in [-1, 1] if the pipeline has a VAE. */
export interface Generated extends Samples {
  /** The numbers `[count, ...]`, row-major. */
  readonly x: Float32Array;
  /** Evaluations of the denoiser for each sample; 0 for a VAE alone. */
  readonly steps: number;
}
