import type { Expr, Parameter, Signature } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import type { BatchInput } from "./batch-input.ts";
import type { MovingAverageOptions } from "./moving-average.ts";
import type { LearningRate, Optimizer } from "./optimizer.ts";
import type { Weights } from "./stored-tensor.ts";
import type { TrainingState } from "./training-state.ts";

/** The state of a training as its losses are read. */
export interface TrainProgress {
  /** Steps done, including those before a resume. */
  readonly step: number;
  readonly steps: number;
  /** The losses of the last step by name. */
  readonly losses: Readonly<Record<string, number>>;
  /** An estimate from the steps so far. */
  readonly secondsLeft: number;
  /** Reads the state, to be saved and passed as `resume`. */
  checkpoint(): Promise<TrainingState>;
}

/**
 * What training minimizes: a scalar, or the scalar named `loss` among several that are reported.
 * Numbers of each sample, `[batch]`, may stand beside them.
 */
export type Loss<Name extends string = string> = (
  inputs: Record<Name, Expr>,
) => Expr | Record<string, Expr>;

/** What {@link train} minimizes, over which batches, and how. */
export interface TrainOptions<T, Name extends string = string> {
  backend: Backend<T>;
  /**
   * The scalar to minimize from a batch's inputs, or several scalars of which `loss` is minimized;
   * others may be `[batch]`, numbers of each sample for `onSamples`.
   */
  loss: Loss<Name>;
  /** Shapes and dtypes of a batch. */
  signature: Readonly<Record<Name, Signature>>;
  /** The parameters to train. @defaultValue all that the loss uses */
  parameters?: readonly Parameter[];
  optimizer: Optimizer;
  /** Gradients of a larger global norm are scaled down to this one. */
  clipNorm?: number;
  /** Keeps a moving average of the weights beside them: its decay, or decay and warm-up. */
  ema?: number | MovingAverageOptions;
  /**
   * The inputs of each step, random numbers included. They are taken one by one and never closed.
   */
  batches: Iterable<Record<Name, BatchInput>> | AsyncIterable<Record<Name, BatchInput>>;
  /** Steps in all, including those before a resume. */
  steps: number;
  /** An integer in [0, 2^53) that, with the step, decides what dropout drops. @defaultValue 0 */
  seed?: number;
  /**
   * Steps between two readings of the losses. Each reading checks and reports them.
   * @defaultValue 10
   */
  logEvery?: number;
  /** Stops training after the step under way. What was learned is returned. */
  signal?: { readonly aborted: boolean };
  /** Called every `logEvery` steps and after the last. A promise that it returns is awaited. */
  onStep?: (progress: TrainProgress) => unknown;
  /**
   * Called with the losses that are `[batch]`, for every step in order, counted from 1, before the
   * batch `stepsPerRun` later is asked for. Reading them costs a copy each step.
   */
  onSamples?: (step: {
    readonly step: number;
    readonly losses: Readonly<Record<string, FloatArray>>;
  }) => void;
  /** The state to continue from. `batches` must be at the batch that comes next. */
  resume?: TrainingState;
  /**
   * Steps that one run of the compiled program takes, at most `logEvery`. A runtime that copies its
   * inputs, such as WebAssembly, then copies its state once for all of them. The program takes
   * longer to compile, and the signal is read only between runs. The weights are the same up to
   * rounding.
   * @defaultValue 1
   */
  stepsPerRun?: number;
  /**
   * Parameters of fewer elements than this share one tensor. Changes the speed alone.
   * @defaultValue 65,536
   */
  packBelow?: number;
}

type Passed =
  | "backend"
  | "steps"
  | "ema"
  | "clipNorm"
  | "logEvery"
  | "signal"
  | "onStep"
  | "resume"
  | "stepsPerRun";

/** Settings for the training of every kind of model. Those without a description are `train`'s. */
export interface ModelTrainingOptions<T = unknown> extends Pick<TrainOptions<T>, Passed> {
  /** Items in a batch. @defaultValue 128 */
  readonly batchSize?: number;
  /** A number or a function of the step. @defaultValue 1e-3 */
  readonly learningRate?: LearningRate;
  /** Replaces `learningRate`. @defaultValue Adam with `learningRate` */
  readonly optimizer?: Optimizer;
  /** An integer in [0, 2^53) that decides batches and all noise. @defaultValue 0 */
  readonly seed?: number;
}

/** How a training went. */
export interface Training {
  /** Steps done. Fewer than asked for when stopped by the signal or the end of the batches. */
  readonly step: number;
  readonly aborted: boolean;
  /** The losses that were read, in order. */
  readonly history: readonly {
    readonly step: number;
    readonly losses: Readonly<Record<string, number>>;
  }[];
  /** Weights, moments and average, to be saved and passed as `resume`. */
  readonly state: TrainingState;
}

/** What {@link train} gives. The parameters that it was given are as they were. */
export interface TrainResult {
  /** What the parameters were trained to, for `withWeights`. */
  readonly weights: Weights;
  /** The averaged weights, where `ema` was asked for. */
  readonly ema?: Weights;
  readonly training: Training;
}
