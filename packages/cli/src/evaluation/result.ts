/* The numbers of an evaluation, from the rows of all its items. */
import { bitsPerDimension } from "@gen/math";
import { meanElbo, meanLogLikelihood } from "@gen/vae";
import { neighborSheet, pointSheet } from "../drawing/neighbor-sheet.ts";
import { isDrawable } from "../drawing/pictures.ts";
import { isImages } from "../models.ts";
import { distanceParts, distancesOf, nearestOf, type Pause } from "./distances.ts";
import { isBytes } from "./evaluated-model.ts";
import type { EvaluatedSets, EvaluationSettings } from "./evaluation.ts";
import { type Items, itemsOf, sizeOf } from "./items.ts";
import type { RowSet } from "./row-set.ts";

/** Images nearest to each sample in the picture. */
const NEIGHBORS = 3;

/** How often {@link resultOf} pauses. */
export const resultParts = 2 * distanceParts + 2;

/**
 * The result of an evaluation, and its picture where its items can be drawn.
 *
 * @param features What the features are.
 */
export async function resultOf(
  rows: RowSet,
  sets: EvaluatedSets,
  { draws, seed }: Pick<EvaluationSettings, "draws" | "seed">,
  { features, pause }: { readonly features: string; readonly pause: Pause },
) {
  const take = (name: string, count: number) => {
    const { data, shape } = rows[name];
    return data.subarray(0, count * (data.length / shape[0]));
  };
  const measured = (items: Items, name: string) => ({
    items,
    features: { data: take(name, items.length), dim: rows[name].shape[1] },
  });
  const { shape } = sets.train;
  const drawn = { data: take("samples", sets.samples), length: sets.samples, shape };
  const [all, train, heldOut] = [sets.all, sets.train, sets.heldOut].map(itemsOf);
  const held = measured(heldOut, "heldOutFeatures");
  const distances = await distancesOf(measured(drawn, "features"), held, { pause, seed });
  const reference = await distancesOf(measured(train, "trainFeatures"), held, { pause, seed });
  const near = Math.min(NEIGHBORS, all.length);
  const nearest = await nearestOf(drawn, { train: all, heldOut, count: near, pause });
  const sheet = !isDrawable(shape)
    ? undefined
    : isImages({ shape })
      ? neighborSheet(drawn, all, nearest, near)
      : pointSheet(heldOut.data, drawn.data);
  const { bounded } = sets;
  return {
    sheet,
    numbers: {
      ...(sets.vae && { likelihood: likelihoodOf(rows, take, bounded, draws, sizeOf(heldOut)) }),
      ...(!sets.vae && bounded > 0 && { bound: boundOf(take, sets) }),
      samples: drawn.length,
      heldOut: heldOut.length,
      features,
      distances,
      trainingData: reference,
      nearest: { samples: nearest.samples, heldOut: nearest.heldOut },
    },
  };
}

type Take = (name: string, count: number) => Float32Array;

/** The bound and the log likelihood of held-out items under a VAE. */
function likelihoodOf(rows: RowSet, take: Take, count: number, draws: number, size: number) {
  const { items: _, ...terms } = meanElbo({
    reconstruction: take("reconstruction", count),
    kl: take("kl", count),
    mean: take("mean", count),
  });
  const estimate = rows.logLikelihood && meanLogLikelihood(take("logLikelihood", count));
  const nats = -(estimate?.logLikelihood ?? terms.elbo);
  return {
    items: count,
    ...terms,
    ...(estimate && {
      logLikelihood: estimate.logLikelihood,
      standardError: estimate.standardError,
      draws,
    }),
    bitsPerDimension: bitsPerDimension(nats, size),
  };
}

/** The variational bound of held-out items under a diffusion model, in bits per dimension. */
function boundOf(take: Take, { bounded, heldOut }: EvaluatedSets) {
  // A mean with its error is that of any bound.
  const { logLikelihood: mean, standardError } = meanLogLikelihood(take("bound", bounded));
  const prior = take("prior", bounded).reduce((sum, value) => sum + value, 0) / bounded;
  return {
    items: bounded,
    bitsPerDimension: mean,
    standardError,
    prior,
    likelihood: isBytes(heldOut) ? "256 levels" : "density",
  };
}
