/*
 * The names that options take. The modules that they name load when a command runs, so that help
 * and refusals come at once.
 */

/** Sets of points in the plane that need no file. */
export const pointNames = [
  "two-moons",
  "swiss-roll",
  "checkerboard",
  "rings",
  "pinwheel",
  "gaussian-mixture",
] as const;

/** Data that need no file. */
export const dataNames: readonly string[] = ["fashion-mnist", "digits", ...pointNames];

/** Noise schedules that a training takes. */
export const scheduleNames = ["linear", "scaled-linear", "cosine"] as const;

/** The rules by which a training moves its weights. */
export const optimizerNames = ["adam", "adamw", "lion", "sgd"] as const;

/** How the noise levels of the steps are spread in place of evenly spaced times. */
export const sigmaNames = ["karras", "exponential", "beta"] as const;

/** How the time steps are spread. */
export const spacingNames = ["leading", "trailing", "linspace"] as const;

/** What `gen train vae` minimizes. */
export const objectiveNames = [
  "elbo",
  "vamp",
  "iwae",
  "dreg",
  "info",
  "wae",
  "beta-tc",
  "factor",
  "vq",
  "fsq",
] as const;
