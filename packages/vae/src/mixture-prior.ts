/*
 * A mixture of Gaussians fitted to latents, as a prior that knows where they lie:
 *
 *   p(z) = sum_k weight_k N(z; mean_k, diag(variance_k))
 *
 * by expectation and maximization (Bishop 2006, section 9.2.2). Each round raises the likelihood.
 */
import { type FloatArray, normalNoise, randomStream } from "@gen/math";
import { checkOptions, refused, rules } from "@gen/math/arguments";

/** A mixture of Gaussians in a latent space. */
export interface MixturePrior {
  /** The share of each component, `[components]`. */
  readonly weights: Float64Array;
  /** The mean of each component, `[components, size]`. */
  readonly means: Float64Array;
  /** The variances of each component, `[components, size]`. */
  readonly variances: Float64Array;
  /** The mean of `log p(z)` over the latents of the fit, in nats. */
  readonly logLikelihood: number;
  /**
   * Draws latents, `[count, size]` row-major, keyed by seed and number.
   *
   * @param count How many draws.
   * @param seed An integer in [0, 2^53).
   */
  draw(count: number, seed?: number): Float32Array;
}

/**
 * Fits a mixture of Gaussians with diagonal covariances to latents, such as the means of `encode`.
 * The first means are items far from each other (k-means++, Arthur and Vassilvitskii 2007).
 *
 * @param options The latents and the number of components.
 * @throws RangeError when z does not hold at least as many latents as there are components.
 */
export function mixturePrior(options: {
  /** Latents, `[items, size]` row-major. */
  readonly z: FloatArray;
  /** Numbers of one latent. */
  readonly size: number;
  /** Components of the mixture. @defaultValue 10 */
  readonly components?: number;
  /** Rounds at most; the fit ends when a round gains less than 1e-6 nats. @defaultValue 200 */
  readonly rounds?: number;
  /** Seed of the first means. @defaultValue 0 */
  readonly seed?: number;
}): MixturePrior {
  checkOptions(options, {
    z: rules.FLOATS,
    size: rules.COUNT,
    components: rules.optional(rules.COUNT),
    rounds: rules.optional(rules.COUNT),
    seed: rules.optional(rules.SEED),
  });
  const { z, size, components: count = 10, rounds = 200, seed = 0 } = options;
  const items = z.length / size;
  if (!Number.isInteger(items) || items < count)
    throw refused("z", `at least ${count} latents of ${size} numbers`, z.length);
  const variance = variancesOf(z, size);
  // A component on a single item keeps some width.
  const least = variance.map((v) => 1e-4 * v + 1e-12);
  const means = firstMeans(z, size, count, seed);
  const variances = Float64Array.from(
    { length: count * size },
    (_, i) => variance[i % size] + least[i % size],
  );
  const weights = new Float64Array(count).fill(1 / count);
  const shares = new Float64Array(items * count);
  let logLikelihood = expectation();
  for (let round = 0; round < rounds; round++) {
    maximization();
    const next = expectation();
    const gain = next - logLikelihood;
    logLikelihood = next;
    if (gain < 1e-6) break;
  }
  return { weights, means, variances, logLikelihood, draw };

  /** The share of each component in each item; the mean log likelihood. */
  function expectation(): number {
    let total = 0;
    for (let i = 0; i < items; i++) {
      const row = shares.subarray(i * count, (i + 1) * count);
      for (let k = 0; k < count; k++) {
        let log = Math.log(weights[k]);
        for (let j = 0; j < size; j++) {
          const v = variances[k * size + j];
          log -=
            0.5 * (Math.log(2 * Math.PI * v) + (z[i * size + j] - means[k * size + j]) ** 2 / v);
        }
        row[k] = log;
      }
      const most = Math.max(...row);
      const sum = row.reduce((s, log) => s + Math.exp(log - most), 0);
      for (let k = 0; k < count; k++) row[k] = Math.exp(row[k] - most) / sum;
      total += (most + Math.log(sum)) / items;
    }
    return total;
  }

  /** The weights, means and variances of the items by their shares. */
  function maximization(): void {
    for (let k = 0; k < count; k++) {
      let all = 1e-12;
      for (let i = 0; i < items; i++) all += shares[i * count + k];
      weights[k] = all / items;
      for (let j = 0; j < size; j++) {
        let [first, second] = [0, 0];
        for (let i = 0; i < items; i++) first += (shares[i * count + k] * z[i * size + j]) / all;
        for (let i = 0; i < items; i++)
          second += (shares[i * count + k] * (z[i * size + j] - first) ** 2) / all;
        means[k * size + j] = first;
        variances[k * size + j] = Math.max(second, least[j]);
      }
    }
    const sum = weights.reduce((a, b) => a + b);
    weights.forEach((w, k) => {
      weights[k] = w / sum;
    });
  }

  function draw(draws: number, of = 0): Float32Array {
    const out = normalNoise({ seed: of, purpose: "prior", batch: draws, size });
    for (let i = 0; i < draws; i++) {
      let [left] = randomStream({ seed: of, purpose: "component", index: i }).uniform(1);
      let k = 0;
      while (k < count - 1 && left >= weights[k]) left -= weights[k++];
      for (let j = 0; j < size; j++)
        out[i * size + j] =
          means[k * size + j] + Math.sqrt(variances[k * size + j]) * out[i * size + j];
    }
    return out;
  }
}

/** The variance of each number. */
function variancesOf(z: FloatArray, size: number): Float64Array {
  const items = z.length / size;
  const mean = new Float64Array(size);
  const variance = new Float64Array(size);
  for (let i = 0; i < z.length; i++) mean[i % size] += z[i] / items;
  for (let i = 0; i < z.length; i++) variance[i % size] += (z[i] - mean[i % size]) ** 2 / items;
  return variance;
}

/** Items, each drawn by its squared distance to the nearest before it. */
function firstMeans(z: FloatArray, size: number, count: number, seed: number): Float64Array {
  const items = z.length / size;
  const picks = randomStream({ seed, purpose: "first means" }).uniform(count);
  const means = new Float64Array(count * size);
  const nearest = new Float64Array(items).fill(1);
  for (let k = 0; k < count; k++) {
    let left = picks[k] * nearest.reduce((a, b) => a + b, 0);
    let chosen = 0;
    while (chosen < items - 1 && left >= nearest[chosen]) left -= nearest[chosen++];
    for (let j = 0; j < size; j++) means[k * size + j] = z[chosen * size + j];
    for (let i = 0; i < items; i++) {
      let distance = 0;
      for (let j = 0; j < size; j++) distance += (z[i * size + j] - means[k * size + j]) ** 2;
      nearest[i] = k === 0 ? distance : Math.min(nearest[i], distance);
    }
  }
  return means;
}
