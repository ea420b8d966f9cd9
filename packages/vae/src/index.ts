export { type Elbo, elbo, type RunOptions } from "./elbo.ts";
export { type LatentDataset, latentDataset } from "./latent-dataset.ts";
export { type LatentScaling, latentScaling } from "./latent-scaling.ts";
export { type ConvVaeOptions, convVae, type MlpVaeOptions, mlpVae } from "./networks.ts";
export { pipelineVae } from "./pipeline-vae.ts";
export { decode, type Encoded, encode, type Items, priorSamples, reconstruct } from "./run-vae.ts";
export { type TrainedVae, type TrainVaeOptions, trainVae } from "./train-vae.ts";
export { type Likelihood, type Vae, type VaeOptions, vae } from "./vae.ts";
export { type VaeTerms, vaeLoss, vaeTerms } from "./vae-loss.ts";
