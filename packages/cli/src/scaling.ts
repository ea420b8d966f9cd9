import { usageError } from "./errors.ts";

/** Takes standardized points back: original = x * std + mean, for each feature. */
export interface Scaling {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const key = "standardized";

/** A pipeline's notes with a scaling. */
export const scalingNotes = (scaling: Scaling | undefined): Record<string, unknown> | undefined =>
  scaling && { [key]: scaling };

/** The scaling in a pipeline's notes. @throws GenError `usage` when it does not fit the samples. */
export function scalingOf(
  notes: Readonly<Record<string, unknown>> | undefined,
  shape: readonly number[],
): Scaling | undefined {
  const found = notes?.[key] as Partial<Scaling> | undefined;
  if (found === undefined) return undefined;
  const { mean, std } = found ?? {};
  const fits = [mean, std].every(
    (values) =>
      Array.isArray(values) && values.length === shape[0] && values.every(Number.isFinite),
  );
  if (fits && shape.length === 1) return { mean: mean as number[], std: std as number[] };
  throw usageError(
    `model_index.json: ${key} must hold a mean and a std of ${shape.join(" x ")} numbers each`,
  );
}

/** Points `[n, features]` in their own units, in place. */
export function unscale(data: Float32Array, { mean, std }: Scaling): void {
  for (let i = 0; i < data.length; i++) {
    const k = i % mean.length;
    data[i] = data[i] * std[k] + mean[k];
  }
}

/** Points `[n, features]` in their own units, standardized as the training's. */
export const standardized = (data: Float32Array, { mean, std }: Scaling): Float32Array =>
  data.map((value, i) => (value - mean[i % mean.length]) / std[i % mean.length]);
