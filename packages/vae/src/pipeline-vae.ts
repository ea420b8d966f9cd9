import { add, type Expr, mul, reshape, sub } from "@gen/graph";
import type { PipelineVae } from "@gen/sampling";
import type { LatentDataset } from "./latent-dataset.ts";
import { latentScaling } from "./latent-scaling.ts";
import type { Vae } from "./vae.ts";

/**
 * A VAE as a pipeline's two ends: images in [-1, 1] (the model's own are in [0, 1]), latents
 * standardized by `scaling`, as a denoiser was trained on them.
 *
 * `image` is the shape of one image, where the model's own is flat.
 */
export function pipelineVae(
  model: Vae,
  scaling?: Pick<LatentDataset, "mean" | "std">,
  image: readonly number[] = model.shape,
): PipelineVae {
  const { apply, undo } = latentScaling({
    latents_mean: scaling?.mean,
    latents_std: scaling?.std,
  });
  const shaped = (e: Expr, shape: readonly number[]) => reshape(e, [e.shape[0], ...shape]);
  return {
    image,
    parameters: model.parameters,
    encode(x) {
      const { mean, logVariance } = model.encode(mul(add(shaped(x, model.shape), 1), 0.5));
      return apply(mean, logVariance);
    },
    decode: (latent) => shaped(sub(mul(model.reconstruct(undo(latent)), 2), 1), image),
  };
}
