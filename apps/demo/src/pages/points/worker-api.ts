import type { TrainingState } from "@gen/nn";
import type { Choice } from "../../backends/choices.ts";
import type { LevelLosses } from "./loss-log-snrs.ts";

export type Method = "ddpm" | "ddim";

/** The most frames of a sampling run. The page moves the points from each frame to the next. */
export const maxFrames = 48;

/** Training and sampling for the points page, in a worker or in the page itself. */
export interface WorkerApi {
  /** Returns when the API can be used. */
  ready(): boolean;
  /** Trains until the steps are done or `stop` is called. A stop keeps the trained weights. */
  train(request: TrainRequest, onProgress: (progress: TrainProgress) => void): Promise<TrainResult>;
  stop(): void;
  /** Takes up a model that was trained before. */
  restore(model: TrainedModel): void | Promise<void>;
  /** Draws samples. Undefined when cancelled. A new run of a method cancels its last run. */
  sample(
    request: SampleRequest,
    onFrame: (frame: SampleFrame) => void,
  ): Promise<SampleResult | undefined>;
  cancel(): void;
}

/** Data and what was learned of it. */
export interface TrainedModel {
  readonly state: TrainingState;
  /** Standardized, `[n, 2]`. */
  readonly points: Float32Array;
  /** New draws of the data, which are scored beside the samples. */
  readonly fresh: readonly Float32Array[];
}

export interface TrainRequest extends Pick<TrainedModel, "points" | "fresh"> {
  readonly choice: Choice;
  /** Number of steps, including those of the training that is resumed. */
  readonly steps: number;
  /** Whether to resume the last training. */
  readonly resume: boolean;
}

export interface TrainProgress {
  /** `backend.name`. */
  readonly backendName: string;
  /** Absent until the first loss is read. */
  readonly progress?: {
    readonly step: number;
    readonly rate: number;
    readonly secondsLeft: number;
    /** Losses since the last report. */
    readonly losses: readonly { readonly step: number; readonly loss: number }[];
  };
  /** About once a second. */
  readonly preview?: Preview;
}

/** What a model draws while it learns. */
export interface Preview {
  readonly step: number;
  /** A few samples, standardized, `[n, 2]`. */
  readonly samples: Float32Array;
  /** The clean estimate at each point of `fieldGrid`. */
  readonly field: Float32Array;
  /** Absent in models that an older version kept. */
  readonly losses?: LevelLosses;
}

export interface TrainResult {
  readonly backendName: string;
  readonly step: number;
  /** Number of steps done when the stop was received. */
  readonly stopRequestedAt?: number;
  /** Absent for a model of an earlier visit. */
  readonly seconds?: number;
  /** What the training continues from. */
  readonly state: TrainingState;
  /** What the trained model draws. */
  readonly preview: Preview;
}

export interface SampleRequest {
  readonly choice: Choice;
  readonly method: Method;
  readonly steps: number;
  readonly eta: number;
  readonly seed: number;
  readonly count: number;
}

export interface SampleFrame {
  /** Standardized, `[count, 2]`. */
  readonly x: Float32Array;
  /** The time step of these points; 0 at the end. */
  readonly t: number;
  /** Progress of the run, from 0 to 1. */
  readonly done: number;
}

export interface SampleResult {
  readonly backendName: string;
  readonly steps: number;
  readonly seconds: number;
  /** Sliced Wasserstein distance to the data, in standard deviations of the data. */
  readonly distance: number;
  /** The same distance for new draws of the data: its mean and standard deviation. */
  readonly fresh: { readonly mean: number; readonly spread: number };
}
