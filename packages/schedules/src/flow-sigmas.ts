import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { linspace } from "./linspace.ts";
import { betaSigmas, exponentialSigmas, karrasSigmas } from "./sigmas.ts";

/** How a flow's shift grows with the image (Esser et al. 2024, section 5.3.2; as diffusers does). */
export interface DynamicShift {
  /** The exponent mu at `baseLength`; between and beyond the two lengths, a straight line. */
  readonly baseShift: number;
  /** The exponent mu at `maxLength`. */
  readonly maxShift: number;
  /** A length of an image, in tokens. */
  readonly baseLength: number;
  /** A greater length of an image, in tokens. */
  readonly maxLength: number;
  /** The shift of mu: exp(mu) or mu itself. @defaultValue "exponential" */
  readonly form?: "exponential" | "linear";
}

/** How a flow-matching model is sampled; what diffusers' FlowMatchEulerDiscreteScheduler says. */
export interface FlowSettings {
  /** How many training steps. @defaultValue 1000 */
  readonly length?: number;
  /** The shift, where none depends on the image. @defaultValue 1 */
  readonly shift?: number;
  /** Where given, `shift` counts for nothing. */
  readonly dynamic?: DynamicShift;
  /** Stretches the noises so that the last one is this. */
  readonly terminal?: number;
  /** Spreads the noises between their first and last in another way. */
  readonly spread?: "karras" | "exponential" | "beta";
}

/**
 * The noises `[steps]`, descending, at which a flow-matching model is asked, as diffusers'
 * FlowMatchEulerDiscreteScheduler has them. The clean level that sampling ends on is not among them.
 *
 * Equal steps down to the training's last noise, shifted (`shift s / (1 + (shift - 1) s)`, with a
 * fixed shift once more than the training's noises are), stretched to end on `terminal`, then
 * spread anew. `imageLength` is the number of the image's tokens, needed where the shift is dynamic.
 *
 * @param settings The settings of the flow, and how many noises.
 * @throws RangeError when steps is no positive integer, a setting is outside its range, or
 * imageLength is missing.
 */
export function flowSigmas(
  settings: FlowSettings & {
    /** How many noises. */
    readonly steps: number;
    /** The tokens of the image, where the shift is dynamic. */
    readonly imageLength?: number;
  },
): Float64Array {
  checkOptions(settings, {
    steps: rules.COUNT,
    length: rules.optional(rules.COUNT),
    shift: rules.optional(rules.NUMBER),
    dynamic: rules.optional(dynamicShift),
    imageLength: rules.optional(rules.FINITE),
    terminal: rules.optional(rules.NUMBER),
    spread: rules.optional(rules.oneOf("karras", "exponential", "beta")),
  });
  const { steps, length = 1000, dynamic, terminal, spread } = settings;
  const { shift = 1 } = settings;
  if (!(shift > 0 && shift < Infinity)) {
    throw new ArgumentError(`shift must be positive, got ${shift}`);
  }
  const fixed = (s: number) => (shift * s) / (1 + (shift - 1) * s);
  const moved = dynamic
    ? linspace(1, 1 / length, steps).map(shiftedBy(dynamic, settings.imageLength))
    : linspace(1, fixed(1 / length), steps).map(fixed);
  const ended = terminal === undefined ? moved : stretched(moved, terminal);
  // Powers and logarithms may leave 1 by a rounding.
  return spreadAnew(ended, spread).map((noise) => Math.min(noise, 1));
}

const dynamicShift = rules.having("{ baseShift, maxShift, baseLength, maxLength }", {
  baseShift: rules.FINITE,
  maxShift: rules.FINITE,
  baseLength: rules.FINITE,
  maxLength: rules.FINITE,
});

function spreadAnew(noises: Float64Array, spread: FlowSettings["spread"]): Float64Array {
  const steps = noises.length;
  const ends = { steps, sigmaMin: noises[steps - 1], sigmaMax: noises[0] };
  if (spread === undefined) return noises;
  if (spread === "karras") return karrasSigmas(ends);
  if (spread === "exponential") return exponentialSigmas(ends);
  return betaSigmas(ends);
}

function shiftedBy(dynamic: DynamicShift, imageLength: number | undefined) {
  const { baseShift, maxShift, baseLength, maxLength, form = "exponential" } = dynamic;
  if (!(imageLength !== undefined && imageLength > 0)) {
    throw new ArgumentError(
      `imageLength must be a positive number where the shift is dynamic, got ${imageLength}`,
    );
  }
  if (form !== "exponential" && form !== "linear") {
    throw new ArgumentError(`form must be exponential or linear, got ${String(form)}`);
  }
  const slope = (maxShift - baseShift) / (maxLength - baseLength);
  const mu = baseShift + slope * (imageLength - baseLength);
  const shift = form === "linear" ? mu : Math.exp(mu);
  return (s: number) => shift / (shift + 1 / s - 1);
}

function stretched(noises: Float64Array, terminal: number): Float64Array {
  if (!(terminal > 0 && terminal < 1)) {
    throw new ArgumentError(`terminal must be in (0, 1), got ${terminal}`);
  }
  const scale = (1 - noises[noises.length - 1]) / (1 - terminal);
  // A single step starts, and so ends, at noise 1, which nothing stretches.
  return scale === 0 ? noises : noises.map((noise) => 1 - (1 - noise) / scale);
}
