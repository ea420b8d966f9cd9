/*
 * How far samples are from held-out data, and training data of as many items from the same: what a
 * model could reach at best. Distances of items are in their own units; the others are in features.
 */
import { slicedWasserstein } from "@gen/math";
import {
  frechetDistance,
  kid,
  medianDistance,
  mmd,
  nearestNeighbors,
  precisionRecall,
  rbfKernel,
} from "@gen/math/metrics";
import type { Features } from "./features.ts";
import { firstItems, type Items, sizeOf } from "./items.ts";

/** The distances of one set from held-out data. */
export interface Distances {
  readonly slicedWasserstein: number;
  readonly mmd: number;
  readonly frechet: number;
  readonly kid: number;
  /** The standard deviation of the KID between its subsets. */
  readonly kidDeviation: number;
  readonly precision: number;
  readonly recall: number;
  readonly density: number;
  readonly coverage: number;
}

/** A set of items and their features. */
export interface Measured {
  readonly items: Items;
  readonly features: Features;
}

/** Lets Ctrl-C and the progress line have their turn between two long computations. */
export type Pause = () => Promise<void>;

const NEIGHBORS = 5;
const SUBSETS = 20;

/** Measures one set against held-out data, with a pause after each part. */
export async function distancesOf(
  set: Measured,
  heldOut: Measured,
  { pause, seed }: { readonly pause: Pause; readonly seed: number },
): Promise<Distances> {
  const [a, b] = [set.items.data, heldOut.items.data];
  const size = sizeOf(heldOut.items);
  const [f, g] = [set.features.data, heldOut.features.data];
  const { dim } = heldOut.features;
  const wasserstein = slicedWasserstein(a, b, size, { seed });
  await pause();
  const discrepancy = mmd(a, b, size, rbfKernel(medianDistance(b, size) || 1));
  await pause();
  const frechet = frechetDistance(f, g, dim);
  await pause();
  // Half of the smaller set, so that the subsets differ.
  const subsetSize = Math.min(
    1000,
    Math.ceil(Math.min(set.items.length, heldOut.items.length) / 2),
  );
  const { mean, standardDeviation } = kid(f, g, dim, { subsets: SUBSETS, subsetSize, seed });
  await pause();
  const neighbors = Math.min(NEIGHBORS, set.items.length - 1, heldOut.items.length - 1);
  const shares = precisionRecall(g, f, dim, neighbors);
  await pause();
  return {
    slicedWasserstein: wasserstein,
    mmd: discrepancy,
    frechet,
    kid: mean,
    kidDeviation: standardDeviation,
    ...shares,
  };
}

/** How many parts {@link distancesOf} has. */
export const distanceParts = 5;

/** The most items whose nearest training items are searched. */
const SEARCHED = 250;

/** The nearest training items of samples, and how near they are beside those of held-out items. */
export interface Nearest {
  /** The median distance of a sample from its nearest training item. */
  readonly samples: number;
  /** The same of held-out items, which no model has seen. */
  readonly heldOut: number;
  /** The indices of the samples, those nearest to a training item first. */
  readonly order: readonly number[];
  /** The training items nearest to sample i, `[searched, count]`. */
  readonly indices: Uint32Array;
}

/** Searches the nearest training items. */
export async function nearestOf(
  samples: Items,
  {
    train,
    heldOut,
    count,
    pause,
  }: {
    readonly train: Items;
    readonly heldOut: Items;
    readonly count: number;
    readonly pause: Pause;
  },
): Promise<Nearest> {
  const size = sizeOf(train);
  const search = (items: Items) =>
    nearestNeighbors(firstItems(items, SEARCHED).data, train.data, size, count);
  const { indices, distances } = search(samples);
  await pause();
  const others = search(heldOut).distances;
  await pause();
  const first = (all: Float64Array) => all.filter((_, i) => i % count === 0);
  const nearest = first(distances);
  const median = (all: Float64Array) => all.slice().sort()[all.length >> 1];
  const order = Array.from(nearest.keys()).sort((i, j) => nearest[i] - nearest[j]);
  return { samples: median(nearest), heldOut: median(first(others)), order, indices };
}
