import type { Arithmetic } from "../arithmetic.ts";
import { LOG_TWO_PI } from "../gaussian-terms.ts";
import { ArgumentError } from "../gen-error.ts";
import type { NoiseLevel } from "../noise-level.ts";

/** A mixture of Gaussians with independent coordinates. */
export interface GaussianMixture {
  /** `[classes]`, positive, of any sum. */
  readonly weights: ArrayLike<number>;
  /** `[classes][dim]`. */
  readonly means: ArrayLike<ArrayLike<number>>;
  /** Standard deviations `[classes][dim]`; 0 is allowed at levels with noise. */
  readonly sigmas: ArrayLike<ArrayLike<number>>;
}

/** The exact answers for a noisy sample `x = signal * x0 + noise * epsilon` of a mixture. */
export interface MixtureOracle<T> {
  /** `log p(x)` in nats; at level `{ signal: 1, noise: 0 }` the data's log likelihood. */
  readonly logDensity: T;
  /** `log p(class | x)` `[classes]`: the ideal noise-aware classifier. */
  readonly classLogProbs: readonly T[];
  /** The gradient of `log p(x)` `[dim]`. */
  readonly score: readonly T[];
  /** `E[epsilon | x] = -noise * score` `[dim]`: the ideal epsilon prediction. */
  readonly epsilon: readonly T[];
  /** `E[x0 | x]` `[dim]`: the ideal x0 prediction (Tweedie's formula). */
  readonly x0: readonly T[];
  /** The mean and variance of x0 given x and a class, `[classes][dim]`. */
  readonly posterior: readonly { readonly mean: readonly T[]; readonly variance: readonly T[] }[];
  /** The gradient of `log p(class | x)` `[dim]`, which classifier guidance adds. */
  classGradient(index: number): readonly T[];
}

/**
 * The exact denoiser, score, classifier and density of a Gaussian mixture at a noise level.
 *
 * Component k of x is `N(signal * mean_k, signal^2 sigma_k^2 + noise^2)`. `x` `[dim]` has one
 * value for each coordinate; with arrays or expressions a value, also of the level, may be a batch.
 *
 * @param a The arithmetic of the operands, such as `numberArithmetic`.
 * @param mixture The distribution of the clean data.
 * @param level The noise level of x, as numbers or as operands.
 * @param x The noisy sample, one operand for each coordinate.
 * @throws RangeError when the mixture's lists differ in length, a weight is not positive, a sigma is
 * negative, or a sigma and the level's noise are 0.
 */
export function mixtureOracle<T>(
  a: Arithmetic<T>,
  mixture: GaussianMixture,
  level:
    | NoiseLevel
    | {
        /** What the clean sample is multiplied by. */
        readonly signal: T;
        /** The standard deviation of the noise. */
        readonly noise: T;
      },
  x: readonly T[],
): MixtureOracle<T> {
  const value = (number: number | T) => (typeof number === "number" ? a.constant(number) : number);
  const signal = value(level.signal);
  const noise = value(level.noise);
  const total = (terms: readonly T[]) => terms.reduce((sum, term) => a.add(sum, term));

  const components = normalized(mixture, x.length, level.noise === 0).map(
    ({ logWeight, mean, sigma }) => {
      const parts = x.map((coordinate, d) => {
        const center = a.constant(mean[d]);
        const spread = a.mul(signal, a.constant(sigma[d] * sigma[d]));
        const variance = a.add(a.mul(signal, spread), a.mul(noise, noise));
        const gap = a.sub(coordinate, a.mul(signal, center));
        const pull = a.div(gap, variance);
        return {
          score: a.neg(pull),
          mean: a.add(center, a.mul(spread, pull)),
          variance: a.div(a.mul(a.constant(sigma[d] ** 2), a.mul(noise, noise)), variance),
          log: a.add(a.mul(gap, pull), a.add(a.log(variance), a.constant(LOG_TWO_PI))),
        };
      });
      const exponent = a.mul(a.constant(-0.5), total(parts.map(({ log }) => log)));
      return { parts, log: a.add(a.constant(logWeight), exponent) };
    },
  );

  const top = components.map(({ log }) => log).reduce((most, log) => a.maximum(most, log));
  const sum = total(components.map(({ log }) => a.exp(a.sub(log, top))));
  const logDensity = a.add(top, a.log(sum));
  const classLogProbs = components.map(({ log }) => a.sub(log, logDensity));
  const shares = classLogProbs.map((log) => a.exp(log));
  const mixed = (part: "score" | "mean") =>
    x.map((_, d) => total(components.map(({ parts }, k) => a.mul(shares[k], parts[d][part]))));
  const score = mixed("score");

  return {
    logDensity,
    classLogProbs,
    score,
    epsilon: score.map((slope) => a.neg(a.mul(noise, slope))),
    x0: mixed("mean"),
    posterior: components.map(({ parts }) => ({
      mean: parts.map(({ mean }) => mean),
      variance: parts.map(({ variance }) => variance),
    })),
    classGradient: (index) => components[index].parts.map((part, d) => a.sub(part.score, score[d])),
  };
}

function normalized({ weights, means, sigmas }: GaussianMixture, dim: number, clean: boolean) {
  const lists = [means, sigmas].every(
    (rows) => rows.length === weights.length && Array.from(rows).every((row) => row.length === dim),
  );
  if (!lists || weights.length === 0) {
    throw new ArgumentError(
      `mixture must have means and sigmas [${weights.length}][${dim}] for its weights`,
    );
  }
  let sum = 0;
  for (let k = 0; k < weights.length; k++) {
    if (!(weights[k] > 0)) throw new ArgumentError(`weights must be positive, got ${weights[k]}`);
    const bad = Array.from(sigmas[k]).find((sigma) => !(sigma > 0 || (sigma === 0 && !clean)));
    if (bad !== undefined) {
      throw new ArgumentError(`sigmas must be positive, or 0 at a level with noise, got ${bad}`);
    }
    sum += weights[k];
  }
  return Array.from(weights, (weight, k) => ({
    logWeight: Math.log(weight / sum),
    mean: means[k],
    sigma: sigmas[k],
  }));
}
