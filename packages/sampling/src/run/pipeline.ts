import type { Expr, Parameter } from "@gen/graph";
import type { SchedulerConfigInput } from "@gen/schedules";
import type { Denoiser } from "../denoiser/denoiser.ts";

/** A VAE's encoder and decoder. Latents are standardized, as a denoiser needs them. */
export interface PipelineVae {
  /**
   * Images `[batch, ...image]` in [-1, 1] to the mean and log variance `[batch, ...shape]`.
   *
   * @param image Images, `[batch, ...image]` in [-1, 1].
   */
  encode?(image: Expr): {
    /** The mean of each latent, `[batch, ...shape]`. */
    readonly mean: Expr;
    /** The logarithm of each variance, `[batch, ...shape]`. */
    readonly logVariance: Expr;
  };
  /**
   * Latents `[batch, ...shape]` to images `[batch, ...image]` in [-1, 1].
   *
   * @param latent Standardized latents, `[batch, ...shape]`.
   */
  decode(latent: Expr): Expr;
  /** The shape of one image, such as [1, 28, 28]. */
  readonly image: readonly number[];
  /** The weights of encoder and decoder. */
  readonly parameters: readonly Parameter[];
  /** Samples in one run of a decoder whose file fixes its batch. Any batch runs in such parts. */
  readonly batch?: number;
}

/** A denoiser with everything that sampling needs. Training returns it; a folder stores it. */
export interface DiffusionPipeline<Scheduler = SchedulerConfigInput> {
  /** Tells the two kinds of pipelines apart. */
  readonly kind: "diffusion";
  /** The network that makes samples, or latents if there is a VAE. */
  readonly denoiser: Denoiser;
  /** The noise schedule and the other settings of a scheduler's config. */
  readonly scheduler: Scheduler;
  /** The shape of one x, without the batch: [channels, height, width], or [features]. */
  readonly shape: readonly number[];
  /** Decodes the denoiser's samples. */
  readonly vae?: PipelineVae;
  /**
   * "even" where the pipeline's class gives its scheduler the sigmas 1, 1 - 1/n, ..., 1/n, before any
   * shift, as Flux does. Absent where the scheduler chooses.
   */
  readonly sigmas?: "even";
  /** The names of the classes, if the denoiser's condition is a class label. */
  readonly classes?: readonly string[];
  /** Other values that a folder stores, as JSON. */
  readonly notes?: Readonly<Record<string, unknown>>;
  /** What the folder leaves open, one sentence each: the assumed value, random operations. */
  readonly warnings?: readonly string[];
}

/** A VAE alone. Its samples are decoded from the prior N(0, I). */
export interface VaePipeline {
  /** Tells the two kinds of pipelines apart. */
  readonly kind: "vae";
  /** The model itself. */
  readonly vae: PipelineVae;
  /** The shape of one latent, without the batch. */
  readonly shape: readonly number[];
  /** As in {@link DiffusionPipeline}. */
  readonly warnings?: readonly string[];
}

/** A model that {@link generate} samples. */
export type Pipeline = DiffusionPipeline | VaePipeline;
