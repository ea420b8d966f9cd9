import type { Dataset } from "@gen/data";
import { type Shape, type Signature, shapeText, type Tensor, tensor } from "@gen/graph";
import { type Conditions, conditionInputs } from "@gen/sampling";

/**
 * The conditions of a dataset's items, `[length, ...]` each, by the names of a program's inputs.
 */
export type ItemConditions = Readonly<Record<string, Tensor>>;

/** A dataset's labels as a condition, `[length]` int64. */
export const labelsOf = ({ labels = new Int32Array() }: Dataset): Tensor =>
  tensor(BigInt64Array.from(labels, BigInt), [labels.length], "int64");

/**
 * The conditions that a denoiser wants, of every item: those given, and the dataset's labels for
 * the one that is `[batch]` and not given.
 *
 * @throws RangeError when one is missing, unknown, or does not fit the dataset and the denoiser.
 */
export function itemConditions(
  wanted: Conditions<Signature> | undefined,
  given: Conditions<Tensor> | undefined,
  dataset: Dataset,
): ItemConditions {
  const inputs = conditionInputs(wanted);
  const known = conditionInputs(given);
  const strange = Object.keys(known).find((name) => !(name in inputs));
  if (strange !== undefined) {
    const names = Object.keys(inputs).map(plain).join(", ") || "left out";
    throw new RangeError(
      `condition must be ${names}, as the network has it, got ${plain(strange)}`,
    );
  }
  const open = Object.keys(inputs).filter((name) => !(name in known) && isFlat(inputs[name].shape));
  const labelled = open.length === 1 ? open[0] : undefined;
  const found = Object.entries(inputs).map(([name, { shape }]) => {
    const values = known[name] ?? (name === labelled && dataset.labels && labelsOf(dataset));
    if (values) return [name, fitting(plain(name), values, [dataset.length, ...shape.slice(1)])];
    throw new RangeError(
      name === labelled
        ? `the network takes a condition, but ${dataset.name} has no labels`
        : `the network takes ${plain(name)} ${shapeText(shape)}, which must be given as a condition`,
    );
  });
  return Object.fromEntries(found);
}

const isFlat = (shape: Shape): boolean => shape.length === 1;

const plain = (name: string): string => name.replace("condition/", "");

function fitting(name: string, values: Tensor, wanted: Shape): Tensor {
  const { shape } = values;
  const fits = (d: number | string, i: number) => typeof d === "string" || d === shape[i];
  if (shape.length === wanted.length && wanted.every(fits)) return values;
  throw new RangeError(`${name} must be ${shapeText(wanted)}, got ${shapeText(shape)}`);
}
