import type { DType, Expr, Parameter, Signature } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import type { Backend, HostArray } from "@gen/runtime-gpu";
import type { LearningRate, Optimizer } from "./optimizer.ts";
import type { TrainingState } from "./training-state.ts";
import type { Weights } from "./weights.ts";

/** One input of a batch. */
export interface BatchInput {
  /** The values, row-major. */
  readonly data: HostArray;
  /** The shape of the values, `[batch, ...]`. */
  readonly shape: readonly number[];
  /** The type of the elements. @defaultValue the dtype that the signature gives the input */
  readonly dtype?: DType;
}

/** The state of a training as its losses are read. */
export interface TrainProgress {
  /** Steps done, including those before a resume. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  /** The losses of the last step by name. */
  readonly losses: Readonly<Record<string, number>>;
  /** An estimate from the steps so far. */
  readonly secondsLeft: number;
  /** Reads the state, to be saved and passed as `resume`. */
  checkpoint(): Promise<TrainingState>;
}

/**
 * What training minimizes, from a batch's inputs: a scalar, or the scalar `loss` of several named
 * losses. The others are reported. They may be `[batch]`, numbers of each sample for `onSamples`.
 *
 * @param inputs The inputs of a batch, by name.
 */
export type Loss<Name extends string = string> = (
  inputs: Record<Name, Expr>,
) => Expr | Record<string, Expr>;

/** An exponential moving average of the weights. */
export interface MovingAverageOptions {
  /** The share of the average that stays at each step after the warm-up, in [0, 1). */
  decay: number;
  /**
   * Whether the decay at `step` (from 0) is at most `(1 + step) / (10 + step)`, as TensorFlow and
   * diffusers warm it up.
   * @defaultValue true
   */
  warmUp?: boolean;
}

/** How a training runs, whatever it trains. */
export interface TrainRunOptions<T> {
  /** The backend that runs the training. */
  backend: Backend<T>;
  /** Steps in all, including those before a resume. */
  steps: number;
  /**
   * Keeps a moving average of the weights: its decay in [0, 1), or decay and warm-up.
   * @defaultValue none
   */
  ema?: number | MovingAverageOptions;
  /** Gradients of a larger global norm are scaled down to this norm. @defaultValue none */
  clipNorm?: number;
  /**
   * Parts that each batch is split into, along the first axis of every input. Their gradients are
   * averaged, and one update follows. A run then needs the memory of one part. A loss that is a mean
   * over the batch trains the same weights up to rounding; dropout draws other masks.
   * @defaultValue 1
   */
  accumulate?: number;
  /** Steps between two readings of the losses, which check and report them. @defaultValue 10 */
  logEvery?: number;
  /**
   * Stops training after the current step. The result holds what was learned.
   * @defaultValue none
   */
  signal?: {
    /** Whether the training is to stop. */
    readonly aborted: boolean;
  };
  /**
   * Called every `logEvery` steps and after the last. A promise that it returns is awaited.
   *
   * @param progress The state of the training.
   * @defaultValue none
   */
  onStep?: (progress: TrainProgress) => unknown;
  /** The state to continue from. @defaultValue none, from the start */
  resume?: TrainingState;
  /**
   * Steps that one run of the compiled program takes, at most `logEvery`. A runtime that copies its
   * inputs, such as WebAssembly, then copies its state once for all of them. The program takes
   * longer to compile, and the signal is read only between runs. The weights are the same up to
   * rounding.
   * @defaultValue 1
   */
  stepsPerRun?: number;
}

/** What {@link train} minimizes, over which batches, and how. */
export interface TrainOptions<T, Name extends string = string> extends TrainRunOptions<T> {
  /** What is minimized, over expressions. */
  loss: Loss<Name>;
  /** Shapes and dtypes of a batch. */
  signature: Readonly<Record<Name, Signature>>;
  /** The parameters to train. @defaultValue all that the loss uses */
  parameters?: readonly Parameter[];
  /**
   * The next values of parameters that a rule of their own moves, not the optimizer, such as the
   * moving averages of a codebook. They do not go with `accumulate`.
   *
   * @param inputs The inputs of a batch, by name.
   * @defaultValue none
   */
  updates?: (inputs: Record<Name, Expr>) => readonly (readonly [Parameter, Expr])[];
  /** The rule of the update, such as `adam()`. */
  optimizer: Optimizer;
  /**
   * Rules of their own for some of the parameters, such as those of a discriminator.
   * @defaultValue none, `optimizer` moves all parameters
   */
  optimizers?: readonly {
    /** The parameters that the rule moves. */
    readonly parameters: readonly Parameter[];
    /** The rule. */
    readonly optimizer: Optimizer;
  }[];
  /**
   * The inputs of each step, random numbers included, from the step after `resume` on. They are
   * taken one by one and never closed.
   */
  batches: Iterable<Record<Name, BatchInput>> | AsyncIterable<Record<Name, BatchInput>>;
  /** An integer in [0, 2^53) that, with the step, decides what dropout drops. @defaultValue 0 */
  seed?: number;
  /**
   * Called with the losses that are `[batch]`, for every step in order, counted from 1, before the
   * batch `stepsPerRun` later is requested. Reading them costs a copy each step.
   * @defaultValue none
   */
  onSamples?: (step: {
    /** The step, from 1. */
    readonly step: number;
    /** The losses of each sample, `[batch]`, by name. */
    readonly losses: Readonly<Record<string, FloatArray>>;
  }) => void;
  /** Parameters of fewer elements share one tensor. Changes speed alone. @defaultValue 65,536 */
  packBelow?: number;
}

/** Settings for the training of every kind of model. */
export interface ModelTrainingOptions<T = unknown> extends TrainRunOptions<T> {
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
  /** Steps done. Fewer than `steps` when the signal or the end of the batches stopped it. */
  readonly step: number;
  /** Whether the signal stopped it. */
  readonly aborted: boolean;
  /** The losses that were read, in order. */
  readonly history: readonly Pick<TrainProgress, "step" | "losses">[];
  /** Weights, moments and average, to be saved and passed as `resume`. */
  readonly state: TrainingState;
}

/** The result of {@link train}. The parameters that it was given are as they were. */
export interface TrainResult {
  /** The trained values of the parameters, for `withWeights`. */
  readonly weights: Weights;
  /** The averaged weights, with `ema`. */
  readonly ema?: Weights;
  /** How it went, and the state to continue from. */
  readonly training: Training;
}
