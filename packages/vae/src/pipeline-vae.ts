import { add, type Expr, mul, reshape, sub } from "@gen/graph";
import { checkArguments, rules } from "@gen/math/arguments";
import type { PipelineVae } from "@gen/sampling";
import type { LatentDataset } from "./latent-dataset.ts";
import { latentScaling } from "./latent-scaling.ts";
import { MODEL, type Vae } from "./vae.ts";

const SCALING = rules.having("{ mean, std }, such as latentDataset gives", {
  mean: rules.NUMBERS,
  std: rules.NUMBERS,
});

/**
 * A VAE as the two ends of a pipeline. Its images are in [-1, 1], though the model's are in [0, 1].
 * `scaling` standardizes the latents, as for the denoiser's training.
 *
 * `image` is the shape of one image, for a model of flat data.
 *
 * @param model The VAE.
 * @param scaling The means and deviations of the latents, such as `latentDataset` gives.
 * @param image The shape of one image.
 */
export function pipelineVae(
  model: Vae,
  scaling?: Pick<LatentDataset, "mean" | "std">,
  image: readonly number[] = model?.shape,
): PipelineVae {
  checkArguments(
    { model, scaling, image },
    { model: MODEL, scaling: rules.optional(SCALING), image: rules.SIZES },
  );
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
