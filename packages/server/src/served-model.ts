import type { AbortSignalLike } from "@gen/sampling";

/** How far a run is. */
export interface StepProgress {
  /** The done share of the run, in [0, 1]. */
  readonly done: number;
  /** Steps of the sampler. */
  readonly steps: number;
  /** Seconds until the run is done, estimated. */
  readonly secondsLeft?: number;
}

/** A request for samples or pictures. */
export interface DrawRequest {
  /** How many. */
  readonly count: number;
  /** Decides all noise: sample i of a seed is the same in every request. */
  readonly seed: number;
  /** What a picture shows, for a model of prompts. */
  readonly prompt?: string;
  /** What a picture does not show. */
  readonly negativePrompt?: string;
  /** A sampler's name. @defaultValue the model's own */
  readonly sampler?: string;
  /** Steps of the sampler. @defaultValue the model's own */
  readonly steps?: number;
  /** The share of new noise, in [0, 1]. @defaultValue the sampler's own */
  readonly eta?: number;
  /** The scale of guidance. @defaultValue the model's own */
  readonly guidance?: number;
  /** A class by its number or its name, for a model of classes. */
  readonly class?: number | string;
  /** Width and height in pixels, for a model of prompts. @defaultValue the model's own */
  readonly size?: readonly [width: number, height: number];
}

/** What a request gets. */
export interface Drawn {
  /** `[count, ...]`, row-major; images are in [-1, 1]. */
  readonly x: Float32Array;
  /** `[count, ...]`. */
  readonly shape: readonly number[];
  /** Evaluations of the denoiser for each sample. */
  readonly steps: number;
}

/** A model that a server serves. */
export interface ServedModel {
  /** Whether it makes pictures of prompts. Else it draws samples. */
  readonly prompts: boolean;
  /** The shape of one sample, if it is fixed. */
  readonly item?: readonly number[];
  /** Runs that may be under way at the same time. @defaultValue 1 */
  readonly runs?: number;
  /**
   * Why it cannot draw now, in a line that strangers may read; undefined while it can. Default: it
   * always can.
   */
  trouble?(): string | undefined;
  /**
   * The steps of a request.
   *
   * @param request What a client asks for.
   * @throws RangeError when the model cannot do it.
   */
  stepsOf(request: DrawRequest): number;
  /**
   * Requests with equal keys can share a run.
   *
   * @param request What a client asks for.
   */
  keyOf(request: DrawRequest): string;
  /**
   * The samples of requests with one key, in order. Each gets the numbers that it would get alone.
   *
   * @param requests The requests.
   * @param options Stops the run, and is told of each step.
   * @throws GenError `unreachable` when what computes it does not answer, which is answered 503;
   * `invalid-argument` or `usage` when the requests are at fault.
   */
  draw(
    requests: readonly DrawRequest[],
    options: {
      /** Stops the run within a step. */
      readonly signal: AbortSignalLike;
      /** Called after each step. */
      readonly onStep: (progress: StepProgress) => void;
    },
  ): Promise<readonly Drawn[]>;
  /** Frees its programs. */
  dispose(): Promise<void>;
}
