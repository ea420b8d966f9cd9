import * as normal from "./normal.ts";

/** A Gaussian with independent coordinates: means and standard deviations `[size]`. */
export interface DiagonalNormal {
  readonly mean: ArrayLike<number>;
  readonly sigma: ArrayLike<number>;
}

const sum = (p: DiagonalNormal, other: number, term: (i: number) => number): number => {
  const n = p.mean.length;
  if (p.sigma.length !== n || other !== n) {
    throw new RangeError(
      `mean, sigma and argument must be equally long, got ${n}, ${p.sigma.length} and ${other}`,
    );
  }
  let total = 0;
  for (let i = 0; i < n; i++) total += term(i);
  return total;
};

const at = (p: DiagonalNormal, i: number): normal.Normal => ({
  mean: p.mean[i],
  sigma: p.sigma[i],
});

/** A sample `[size]` from standard normal draws `[size]`: `mean + sigma * epsilon`. */
export function sample(p: DiagonalNormal, epsilon: ArrayLike<number>): Float64Array {
  const out = new Float64Array(p.mean.length);
  sum(p, epsilon.length, (i) => {
    out[i] = normal.sample(at(p, i), epsilon[i]);
    return 0;
  });
  return out;
}

/** `log p(x)` in nats, summed over the coordinates of `x` `[size]`. */
export function logProb(p: DiagonalNormal, x: ArrayLike<number>): number {
  return sum(p, x.length, (i) => normal.logProb(at(p, i), x[i]));
}

/** The entropy in nats, summed over the coordinates. */
export function entropy(p: DiagonalNormal): number {
  return sum(p, p.mean.length, (i) => normal.entropy(at(p, i)));
}

/** The cross entropy `-E_p[log q]` in nats, summed over the coordinates. */
export function crossEntropy(p: DiagonalNormal, q: DiagonalNormal): number {
  return sum(p, q.mean.length, (i) => normal.crossEntropy(at(p, i), at(q, i)));
}

/** `KL(p || q)` in nats, summed over the coordinates. */
export function kl(p: DiagonalNormal, q: DiagonalNormal): number {
  return sum(p, q.mean.length, (i) => normal.kl(at(p, i), at(q, i)));
}
