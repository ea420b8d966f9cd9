import { dataError } from "./data-error.ts";
import { checkFinite, type Dataset, itemSize } from "./dataset.ts";

/**
 * Checks that the parts of a dataset fit each other, as a caller may have made it.
 * @throws GenError `invalid-data` when the data are not `length` items of `shape`, hold NaN,
 * infinity or a value outside the range, or when the labels are not one for each item, or lie
 * outside the named classes.
 */
export function checkDataset(dataset: Dataset): void {
  const { name, data, length, shape, labels, classes } = dataset;
  const size = itemSize(dataset);
  if (!(Number.isInteger(length) && length > 0 && data.length === length * size)) {
    throw dataError(
      name,
      `length and shape must fit the data, got ${length} items [${shape.join(", ")}] and ${data.length} numbers`,
    );
  }
  checkFinite(dataset);
  checkRange(dataset);
  if (labels && labels.length !== length) {
    throw dataError(name, `${length} items need as many labels, got ${labels.length}`);
  }
  if (!labels || !classes) return;
  const item = labels.findIndex((label) => !(label >= 0 && label < classes.length));
  if (item < 0) return;
  throw dataError(
    name,
    `labels of ${classes.length} classes must be in [0, ${classes.length - 1}], got ${labels[item]} for item ${item}`,
  );
}

function checkRange(dataset: Dataset): void {
  const { name, data, range } = dataset;
  if (!range) return;
  if (!(range[0] < range[1])) throw dataError(name, `range must rise, got [${range.join(", ")}]`);
  // The data are float32 or bytes, so a bound such as 0.1 is the nearest float32 number.
  const [low, high] = range.map(Math.fround);
  const at = data.findIndex((v) => v < low || v > high);
  if (at < 0) return;
  const item = Math.floor(at / itemSize(dataset));
  throw dataError(
    name,
    `data must lie in the range [${range.join(", ")}], got ${data[at]} in item ${item}`,
  );
}
