import { randomStream } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { type Dataset, itemSize } from "./dataset.ts";

/** A dataset in two parts, each in the order of the whole. */
export interface HeldOut {
  /** The items to train on. */
  readonly train: Dataset;
  /** The items that are held out. */
  readonly test: Dataset;
}

/**
 * Splits a dataset into items to train on and a share that is held out, `floor(length * share)`
 * items. Of each class as large a share is held out, up to one item, and a class of one item is kept
 * for training. A dataset of which nothing can be held out is its own test set.
 *
 * @param dataset The items, and their labels if they have any.
 * @param options The share in [0, 1], and the seed that alone decides which items.
 * @throws RangeError when `share` or `seed` is not as described.
 */
export function holdOut(
  dataset: Dataset,
  options: {
    /** The share of items that is held out, in [0, 1]. @defaultValue 0.1 */
    readonly share?: number;
    /** An integer in [0, 2^53). @defaultValue 0 */
    readonly seed?: number;
  } = {},
): HeldOut {
  checkOptions(options, { share: rules.optional(rules.UNIT), seed: rules.optional(rules.SEED) });
  const { share = 0.1, seed = 0 } = options;
  const { length, labels } = dataset;
  const members = new Map<number, number[]>();
  for (let i = 0; i < length; i++) {
    const label = labels?.[i] ?? 0;
    const list = members.get(label) ?? [];
    list.push(i);
    members.set(label, list);
  }
  // Class by class, each in random order: of this list every tenth item is held out.
  const listed = [...members.values()]
    .filter((items) => items.length > 1)
    .flatMap((items, index) => {
      const order = randomStream({ seed, purpose: "hold out", index }).permutation(items.length);
      return Array.from(order, (k) => items[k]);
    });
  const upTo = (items: number) => Math.floor(items * share);
  const held = new Set(listed.filter((_, i) => upTo(i + 1) > upTo(i)));
  if (held.size === 0 || held.size === length) return { train: dataset, test: dataset };
  const all = Array.from({ length }, (_, i) => i);
  return {
    train: pick(
      dataset,
      all.filter((i) => !held.has(i)),
    ),
    test: pick(
      dataset,
      all.filter((i) => held.has(i)),
    ),
  };
}

/**
 * The items of a dataset at some places, copied, with their labels.
 *
 * @param dataset The items.
 * @param places The places of the items, 0-based, in any order.
 * @throws RangeError when a place is not one of the dataset's.
 */
export function pickItems(dataset: Dataset, places: ArrayLike<number>): Dataset {
  checkArguments({ dataset, places }, { dataset: rules.DATASET, places: rules.NUMBERS });
  const { length } = dataset;
  for (const place of Array.from(places)) {
    if (!(Number.isInteger(place) && place >= 0 && place < length))
      throw new ArgumentError(`places must be integers in 0..${length - 1}, got ${place}`);
  }
  return pick(dataset, places);
}

function pick(dataset: Dataset, places: ArrayLike<number>): Dataset {
  const size = itemSize(dataset);
  const { data, labels } = dataset;
  const { length } = places;
  const out = new (data.constructor as new (length: number) => typeof data)(length * size);
  for (let i = 0; i < length; i++) {
    out.set(data.subarray(places[i] * size, (places[i] + 1) * size), i * size);
  }
  const own = labels && Int32Array.from({ length }, (_, i) => labels[places[i]]);
  return { ...dataset, data: out, length, ...(own && { labels: own }) };
}
