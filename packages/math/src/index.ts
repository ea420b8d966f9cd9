export type { Arithmetic } from "./arithmetic.ts";
export { arrayArithmetic } from "./array-arithmetic.ts";
export { approximateNormalCdf, discretisedGaussianLogProb } from "./discretised-gaussian.ts";
export * as bernoulli from "./distributions/bernoulli.ts";
export * as categorical from "./distributions/categorical.ts";
export type { DiagonalNormal } from "./distributions/diagonal-normal.ts";
export * as diagonalNormal from "./distributions/diagonal-normal.ts";
export type { Joint } from "./distributions/joint.ts";
export * as joint from "./distributions/joint.ts";
export type { Laplace } from "./distributions/laplace.ts";
export * as laplace from "./distributions/laplace.ts";
export type { MultivariateNormal } from "./distributions/multivariate-normal.ts";
export * as multivariateNormal from "./distributions/multivariate-normal.ts";
export type { Normal } from "./distributions/normal.ts";
export * as normal from "./distributions/normal.ts";
export {
  bernoulliLogProb,
  klNormal,
  klStandardNormal,
  normalLogProb,
  reparameterise,
} from "./gaussian-terms.ts";
export { type ErrorCode, errorCode, GenError } from "./gen-error.ts";
export { gaussianProduct, gaussianQuotient, linearGaussianPosterior } from "./linear-gaussian.ts";
export { bitsPerDimension } from "./metrics/bits-per-dimension.ts";
export { frechetDistance } from "./metrics/frechet-distance.ts";
export { mmd, type RadialKernel, rbfKernel } from "./metrics/mmd.ts";
export { type PrecisionRecall, precisionRecall } from "./metrics/precision-recall.ts";
export {
  type SlicedWassersteinOptions,
  slicedWasserstein,
  wasserstein1d,
} from "./metrics/wasserstein.ts";
export { cleanLevel, type FloatArray, type NoiseLevel } from "./noise-level.ts";
export { numberArithmetic } from "./number-arithmetic.ts";
export { type DiffusionBound, gaussianDiffusionBound } from "./oracles/gaussian-diffusion-bound.ts";
export {
  type GaussianMixture,
  type MixtureOracle,
  mixtureOracle,
} from "./oracles/mixture-oracle.ts";
export type { PosteriorCoefficients } from "./posterior-coefficients.ts";
export { posteriorCoefficients } from "./posterior-coefficients.ts";
export type { EstimateCoefficients, PredictionRow, PredictionType } from "./prediction.ts";
export {
  denoisedCoefficients,
  epsilonCoefficients,
  predictionCoefficients,
  predictionRow,
} from "./prediction.ts";
export { type NormalNoiseOptions, normalNoise } from "./random/normal-noise.ts";
export { philox4x32 } from "./random/philox.ts";
export { type RandomStream, randomStream, type StreamState } from "./random/random-stream.ts";
export type { StreamKey, StreamWords } from "./random/stream-key.ts";
export { threefry2x32 } from "./random/threefry.ts";
export { type TorchGenerator, torchCpuGenerator } from "./random/torch-cpu-generator.ts";
