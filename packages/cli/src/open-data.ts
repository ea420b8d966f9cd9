import {
  checkerboard,
  type Dataset,
  digits,
  fashionMnist,
  gaussianMixture,
  openDataset,
  pinwheel,
  rings,
  slice,
  standardise,
  swissRoll,
  twoMoons,
} from "@gen/data";

const points = {
  "two-moons": twoMoons,
  "swiss-roll": swissRoll,
  checkerboard,
  rings,
  pinwheel,
  "gaussian-mixture": gaussianMixture,
};

/** The names of the data that need no file. */
export const dataNames: readonly string[] = ["fashion-mnist", "digits", ...Object.keys(points)];

/** What to train on, and what to test on. */
export interface OpenedData {
  readonly train: Dataset;
  readonly test: Dataset;
}

/**
 * Opens embedded data by name, or a file or folder by path; the last tenth of a set without a split is held out.
 * @throws DataError when a file is none that can be read.
 */
export async function openData(name: string, seed: number): Promise<OpenedData> {
  if (name === "fashion-mnist") {
    return {
      train: await fashionMnist({ split: "train" }),
      test: await fashionMnist({ split: "test" }),
    };
  }
  if (Object.hasOwn(points, name)) {
    const drawn = (from: number) =>
      standardise(points[name as keyof typeof points]({ n: 8000, seed: from })).dataset;
    return { train: drawn(seed), test: drawn(seed + 1) };
  }
  return split(name === "digits" ? await digits() : await openDataset(name));
}

function split(data: Dataset): OpenedData {
  const kept = data.length - Math.floor(data.length / 10);
  const test = kept < data.length ? slice(data, kept, data.length) : data;
  return { train: slice(data, 0, kept), test };
}
