export { type Arithmetic, arrayArithmetic, numberArithmetic } from "./arithmetic.ts";
export { discretizedGaussianLogProb } from "./discretized-gaussian.ts";
export * as bernoulli from "./distributions/bernoulli.ts";
export * as categorical from "./distributions/categorical.ts";
export * as diagonalNormal from "./distributions/diagonal-normal.ts";
export * as joint from "./distributions/joint.ts";
export * as laplace from "./distributions/laplace.ts";
export * as multivariateNormal from "./distributions/multivariate-normal.ts";
export * as normal from "./distributions/normal.ts";
export {
  bernoulliLogProb,
  klNormal,
  klStandardNormal,
  normalLogProb,
  reparameterize,
} from "./gaussian-terms.ts";
export { type ErrorCode, errorCode, GenError } from "./gen-error.ts";
export { gaussianProduct, gaussianQuotient, linearGaussianPosterior } from "./linear-gaussian.ts";
export { bitsPerDimension } from "./metrics/bits-per-dimension.ts";
export { slicedWasserstein, wasserstein1d } from "./metrics/wasserstein.ts";
export { cleanLevel, type FloatArray, type NoiseLevel } from "./noise-level.ts";
export { gaussianDiffusionBound } from "./oracles/gaussian-diffusion-bound.ts";
export { mixtureOracle } from "./oracles/mixture-oracle.ts";
export { continuousBernoulliLogProb, discretizedLogisticLogProb } from "./pixel-terms.ts";
export { posteriorCoefficients } from "./posterior-coefficients.ts";
export type { EstimateCoefficients, PredictionType } from "./prediction.ts";
export { denoisedCoefficients, epsilonCoefficients, predictionCoefficients } from "./prediction.ts";
export { normalNoise } from "./random/normal-noise.ts";
export { philox4x32 } from "./random/philox.ts";
export { type RandomStream, randomStream } from "./random/random-stream.ts";
export { threefry2x32 } from "./random/threefry.ts";
export { torchCpuGenerator } from "./random/torch-cpu-generator.ts";
export { torchCudaGenerator } from "./random/torch-cuda-generator.ts";
