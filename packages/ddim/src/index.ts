export { ddimSteps, inversionSteps, sample } from "@gen/sampling";
export { decode, encode, roundTrip } from "./encode.ts";
export { linearInterpolation, sphericalInterpolation } from "./interpolate.ts";
export { invert } from "./invert.ts";
export { tutorialCoefficients } from "./tutorial-coefficients.ts";
