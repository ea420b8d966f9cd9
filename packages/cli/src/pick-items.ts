import type { Dataset } from "@gen/data";

/** The items of a dataset at some places, copied. */
export function pickItems(dataset: Dataset, places: ArrayLike<number>): Dataset {
  const { data, labels } = dataset;
  const { length } = places;
  const size = data.length / dataset.length;
  const picked = data.slice(0, length * size);
  for (let i = 0; i < length; i++)
    picked.set(data.subarray(places[i] * size, (places[i] + 1) * size), i * size);
  const own = labels && Int32Array.from({ length }, (_, i) => labels[places[i]]);
  return { ...dataset, data: picked, length, ...(own && { labels: own }) };
}
