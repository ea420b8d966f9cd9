import type { Expr, Parameter } from "@gen/graph";
import type { SchedulerConfigInput } from "@gen/schedules";
import type { Denoiser } from "../denoiser/denoiser.ts";

/** The two ends of a VAE, in the space of standardized latents that a denoiser works in. */
export interface PipelineVae {
  /** Images `[batch, ...image]` in [-1, 1] to the mean and log variance `[batch, ...shape]`. */
  encode?(image: Expr): { readonly mean: Expr; readonly logVariance: Expr };
  /** Latents `[batch, ...shape]` to images `[batch, ...image]` in [-1, 1]. */
  decode(latent: Expr): Expr;
  /** Shape of one image, such as [1, 28, 28]. */
  readonly image: readonly number[];
  readonly parameters: readonly Parameter[];
}

/** A denoiser with all that sampling takes. Training returns it, a folder holds it. */
export interface DiffusionPipeline<Scheduler = SchedulerConfigInput> {
  readonly kind: "diffusion";
  readonly denoiser: Denoiser;
  /** The noise schedule, and what else a scheduler's config says. */
  readonly scheduler: Scheduler;
  /** Shape of one x, without the batch: [channels, height, width], or [features]. */
  readonly shape: readonly number[];
  /** Decodes what the denoiser samples. */
  readonly vae?: PipelineVae;
  /** Names of the classes, where the denoiser's condition is a class label. */
  readonly classes?: readonly string[];
  /** Other values that a folder keeps, as JSON. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

/** A VAE alone. Its samples are decoded from the prior N(0, I). */
export interface VaePipeline {
  readonly kind: "vae";
  readonly vae: PipelineVae;
  /** Shape of one latent, without the batch. */
  readonly shape: readonly number[];
}

/** A model that {@link generate} samples. */
export type Pipeline = DiffusionPipeline | VaePipeline;
