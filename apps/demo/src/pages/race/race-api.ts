import type { Work } from "../../use-worker.ts";

/** Steps of DDIM. */
export const steps = 20;
/** Number of points. */
export const count = 1000;
/** The runtime that all others are compared with: plain JavaScript in float64. */
export const reference = "cpu";

/** The seed of the points that the room opens with. */
export const openingSeed = 0;

/** The runs of the race, in a worker or in the page itself. */
export interface RaceApi extends Work {
  runtimes(): Promise<Runtimes>;
  /** Runs one runtime. Undefined when cancelled. */
  run(request: RunRequest, onFrame: (frame: RunFrame) => void): Promise<RunResult | undefined>;
  /** Stops the run within a step. */
  cancel(): void;
}

/** A runtime of this browser. */
export interface Runtime {
  /** The name of its backend, such as `onnx/wasm`. */
  readonly name: string;
  readonly label: string;
  /** Whether its GPU is a program on the CPU. */
  readonly software: boolean;
  /** The GPU, as the browser names it. Empty without one. */
  readonly adapter: string;
}

export interface Runtimes {
  readonly here: readonly Runtime[];
  /** Those that this browser does not have. */
  readonly absent: readonly Pick<Runtime, "name" | "label">[];
}

export interface RunRequest {
  readonly name: string;
  readonly seed: number;
  /** A safetensors file of the network's weights, with the bound of its data in the metadata. */
  readonly model: Uint8Array;
}

export interface RunFrame {
  /** `[count, 2]`. */
  readonly x: Float32Array;
  /** Steps done. */
  readonly step: number;
}

/** A finished run. Times are in milliseconds. */
export interface RunResult {
  /** The points `[count, 2]` in the runtime's own precision. */
  readonly x: Float32Array | Float64Array;
  /** The points after each step, as they were reported. */
  readonly frames: readonly Float32Array[];
  /** To load the library, open the device, compile, and take the first step. */
  readonly start: number;
  /** The median of the other steps, each with the reading of its points. */
  readonly step: number;
  readonly whole: number;
}
