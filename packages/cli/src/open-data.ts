import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import {
  checkerboard,
  type Dataset,
  digits,
  fashionMnist,
  gaussianMixture,
  holdOut,
  openDataset,
  pinwheel,
  rings,
  standardize,
  swissRoll,
  twoMoons,
} from "@gen/data";
import { usageError } from "./errors.ts";
import { dataNames, type pointNames } from "./names.ts";
import { isPicture } from "./picture-folder.ts";
import type { Scaling } from "./scaling.ts";
import { progress } from "./terminal.ts";
import type { DataFlags } from "./training-options.ts";

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
 * Opens embedded data by name, or a file or folder by path. A tenth of a set without a split is the
 * test set, as large a share of each class. The data alone decide which items, so that a VAE and the
 * DDPM on its latents hold out the same.
 *
 * Points are standardized. Images of floats have the range [0, 1] or [-1, 1] if all values lie in
 * it, unless `range` is given.
 * @throws GenError `invalid-data` when a file cannot be read; `usage` when the range is unclear or
 * wrong, or a flag is for other data; `backend-unavailable` when JPEG or WebP need `sharp`.
 */
export async function openData(
  name: string,
  seed: number,
  flags: DataFlags = {},
): Promise<OpenedData> {
  if (!dataNames.includes(name)) {
    const { data, scaling } = await openFile(name, flags);
    return { ...holdOut(data), scaling };
  }
  const given = Object.entries(purposes).find(([flag]) => flags[flag as keyof DataFlags]);
  if (given) throw usageError(`--${given[0]} is for ${given[1]}, got it with --data ${name}`);
  if (name === "fashion-mnist") {
    const splits = ["train", "test"] as const;
    const [train, test] = await Promise.all(splits.map((split) => fashionMnist({ split })));
    return { train, test };
  }
  if (name === "digits") return holdOut(await digits());
  const draw = (seed: number) =>
    standardize(points[name as keyof typeof points]({ n: 8000, seed })).dataset;
  return { train: draw(seed), test: draw(seed + 1) };
}

/** What each flag is for. */
const purposes = {
  range: "a file of floats",
  size: "a folder of pictures",
  fit: "a folder of pictures",
  channels: "a folder of pictures",
  labels: "an idx or npy file",
} satisfies Record<keyof DataFlags, string>;

/** The items of a training, those that it holds out, or all in the order of their file. */
export type Split = "train" | "test" | "all";

/**
 * One part of the data, as {@link openData} opens it. Pictures of a folder are scaled to `fitting`
 * where no flag says otherwise.
 */
export async function openSplit(
  name: string,
  split: Split,
  flags: DataFlags,
  fitting: Pick<DataFlags, "size" | "channels">,
): Promise<Dataset> {
  const isFolder = !dataNames.includes(name) && (await holdsPictures(name));
  const all = isFolder ? { ...fitting, ...flags } : flags;
  if (split !== "all") return (await openData(name, 0, all))[split];
  if (!dataNames.includes(name)) return (await openFile(name, all)).data;
  if (name === "digits") return digits();
  const { train, test } = await openData(name, 0, all);
  const joined = new (train.data.constructor as typeof Uint8Array)(
    train.data.length + test.data.length,
  );
  joined.set(train.data);
  joined.set(test.data, train.data.length);
  const labels = train.labels && [...train.labels, ...(test.labels ?? [])];
  return {
    ...train,
    data: joined,
    length: train.length + test.length,
    ...(labels && { labels: Int32Array.from(labels) }),
  };
}

/** Whether a path is that of a folder or of one picture. */
const holdsPictures = async (path: string): Promise<boolean> =>
  isPicture(path) || ((await stat(path).catch(() => undefined))?.isDirectory() ?? false);

async function openFile(
  path: string,
  flags: DataFlags,
): Promise<{ readonly data: Dataset; readonly scaling?: Scaling }> {
  const { range, size, fit, channels, labels } = flags;
  await checkFlags(path, flags);
  const line = readingLine();
  const data = await openDataset(path, {
    ...{ size, fit, labels },
    ...(channels && { channels: channels === "1" ? 1 : 3 }),
    onProgress: line.update,
  });
  line.finish();
  if (data.range) {
    if (range) throw usageError(`--range is for floats, ${path} holds bytes of [0, 255]`);
    return { data };
  }
  if (data.shape.length === 1 && !range) {
    const { dataset, mean, std } = standardize(data);
    return { data: dataset, scaling: { mean: Array.from(mean), std: Array.from(std) } };
  }
  return { data: { ...data, range: checkedRange(path, data, range) } };
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

/** @throws GenError `usage` when a flag is for a folder and the path is none, or the reverse. */
async function checkFlags(path: string, { size, fit, channels, labels }: DataFlags) {
  const isFolder = await holdsPictures(path);
  if (fit && !size) throw usageError(`--fit ${fit} needs --size, the size that pictures fit`);
  const ofFolders = Object.entries({ size, channels }).find(([, value]) => value);
  if (ofFolders && !isFolder) {
    throw usageError(`--${ofFolders[0]} is for a folder of pictures, got it with --data ${path}`);
  }
  if (labels && (isFolder || !/(idx|ubyte|npy)(\.gz)?$/i.test(path))) {
    throw usageError(`--labels is for an idx or npy file, got it with --data ${path}`);
  }
}

/** Progress of reading many files, which appears after a second. */
function readingLine() {
  const started = performance.now();
  let line: ReturnType<typeof progress> | undefined;
  return {
    update(done: number, total: number): void {
      const seconds = (performance.now() - started) / 1000;
      if (seconds < 1 || done === 0) return;
      line ??= progress("Reading pictures");
      line.update(done, total, `${done} of ${total}`, (seconds / done) * (total - done));
    },
    finish: () => line?.finish(),
  };
}

/** Identifies data and their classes, so that a training is not resumed on other data. */
export function fingerprint({ data, shape, range, labels, classes }: Dataset): string {
  const hash = createHash("sha256").update(JSON.stringify([shape, range, classes]));
  for (const values of labels ? [data, labels] : [data]) {
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex");
}
