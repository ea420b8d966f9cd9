export { latentDataset } from "./latent-dataset.ts";
export { latentScaling } from "./latent-scaling.ts";
export { convVae, mlpVae } from "./networks.ts";
export { pipelineVae } from "./pipeline-vae.ts";
export { decode, elbo, encode, priorSamples, reconstruct } from "./run-vae.ts";
export { trainVae } from "./train-vae.ts";
export { type Vae, vae } from "./vae.ts";
export { vaeLoss, vaeTerms } from "./vae-loss.ts";
