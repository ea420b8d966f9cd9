export {
  type DdimOptions,
  ddimSteps,
  type InversionOptions,
  inversionSteps,
  type Samples,
  type Step,
  sample,
  sampler,
  sampleSteps,
} from "@gen/sampling";
export { type DecodeOptions, decode, encode, type RoundTrip, roundTrip } from "./encode.ts";
export { linearInterpolation, sphericalInterpolation } from "./interpolate.ts";
export { type InvertOptions, invert } from "./invert.ts";
export { type TutorialCoefficients, tutorialCoefficients } from "./tutorial-coefficients.ts";
