export { type Sampling, type Step, sample, sampler } from "@gen/sampling";
export { type DdimOptions, ddimSteps } from "./ddim-steps.ts";
export { type DecodeOptions, decode, encode, type RoundTrip, roundTrip } from "./encode.ts";
export { linearInterpolation, sphericalInterpolation } from "./interpolate.ts";
export { type InversionOptions, type InvertOptions, inversionSteps, invert } from "./invert.ts";
export { type TutorialCoefficients, tutorialCoefficients } from "./tutorial-coefficients.ts";
