import type { Dataset } from "@gen/data";
import { type Shape, shapeText, type Tensor, tensor } from "@gen/graph";
import { ArgumentError } from "@gen/math/arguments";
import { type Conditions, conditionInputs, type Denoiser } from "@gen/sampling";
import { checkIndices } from "./check-indices.ts";

/** The conditions of a dataset's items, `[length, ...]`, by the names of a program's inputs. */
export type ItemConditions = Readonly<Record<string, Tensor>>;

/** A dataset's labels as a condition, `[length]` int64. */
export const labelsOf = ({ labels = new Int32Array() }: Dataset): Tensor =>
  tensor(labels, [labels.length], "int64");

/**
 * The conditions of every item: the given conditions, with a row for each item or one row for all,
 * and the dataset's labels for the condition `[batch]` that is not given. Labels are below the
 * denoiser's number of classes, if it is known.
 *
 * @throws RangeError when a condition is missing, unknown, or does not fit the dataset or the
 * denoiser.
 */
export function itemConditions(
  { condition: wanted, classes }: Pick<Denoiser, "condition" | "classes">,
  given: Conditions<Tensor> | undefined,
  dataset: Dataset,
): ItemConditions {
  const inputs = conditionInputs(wanted);
  const known = conditionInputs(given);
  const unknown = Object.keys(known).find((name) => !(name in inputs));
  if (unknown !== undefined) {
    const names = Object.keys(inputs).map(ownName).join(", ") || "left out";
    throw new ArgumentError(
      `condition must be ${names}, as the network has it, got ${ownName(unknown)}`,
    );
  }
  const open = Object.keys(inputs).filter(
    (name) => !(name in known) && inputs[name].shape.length === 1,
  );
  const labeled = open.length === 1 ? open[0] : undefined;
  if (labeled && dataset.labels && classes !== undefined)
    checkIndices(`labels of ${dataset.name}`, dataset.labels, classes);
  const found = Object.entries(inputs).map(([name, { shape }]) => {
    const values = known[name] ?? (name === labeled && dataset.labels && labelsOf(dataset));
    const itemShape = [dataset.length, ...shape.slice(1)];
    if (values) return [name, checkedShape(ownName(name), values, itemShape)];
    throw new ArgumentError(
      name === labeled
        ? `the network takes a condition, but ${dataset.name} has no labels`
        : `the network takes ${ownName(name)} ${shapeText(shape)}, which must be given as a condition`,
    );
  });
  return Object.fromEntries(found);
}

export const ownName = (input: string): string => input.replace("condition/", "");

function checkedShape(name: string, values: Tensor, wanted: Shape): Tensor {
  const { shape } = values;
  const fits = (d: number | string, i: number) => typeof d === "string" || d === shape[i];
  const fitsItem =
    shape.length === wanted.length && wanted.slice(1).every((d, i) => fits(d, i + 1));
  if (fitsItem && (shape[0] === wanted[0] || shape[0] === 1)) return values;
  throw new ArgumentError(`${name} must be ${shapeText(wanted)}, got ${shapeText(shape)}`);
}
