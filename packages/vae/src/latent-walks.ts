/*
 * Places in the latent space that are worth a look: the prior's draws, its quantiles in the plane,
 * and directions between classes. `decode` makes their pictures.
 */
import { type FloatArray, normalNoise, randomStream } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { codeVectors, isQuantized } from "./quantized-vae.ts";
import { decode, encode, type Items, type RunOptions, runRules, sizeOf } from "./run-vae.ts";
import { pseudoInputsOf } from "./vae.ts";

/**
 * Draws z from the prior, `[count, ...latent]` row-major, keyed by seed and number: from N(0, I),
 * from the learned mixture, whose components take turns, or from all codes alike.
 *
 * @param options The model, its backend and how many draws.
 * @throws RangeError when count is no positive integer; the signal's reason.
 */
export async function priorLatents<T>(
  options: RunOptions<T> & {
    /** How many draws. */
    readonly count: number;
  },
): Promise<Float32Array> {
  checkOptions(options, { ...runRules, count: rules.COUNT });
  const { model, count, seed = 0 } = options;
  const size = sizeOf(model.latent);
  if (isQuantized(model)) {
    const stream = randomStream({ seed, purpose: "prior codes" });
    return codeVectors(model, stream.integers(count * sizeOf(model.latent.slice(1)), model.codes));
  }
  const z = normalNoise({ seed, purpose: "prior", batch: count, size });
  const inputs = model.priorLogProb && pseudoInputsOf(model);
  if (!inputs) return z;
  const data = inputs.value.data as Float32Array;
  const [components] = inputs.value.shape;
  // The range holds learned inputs that left [0, 1] as they are.
  const each = {
    name: "pseudo-inputs",
    data,
    shape: model.shape,
    length: components,
    range: [0, 1] as const,
  };
  const { mean, logVariance } = await encode({ ...options, dataset: each });
  for (let i = 0; i < z.length; i++) {
    const at = (Math.floor(i / size) % components) * size + (i % size);
    z[i] = mean[at] + Math.exp(logVariance[at] / 2) * z[i];
  }
  return z;
}

/**
 * Decodes `count` draws of {@link priorLatents}.
 *
 * @param options The model, its backend and how many draws.
 * @throws RangeError when count is no positive integer; the signal's reason.
 */
export async function priorSamples<T>(
  options: RunOptions<T> & {
    /** How many draws. */
    readonly count: number;
    /** The class of each draw, for a conditional VAE. */
    readonly labels?: ArrayLike<number>;
  },
): Promise<Items> {
  return decode({ ...options, z: await priorLatents(options) });
}

/**
 * A square grid in a latent space of 2 features, `[n n, 2]` row-major: the quantiles `(i + 1/2) / n`
 * of N(0, 1) along each axis, so that each point stands for an equal share of the prior (Kingma and
 * Welling 2014, appendix A). The first feature grows to the right, the second upward.
 *
 * @param n Points along each axis, at most 1000.
 */
export function latentGrid(n: number): Float32Array {
  checkArguments({ n }, { n: rules.integerIn(1, 1000) });
  const quantiles = Array.from({ length: n }, (_, i) => normalQuantile((i + 0.5) / n));
  const grid = new Float32Array(2 * n * n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++)
      grid.set([quantiles[column], quantiles[n - 1 - row]], 2 * (row * n + column));
  }
  return grid;
}

/**
 * The direction of an attribute: the mean latent of the items of a class minus that of all others,
 * `[...latent]` (Larsen et al. 2016, section 4.2). Added to a latent, it gives the item more of
 * what the class has.
 *
 * @param z Latents, `[items, ...latent]` row-major, such as the means of `encode`.
 * @param labels The class of each item.
 * @param label The class.
 * @throws RangeError when the class has no item or every item, or z and labels do not fit.
 */
export function attributeDirection(
  z: FloatArray,
  labels: ArrayLike<number>,
  label: number,
): Float32Array {
  checkArguments(
    { z, labels, label },
    { z: rules.FLOATS, labels: rules.NUMBERS, label: rules.FINITE },
  );
  const size = z.length / labels.length;
  const inside = Array.from(labels).filter((l) => l === label).length;
  const outside = labels.length - inside;
  if (!Number.isInteger(size) || size === 0)
    throw new ArgumentError(
      `z must have a row for each label, got ${z.length} and ${labels.length}`,
    );
  if (inside === 0 || outside === 0)
    throw new ArgumentError(
      `label must be the class of some items, not all, got ${label} of ${inside}`,
    );
  const direction = new Float64Array(size);
  for (let i = 0; i < z.length; i++) {
    const isInside = labels[Math.floor(i / size)] === label;
    direction[i % size] += isInside ? z[i] / inside : -z[i] / outside;
  }
  return Float32Array.from(direction);
}

/** The z with `P(N(0, 1) < z) = p`, by halving; the error is below 1e-9. */
function normalQuantile(p: number): number {
  let [low, high] = [-9, 9];
  for (let k = 0; k < 40; k++) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** `P(N(0, 1) < z)` by the series of Marsaglia (2004): `1/2 + phi(z) (z + z^3/3 + z^5/15 + ...)`. */
function normalShare(z: number): number {
  let [term, total] = [z, z];
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(total); k += 2) {
    term *= (z * z) / k;
    total += term;
  }
  return 0.5 + (total * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}
