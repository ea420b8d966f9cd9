import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { betaQuantile } from "./beta-quantile.ts";
import { numpyLinspace } from "./linspace.ts";

/** Options of the noise levels between two standard deviations. */
export interface SigmaOptions {
  /** How many levels. */
  readonly steps: number;
  /** The last, smallest one, above 0. */
  readonly sigmaMin: number;
  /** The first, largest one. */
  readonly sigmaMax: number;
}

/**
 * Karras's noise levels `[steps]`, descending: `sigma^(1 / rho)` equally spaced (Karras et al.
 * 2022, eq. 5; rho 7). The clean level that sampling ends on is not among them.
 *
 * @param options The ends and the number of levels.
 * @throws RangeError when steps is no positive integer or not 0 < sigmaMin <= sigmaMax.
 */
export function karrasSigmas(
  options: SigmaOptions & {
    /** Greater values crowd the levels near sigmaMin. @defaultValue 7 */
    readonly rho?: number;
  },
): Float64Array {
  checkSigmas(options, { rho: rules.optional(rules.POSITIVE_FINITE) });
  const { rho = 7 } = options;
  const [low, high] = [options.sigmaMin ** (1 / rho), options.sigmaMax ** (1 / rho)];
  return ramp(options, (part) => (high + part * (low - high)) ** rho);
}

/**
 * Noise levels `[steps]`, descending, whose logarithms are equally spaced.
 *
 * @param options The ends and the number of levels.
 * @throws RangeError when steps is no positive integer or not 0 < sigmaMin <= sigmaMax.
 */
export function exponentialSigmas(options: SigmaOptions): Float64Array {
  checkSigmas(options);
  const { steps, sigmaMin, sigmaMax } = options;
  const logs = numpyLinspace(Math.log(sigmaMax), Math.log(sigmaMin), steps);
  return Float64Array.from(logs, Math.exp);
}

/**
 * Noise levels `[steps]`, descending, whose logarithms follow a power of the step:
 * `exp(log sigmaMin + (1 - i / (steps - 1))^rho (log sigmaMax - log sigmaMin))`, rho 1 by default.
 *
 * @param options The ends and the number of levels.
 * @throws RangeError when steps is no positive integer or not 0 < sigmaMin <= sigmaMax.
 */
export function polyexponentialSigmas(
  options: SigmaOptions & {
    /** The power of the step. @defaultValue 1 */
    readonly rho?: number;
  },
): Float64Array {
  checkSigmas(options, { rho: rules.optional(rules.POSITIVE_FINITE) });
  const { rho = 1 } = options;
  const [low, high] = [Math.log(options.sigmaMin), Math.log(options.sigmaMax)];
  return ramp(options, (part) => Math.exp(low + (1 - part) ** rho * (high - low)));
}

/**
 * Noise levels `[steps]`, descending, at equal steps of a beta distribution's quantiles between
 * sigmaMin and sigmaMax; alpha and beta 0.6 crowd both ends (Lee et al. 2024).
 *
 * @param options The ends and the number of levels.
 * @throws RangeError when steps is no positive integer, not 0 < sigmaMin <= sigmaMax, or alpha or
 * beta is not positive.
 */
export function betaSigmas(
  options: SigmaOptions & {
    /** The first parameter of the beta distribution. @defaultValue 0.6 */
    readonly alpha?: number;
    /** The second parameter of the beta distribution. @defaultValue 0.6 */
    readonly beta?: number;
  },
): Float64Array {
  const exponent = rules.optional(rules.POSITIVE_FINITE);
  checkSigmas(options, { alpha: exponent, beta: exponent });
  const { alpha = 0.6, beta = 0.6, sigmaMin, sigmaMax } = options;
  const between = (part: number) => sigmaMin + part * (sigmaMax - sigmaMin);
  return ramp(options, (part) => between(betaQuantile(1 - part, alpha, beta)));
}

function checkSigmas(
  options: SigmaOptions,
  others: Readonly<Record<string, rules.Rule>> = {},
): void {
  const range = { steps: rules.COUNT, sigmaMin: rules.NUMBER, sigmaMax: rules.NUMBER };
  checkOptions(options, { ...range, ...others });
  const { sigmaMin, sigmaMax } = options;
  if (!(sigmaMin > 0 && sigmaMin <= sigmaMax && sigmaMax < Infinity)) {
    throw new ArgumentError(`sigmaMin must be in (0, sigmaMax = ${sigmaMax}], got ${sigmaMin}`);
  }
}

function ramp({ steps, sigmaMax }: SigmaOptions, curve: (part: number) => number): Float64Array {
  return steps === 1
    ? Float64Array.of(sigmaMax)
    : Float64Array.from(numpyLinspace(0, 1, steps), curve);
}
