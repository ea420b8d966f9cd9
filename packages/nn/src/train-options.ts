import type { Parameter, Signature } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import type { BatchInput } from "./batch-input.ts";
import type { MovingAverageOptions } from "./moving-average.ts";
import type { LearningRate, Optimizer } from "./optimizer.ts";
import type { Loss } from "./step-graph.ts";
import type { Weights } from "./stored-tensor.ts";
import type { TrainingState } from "./training-state.ts";

/** Where training stands when its losses have been read. */
export interface TrainProgress {
  /** Steps done, those before a resume among them. */
  readonly step: number;
  readonly steps: number;
  /** The losses of the last step by name. */
  readonly losses: Readonly<Record<string, number>>;
  /** Estimated from the steps so far. */
  readonly secondsLeft: number;
  /** Reads the state, to be saved and passed as `resume`; costs a copy of the weights and moments. */
  checkpoint(): Promise<TrainingState>;
}

/** What {@link train} minimizes, over which batches, and how. */
export interface TrainOptions<T, Name extends string = string> {
  backend: Backend<T>;
  /**
   * The scalar to minimize from a batch's inputs, or several scalars of which `loss` is minimized;
   * others may be `[batch]`, numbers of each sample for `onSamples`.
   */
  loss: Loss<Name>;
  /** What a batch looks like. */
  signature: Readonly<Record<Name, Signature>>;
  /** The parameters to train; all that the loss uses unless told. */
  parameters?: readonly Parameter[];
  optimizer: Optimizer;
  /** Scales gradients down to this global norm where it is larger. */
  clipNorm?: number;
  /** Keeps an exponential moving average of the weights: its decay, or decay and warm-up. */
  ema?: number | MovingAverageOptions;
  /** Inputs of each step, fresh random numbers among them; taken one by one and never closed. */
  batches: Iterable<Record<Name, BatchInput>> | AsyncIterable<Record<Name, BatchInput>>;
  /** Steps in all, those before a resume among them. */
  steps: number;
  /** An integer in [0, 2^53) that, with the step, decides what dropout drops; 0 unless told. */
  seed?: number;
  /** The losses are read, checked and reported every so many steps; 10 unless told. */
  logEvery?: number;
  /** Stops after the step under way; what was learned is kept. */
  signal?: { readonly aborted: boolean };
  /** Called every `logEvery` steps and after the last; a promise that it returns is awaited. */
  onStep?: (progress: TrainProgress) => unknown;
  /**
   * Hears the losses that are `[batch]`, of every step in order, its number counted from 1, before
   * the batch `stepsPerRun` later is asked for. Reading them costs a copy each step.
   */
  onSamples?: (step: {
    readonly step: number;
    readonly losses: Readonly<Record<string, FloatArray>>;
  }) => void;
  /** State to go on from; `batches` must be at the batch that comes next. */
  resume?: TrainingState;
  /**
   * Steps that one run of the compiled program takes, `logEvery` at most; 1 unless told. More of them spare a runtime
   * that copies its inputs, such as WebAssembly, most of its copying, but compile for longer, and
   * the signal is heard only between runs. The weights are the same up to rounding.
   */
  stepsPerRun?: number;
  /** Parameters of fewer elements than this share one tensor; 65,536 unless told. Changes speed alone. */
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

/** Settings that every kind of model is trained with; those that are not described here are as in `train`. */
export interface ModelTrainingOptions<T = unknown> extends Pick<TrainOptions<T>, Passed> {
  /** 128 unless told. */
  readonly batchSize?: number;
  /** A number or a schedule over steps; 1e-3 unless told. */
  readonly learningRate?: LearningRate;
  /** Adam with `learningRate` unless told. */
  readonly optimizer?: Optimizer;
  /** An integer in [0, 2^53) that decides batches and all noise; 0 unless told. */
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
