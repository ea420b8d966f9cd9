export { cyclicAnnealing, linearAnnealing } from "./annealing.ts";
export { elbo, logLikelihood, meanElbo, meanLogLikelihood } from "./evaluate-vae.ts";
export { hierarchicalLoss } from "./hierarchy.ts";
export { iwaeLoss } from "./importance.ts";
export { latentDataset } from "./latent-dataset.ts";
export { latentScaling } from "./latent-scaling.ts";
export {
  attributeDirection,
  latentGrid,
  priorLatents,
  priorSamples,
} from "./latent-walks.ts";
export type { Likelihood } from "./likelihood.ts";
export { mixturePrior } from "./mixture-prior.ts";
export { infoVaeLoss, waeLoss } from "./mmd-losses.ts";
export { convVae, mlpVae } from "./networks.ts";
export { pipelineVae } from "./pipeline-vae.ts";
export { codeVectors, quantizedLoss, quantizedVae } from "./quantized-vae.ts";
export { finiteScalarQuantizer, vectorQuantizer } from "./quantizers.ts";
export { decode, encode, reconstruct } from "./run-vae.ts";
export { betaTcLoss, factorVaeLoss } from "./total-correlation.ts";
export { trainVae } from "./train-vae.ts";
export { type Vae, vae } from "./vae.ts";
export { vaeLoss, vaeTerms } from "./vae-loss.ts";
