import { randomStream } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { augmenter } from "./augment.ts";
import { checkDataset } from "./check-dataset.ts";
import { dataError } from "./data-error.ts";
import { type Dataset, itemSize } from "./dataset.ts";

/** One batch: `x` is [batch, ...shape], `indices` are the places of its items in the dataset. */
export interface Batch {
  /** The items' values, `[batch, ...shape]` row-major, augmented and scaled as asked. */
  readonly x: Float32Array;
  /** `[batch, ...shape]`. */
  readonly shape: readonly number[];
  /** The place of each item in the dataset, `[batch]`. */
  readonly indices: Int32Array;
  /** The items' classes, `[batch]`, if the dataset has labels. */
  readonly labels?: Int32Array;
  /** The number of complete passes over the dataset before this batch. */
  readonly epoch: number;
}

/** The state of an iterator, as plain JSON: the next batch starts at `position` of `epoch`. */
export interface BatchState {
  /** The seed that the order depends on. */
  readonly seed: number;
  /** Items of the dataset. */
  readonly length: number;
  /** Complete passes over the dataset. */
  readonly epoch: number;
  /** Items taken in this epoch. */
  readonly position: number;
}

/** Settings of {@link batches}. */
export interface BatchOptions {
  /** Items in a batch. */
  readonly batchSize: number;
  /** A whole number in [0, 2^53); the order of every epoch depends on it and on nothing else. */
  readonly seed: number;
  /**
   * "unit" maps the dataset's range to [0, 1], "signed" to [-1, 1]; "none" keeps the values.
   * @defaultValue "none"
   */
  readonly scale?: "unit" | "signed" | "none";
  /**
   * Leaves out the smaller batch at the end of an epoch, so that all batches have one size.
   * @defaultValue true
   */
  readonly dropLast?: boolean;
  /**
   * Where to continue: the result of `state()`, or the number of batches taken before.
   * @defaultValue 0
   */
  readonly from?: BatchState | number;
}

/** An endless iterator over batches that can be saved and resumed. */
export interface Batches extends IterableIterator<Batch> {
  /** Takes the next batch, `x` float32 [batch, ...shape]; it never ends. */
  next(): {
    /** Always false. */
    done: false;
    /** The batch. */
    value: Batch;
  };
  /** The state after the last batch taken, to be passed as `from`. */
  state(): BatchState;
}

/**
 * Iterates over a dataset in batches, without end, in a new order each epoch.
 *
 * The order of epoch e is the permutation drawn from the random stream keyed by (seed, "batches",
 * e). It is the same on every machine, and a resumed iterator gives the batches of one that was
 * never stopped. So are the random changes of a dataset with `augment`.
 *
 * @param dataset The items, and their labels if they have any.
 * @param options Size, seed, scale, and where to continue.
 * @throws RangeError when `batchSize`, `seed` or `from` is not as described.
 * @throws GenError `invalid-data` when the data are not `length` items of `shape`, hold NaN, infinity
 * or a value outside the range, when the labels are not one for each item or lie outside the named
 * classes, when the dataset has fewer items than a batch needs, when `scale` needs a range that
 * the dataset lacks, or when `augment` does not fit the items.
 */
export function batches(dataset: Dataset, options: BatchOptions): Batches {
  const { batchSize, seed, scale = "none", dropLast = true, from = 0 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ArgumentError(`batchSize must be a whole number of at least 1, got ${batchSize}`);
  }
  checkDataset(dataset);
  const { data, length } = dataset;
  if (length < (dropLast ? batchSize : 1)) {
    const problem = `a batch of ${batchSize} needs at least as many items, the dataset has ${length}`;
    throw dataError(dataset.name, problem);
  }
  const { gain, offset } = affineMap(dataset, scale);
  const augment = augmenter(dataset);
  let { epoch, position } = typeof from === "number" ? placeAfter(from) : checkState(from);
  const orderOf = (e: number) =>
    randomStream({ seed, purpose: "batches", index: e }).permutation(length);
  // Drawn here, so that a bad seed fails before the first batch.
  let order = orderOf(epoch);
  const size = itemSize(dataset);

  function placeAfter(taken: number): { epoch: number; position: number } {
    if (!Number.isSafeInteger(taken) || taken < 0) {
      throw new ArgumentError(`from must be a state or a whole number of batches, got ${taken}`);
    }
    const perEpoch = dropLast ? Math.floor(length / batchSize) : Math.ceil(length / batchSize);
    return { epoch: Math.floor(taken / perEpoch), position: (taken % perEpoch) * batchSize };
  }

  function checkState(state: BatchState): { epoch: number; position: number } {
    if (state.seed !== seed || state.length !== length) {
      throw new ArgumentError(
        `from must be a state of seed ${seed} and ${length} items, ` +
          `got seed ${state.seed} and ${state.length} items`,
      );
    }
    const { epoch, position } = state;
    const areWhole = Number.isInteger(epoch) && Number.isInteger(position);
    if (!areWhole || epoch < 0 || position < 0 || position > length) {
      throw new ArgumentError(
        `from must have epoch >= 0 and position in [0, ${length}], got epoch ${epoch} and position ${position}`,
      );
    }
    return state;
  }

  return {
    [Symbol.iterator]() {
      return this;
    },
    state: () => ({ seed, length, epoch, position }),
    next() {
      if (position + (dropLast ? batchSize : 1) > length) {
        epoch += 1;
        position = 0;
        order = orderOf(epoch);
      }
      const indices = Int32Array.from(order.subarray(position, position + batchSize));
      const x = new Float32Array(indices.length * size);
      for (const [i, item] of indices.entries()) {
        x.set(data.subarray(item * size, (item + 1) * size), i * size);
      }
      augment?.(x, { seed, epoch, position });
      position += indices.length;
      for (let k = 0; k < x.length; k++) x[k] = gain * x[k] + offset;
      const shape = [indices.length, ...dataset.shape];
      const labels = dataset.labels && indices.map((i) => dataset.labels?.[i] ?? 0);
      return { done: false, value: { x, shape, indices, labels, epoch } };
    },
  };
}

/** The map value -> gain * value + offset of a scale. */
function affineMap({ name, range, augment }: Dataset, scale: "unit" | "signed" | "none") {
  if (scale === "none") return { gain: 1, offset: 0 };
  if (scale !== "unit" && scale !== "signed") {
    throw new ArgumentError(`scale must be "unit", "signed" or "none", got ${String(scale)}`);
  }
  if (range === undefined) {
    throw dataError(name, `scale "${scale}" needs a dataset with a range; it has none`);
  }
  // Noise of a level above the highest byte is in the range too.
  const [low, high] = [range[0], range[1] + (augment?.dequantize ? 1 : 0)];
  const unit = { gain: 1 / (high - low), offset: -low / (high - low) };
  return scale === "unit" ? unit : { gain: 2 * unit.gain, offset: 2 * unit.offset - 1 };
}
