import type { TrainingState } from "@gen/nn";
import type { Work } from "../../use-worker.ts";
import type { Measured, PlainWeights, Terms } from "./mlp-vae.ts";

/** What a model learns: the digits of the data set, or the reader's drawings in hexadecimal. */
export type Source = "digits" | readonly string[];

/** The pictures of a source. */
export interface Pictures {
  /** `[n, 64]` in [0, 1]. */
  readonly pixels: Float32Array;
  /** The digit that each picture shows, or the number of the drawing. */
  readonly labels: Int32Array;
}

/** A part of a training with one beta. It ends after `steps`, counted from the first part's start. */
export interface Leg {
  readonly beta: number;
  readonly steps: number;
}

export interface TrainRequest {
  readonly source: Source;
  readonly leg: Leg;
  /** The state that the training goes on from. */
  readonly resume?: TrainingState;
}

export interface TrainReport {
  /** `backend.name`. */
  readonly backendName: string;
  /** Absent until the first loss is read. */
  readonly progress?: {
    readonly step: number;
    readonly secondsLeft: number;
    /** Losses since the last report. */
    readonly losses: readonly ({ readonly step: number } & Terms)[];
  };
  /** About once a second: the averaged weights, and what they make of the pictures. */
  readonly preview?: { readonly weights: PlainWeights; readonly measured: Measured };
}

export interface TrainResult {
  readonly backendName: string;
  readonly seconds: number;
  readonly aborted: boolean;
  /** The number of steps done when the stop was received. */
  readonly stopRequestedAt?: number;
  readonly state: TrainingState;
  readonly measured: Measured;
}

/** The heavy work of the room, in a worker or in the page itself. */
export interface LatentApi extends Work {
  /** Reads a source and measures its pictures with a model. */
  open(source: Source, weights: PlainWeights): Promise<{ pictures: Pictures; measured: Measured }>;
  /** Trains until the leg is done or `stop` is called. A stop keeps the trained weights. */
  train(request: TrainRequest, onReport: (report: TrainReport) => void): Promise<TrainResult>;
  stop(): void;
}
