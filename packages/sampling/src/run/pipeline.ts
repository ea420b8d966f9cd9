import type { Expr, Parameter } from "@gen/graph";
import type { SchedulerConfig, SchedulerConfigInput } from "@gen/schedules";
import type { Denoiser } from "../denoiser/denoiser.ts";

/**
 * The two ends of latent diffusion, in the space that the denoiser works in: `decode` takes what
 * it samples, and `encode` gives what it was trained on.
 */
export interface PipelineVae {
  /** Images `[batch, ...image]` in [-1, 1] to the mean and log variance `[batch, ...shape]`. */
  encode?(image: Expr): { readonly mean: Expr; readonly logVariance: Expr };
  /** Latents `[batch, ...shape]` to images `[batch, ...image]` in [-1, 1]. */
  decode(latent: Expr): Expr;
  /** Shape of one image, such as [1, 28, 28]. */
  readonly image: readonly number[];
  readonly parameters: readonly Parameter[];
}

/** A denoiser with all that sampling from it takes, as a folder of files holds it. */
export interface Pipeline {
  readonly denoiser: Denoiser;
  readonly scheduler: SchedulerConfig;
  /** Shape of one sample, without the batch: [channels, height, width], or [features]. */
  readonly shape: readonly number[];
  readonly vae?: PipelineVae;
  /** Names of the classes, where the denoiser's condition is a class label. */
  readonly classes?: readonly string[];
  /** Whatever else is worth keeping, as JSON. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

/** What `savePipeline` of `@gen/pipeline` needs: of the scheduler, at least its schedule. */
export type PipelineInput = Omit<Pipeline, "scheduler"> & {
  readonly scheduler: SchedulerConfigInput;
};
