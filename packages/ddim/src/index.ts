export { ddimSteps, inversionSteps, sample } from "@gen/sampling";
export { linearInterpolation, sphericalInterpolation } from "./interpolate.ts";
export { decode, encode, invert, roundTrip } from "./invert.ts";
export { tutorialCoefficients } from "./tutorial-coefficients.ts";
