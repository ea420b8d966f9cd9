import { ArgumentError } from "../gen-error.ts";
import * as normal from "./normal.ts";

/**
 * A Gaussian with independent coordinates, such as a VAE's code: means and standard deviations
 * `[size]`.
 */
export interface DiagonalNormal {
  /** Means, `[size]`. */
  readonly mean: ArrayLike<number>;
  /** Standard deviations, `[size]`, positive. */
  readonly sigma: ArrayLike<number>;
}

// The coordinates, of which the argument must have as many.
function coordinates({ mean, sigma }: DiagonalNormal, { length }: ArrayLike<number>) {
  if (sigma.length === mean.length && length === mean.length) {
    return Array.from(mean, (value, i): normal.Normal => ({ mean: value, sigma: sigma[i] }));
  }
  throw new ArgumentError(
    `mean, sigma and argument must be equally long, got ${mean.length}, ${sigma.length} and ${length}`,
  );
}

const pairs = (p: DiagonalNormal, q: DiagonalNormal) => {
  const others = coordinates(q, q.mean);
  return coordinates(p, q.mean).map((own, i) => [own, others[i]] as const);
};
const sum = (terms: readonly number[]) => terms.reduce((total, term) => total + term, 0);

/**
 * A sample `[size]` from standard normal draws `[size]`: `mean + sigma * epsilon`.
 *
 * @param p The distribution.
 * @param epsilon Standard normal draws, `[size]`.
 * @throws RangeError when lengths differ or a standard deviation is not positive and finite.
 */
export function sample(p: DiagonalNormal, epsilon: ArrayLike<number>): Float64Array {
  return Float64Array.from(coordinates(p, epsilon), (own, i) => normal.sample(own, epsilon[i]));
}

/**
 * `log p(x)` in nats, summed over the coordinates of `x` `[size]`.
 *
 * @param p The distribution.
 * @param x The values, `[size]`.
 * @throws RangeError when lengths differ or a standard deviation is not positive and finite.
 */
export function logProb(p: DiagonalNormal, x: ArrayLike<number>): number {
  return sum(coordinates(p, x).map((own, i) => normal.logProb(own, x[i])));
}

/**
 * The entropy in nats, summed over the coordinates.
 *
 * @param p The distribution.
 * @throws RangeError when lengths differ or a standard deviation is not positive and finite.
 */
export function entropy(p: DiagonalNormal): number {
  return sum(coordinates(p, p.mean).map(normal.entropy));
}

/**
 * The cross entropy `-E_p[log q]` in nats, summed over the coordinates.
 *
 * @param p The distribution that the expectation is over.
 * @param q The distribution that is compared with p.
 * @throws RangeError when lengths differ or a standard deviation is not positive and finite.
 */
export function crossEntropy(p: DiagonalNormal, q: DiagonalNormal): number {
  return sum(pairs(p, q).map(([own, other]) => normal.crossEntropy(own, other)));
}

/**
 * `KL(p || q)` in nats, summed over the coordinates.
 *
 * @param p The distribution that the expectation is over.
 * @param q The distribution that is compared with p.
 * @throws RangeError when lengths differ or a standard deviation is not positive and finite.
 */
export function kl(p: DiagonalNormal, q: DiagonalNormal): number {
  return sum(pairs(p, q).map(([own, other]) => normal.kl(own, other)));
}
