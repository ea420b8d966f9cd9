import type { Choice } from "../../backends/choices.ts";

export type Method = "ddpm" | "ddim";

/** Frames of a run of sampling, at most; the page moves the points from each to the next. */
export const mostFrames = 48;

/** What the worker, or the page itself, does for the room. */
export interface Studio {
  /** Answers once the studio can be used. */
  ready(): boolean;
  /** Trains until the steps are done or `stop` is called, which keeps what was learned. */
  train(request: TrainRequest, hear: (news: TrainNews) => void): Promise<TrainEnd>;
  stop(): void;
  /** Draws samples; undefined when cancelled. A new run of a method cancels the one before. */
  sample(
    request: SampleRequest,
    hear: (frame: SampleFrame) => void,
  ): Promise<SampleEnd | undefined>;
  cancel(): void;
}

export interface TrainRequest {
  readonly choice: Choice;
  /** Standardized, `[n, 2]`. */
  readonly points: Float32Array;
  /** Steps in all. */
  readonly steps: number;
  /** Goes on from where the last training stopped. */
  readonly goOn: boolean;
}

export interface TrainNews {
  /** The backend's own name. */
  readonly ranOn: string;
  /** Absent until the first loss has been read. */
  readonly progress?: {
    readonly step: number;
    readonly rate: number;
    readonly secondsLeft: number;
    /** Losses since the last news. */
    readonly losses: readonly { readonly step: number; readonly loss: number }[];
  };
}

export interface TrainEnd {
  readonly ranOn: string;
  readonly step: number;
  /** Steps done when the stop was heard. */
  readonly heardAt?: number;
  readonly seconds: number;
}

export interface SampleRequest {
  readonly choice: Choice;
  readonly method: Method;
  readonly steps: number;
  readonly eta: number;
  readonly seed: number;
  readonly count: number;
  /** A fresh draw of the data, to be scored beside the samples. */
  readonly fresh: Float32Array;
}

export interface SampleFrame {
  /** Standardized, `[count, 2]`. */
  readonly x: Float32Array;
  /** The noise level that these points are at; 0 at the end. */
  readonly t: number;
  /** How far the run is, from 0 to 1. */
  readonly done: number;
}

export interface SampleEnd {
  readonly ranOn: string;
  readonly steps: number;
  readonly seconds: number;
  /** Sliced Wasserstein distances to the data, in its standard deviations. */
  readonly distance: number;
  readonly freshDistance: number;
}
