import type { Dataset } from "@gen/data";
import type { Vae } from "./vae.ts";

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** @throws RangeError when a model cannot take a dataset's items. */
export function checkDataset(model: Vae, dataset: Dataset): void {
  if (count(dataset.shape) !== count(model.shape)) {
    throw new RangeError(
      `${dataset.name} has items [${dataset.shape.join(", ")}], the model takes [${model.shape.join(", ")}]`,
    );
  }
  if (model.likelihood !== "bernoulli" || dataset.range) return;
  const outside = dataset.data.find((v) => !(v >= 0 && v <= 1));
  if (outside !== undefined) {
    throw new RangeError(
      `a Bernoulli likelihood takes data in [0, 1], ${dataset.name} holds ${outside}; give it a range or use { sigma }`,
    );
  }
}
