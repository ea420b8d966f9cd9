import type { TrainingState } from "@gen/nn";
import type { Work } from "../../use-worker.ts";
import type { Draws } from "./draws.ts";

/** What samples: the exact denoiser of a mixture, or a trained network. */
export type Problem = ExactProblem | NetworkProblem;

export interface ExactProblem {
  readonly kind: "exact";
  /** Standardized, `[k, 2]`. */
  readonly anchors: Float32Array;
}

export interface NetworkProblem extends Draws {
  readonly kind: "network";
  readonly state: TrainingState;
  /** The backend that the learning page chose, as it was kept. */
  readonly choice: unknown;
}

/** One side of the curtain. */
export interface TraceRequest {
  readonly steps: number;
  /** 0 is DDIM, 1 is DDPM. */
  readonly eta: number;
  readonly seed: number;
}

/** Points on their way from noise to data. */
export interface Trace {
  /** The points at each level, standardized, `[pointCount, 2]`. */
  readonly frames: readonly Float32Array[];
  /** The position of each frame on the axis of log SNR, in [0, 1]. */
  readonly positions: readonly number[];
  /** The distance of the last frame to the data. */
  readonly distance: number;
}

/** What a fresh draw of the data scores: the mean and the standard deviation of several draws. */
export interface Fresh {
  readonly mean: number;
  readonly spread: number;
}

/** A measured point of the frontier. */
export interface Measured {
  /** The number of the job. */
  readonly job: number;
  readonly distance: number;
}

/** Sampling for this room, in a worker or in the page itself. */
export interface CompareWork extends Work {
  /** Sets what samples. Ends all runs of the problem before it. */
  use(problem: Problem): Promise<void>;
  /** Undefined if another problem or another run of the side has taken its place. */
  trace(side: Side, request: TraceRequest): Promise<Trace | undefined>;
  fresh(): Promise<Fresh | undefined>;
  /** Measures the jobs from number `first` on. Ends early when `stop` or `use` is called. */
  measure(first: number, seed: number, onMeasured: (point: Measured) => void): Promise<void>;
  /** Stops `measure` within a step. */
  stop(): void;
}

export type Side = "left" | "right";
