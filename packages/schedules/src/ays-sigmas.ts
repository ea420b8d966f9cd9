import { ArgumentError, checkOptions, rules, shown } from "@gen/math/arguments";
import { numpyLinspace, stepCount } from "./linspace.ts";

/** The models whose steps are published. */
const PUBLISHED = {
  "stable-diffusion": [
    14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029,
  ],
  "stable-diffusion-xl": [
    14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.38, 0.234, 0.113, 0.029,
  ],
  "stable-video-diffusion": [
    700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002,
  ],
} as const;

/**
 * The noise levels `[steps]`, descending, of "Align Your Steps" (Sabour et al. 2024, appendix), as
 * published for 10 steps; another number of steps interpolates their logarithms, as the authors do.
 * The clean level that sampling ends on is not among them.
 *
 * @param options The model, and how many levels.
 * @throws RangeError when steps is no positive integer or the model is none of the three.
 */
export function aysSigmas(options: {
  /** The model that the levels were optimized for. */
  readonly model: keyof typeof PUBLISHED;
  /** How many levels. */
  readonly steps: number;
}): Float64Array {
  checkOptions(options, { model: rules.TEXT, steps: rules.COUNT });
  const { model, steps } = options;
  if (!Object.hasOwn(PUBLISHED, model)) {
    throw new ArgumentError(
      `model must be one of ${Object.keys(PUBLISHED).join(", ")}, got ${shown(model)}`,
    );
  }
  const logs = PUBLISHED[model].map(Math.log);
  const places = numpyLinspace(0, logs.length - 1, stepCount(steps) + 1).slice(0, steps);
  return Float64Array.from(places, (place) => {
    const at = Math.floor(place);
    return Math.exp(logs[at] + (place - at) * (logs[at + 1] - logs[at]));
  });
}
