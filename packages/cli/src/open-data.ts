import { createHash } from "node:crypto";
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
  standardize,
  swissRoll,
  twoMoons,
} from "@gen/data";
import { usageError } from "./errors.ts";
import { dataNames, type pointNames } from "./names.ts";
import type { Scaling } from "./scaling.ts";

const points = {
  "two-moons": twoMoons,
  "swiss-roll": swissRoll,
  checkerboard,
  rings,
  pinwheel,
  "gaussian-mixture": gaussianMixture,
} satisfies Record<(typeof pointNames)[number], unknown>;

/** A training set and a test set. */
export interface OpenedData {
  readonly train: Dataset;
  readonly test: Dataset;
  /** Takes standardized points back to the units of their file. */
  readonly scaling?: Scaling;
}

type Range = readonly [low: number, high: number];

/**
 * Opens embedded data by name, or a file or folder by path. The last tenth of a set without a split
 * is the test set.
 *
 * Points are standardized. Images of floats have the range [0, 1] or [-1, 1] if all values lie in
 * it, unless `range` is given.
 * @throws GenError `invalid-data` when a file cannot be read; `usage` when the range is unclear or
 * wrong.
 */
export async function openData(name: string, seed: number, range?: Range): Promise<OpenedData> {
  if (!dataNames.includes(name)) return openFile(name, range);
  if (range) throw usageError(`--range is for a file of floats, got it with --data ${name}`);
  if (name === "fashion-mnist") {
    const splits = ["train", "test"] as const;
    const [train, test] = await Promise.all(splits.map((split) => fashionMnist({ split })));
    return { train, test };
  }
  if (name === "digits") return split(await digits());
  const draw = (seed: number) =>
    standardize(points[name as keyof typeof points]({ n: 8000, seed })).dataset;
  return { train: draw(seed), test: draw(seed + 1) };
}

async function openFile(path: string, range?: Range): Promise<OpenedData> {
  const data = await openDataset(path);
  if (data.range) {
    if (range) throw usageError(`--range is for floats, ${path} holds bytes of [0, 255]`);
    return split(data);
  }
  if (data.shape.length === 1 && !range) {
    const { dataset, mean, std } = standardize(data);
    return { ...split(dataset), scaling: { mean: Array.from(mean), std: Array.from(std) } };
  }
  return split({ ...data, range: checkedRange(path, data, range) });
}

function checkedRange(path: string, { data }: Dataset, range?: Range): Range {
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const holds = ([least, most]: Range) => low >= least && high <= most;
  const chosen = range ?? ([[0, 1] as const, [-1, 1] as const] as const).find(holds);
  if (chosen && holds(chosen)) return chosen;
  throw usageError(
    `--range must hold all values of ${path}, [${low}, ${high}], got ${range ?? "none, and they lie neither in 0,1 nor in -1,1"}`,
  );
}

function split(data: Dataset): OpenedData {
  const kept = data.length - Math.floor(data.length / 10);
  const test = kept < data.length ? slice(data, kept, data.length) : data;
  return { train: slice(data, 0, kept), test };
}

/** Identifies data, so that a training is not resumed on other data. */
export function fingerprint({ data, shape, range }: Dataset): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return createHash("sha256")
    .update(JSON.stringify([shape, range]))
    .update(bytes)
    .digest("hex");
}
