import type { Dataset } from "@gen/data";
import { normalNoise } from "@gen/math";
import { checkOptions, rules } from "@gen/math/arguments";
import { encode, type RunOptions, runRules } from "./run-vae.ts";

/** Standardized latents for a diffusion model, and their scaling: z = latent * std + mean. */
export interface LatentDataset {
  /** Items `[...latent]` with mean 0 and standard deviation 1. */
  readonly dataset: Dataset;
  /** The mean of each entry of the latent's first axis: features, or channels. */
  readonly mean: readonly number[];
  /** The standard deviation of each entry. */
  readonly std: readonly number[];
}

/**
 * Encodes a dataset for latent diffusion (Rombach et al. 2022, section 4.3.2 and appendix G): one
 * draw from each item's posterior, keyed by seed and item, standardized by feature or channel.
 *
 * `draw: "mean"` takes the posterior means instead. Labels are kept.
 *
 * @param options The model, its backend and the items.
 * @throws RangeError when the items do not fit the model or draw is not as described; the signal's
 * reason.
 */
export async function latentDataset<T>(
  options: RunOptions<T> & {
    /** The items, whose shape is that of the model. */
    readonly dataset: Dataset;
    /** A draw of each posterior, or its mean. @defaultValue "sample" */
    readonly draw?: "sample" | "mean";
  },
): Promise<LatentDataset> {
  checkOptions(options, {
    ...runRules,
    dataset: rules.DATASET,
    draw: rules.optional(rules.oneOf("sample", "mean")),
  });
  const { model, dataset, seed = 0, draw = "sample" } = options;
  const { mean: z, logVariance } = await encode(options);
  const [groups, ...inner] = model.latent;
  const run = inner.reduce((a, b) => a * b, 1);
  const size = groups * run;
  if (draw === "sample") {
    const noise = normalNoise({ seed, purpose: "latents", batch: dataset.length, size });
    for (let i = 0; i < z.length; i++) z[i] += Math.exp(logVariance[i] / 2) * noise[i];
  }
  const groupOf = (i: number) => Math.floor((i % size) / run);
  const each = z.length / groups;
  const mean = new Float64Array(groups);
  const square = new Float64Array(groups);
  for (let i = 0; i < z.length; i++) mean[groupOf(i)] += z[i] / each;
  for (let i = 0; i < z.length; i++) square[groupOf(i)] += (z[i] - mean[groupOf(i)]) ** 2 / each;
  const std = square.map((v) => Math.sqrt(v) || 1);
  const data = z.map((v, i) => (v - mean[groupOf(i)]) / std[groupOf(i)]);
  const { length, labels, classes } = dataset;
  const name = `latents of ${dataset.name}`;
  return {
    dataset: { name, data, shape: model.latent, length, labels, classes },
    mean: Array.from(mean),
    std: Array.from(std),
  };
}
