import { type Expr, gather, reshape, slice } from "@gen/graph";
import type { KeptCoefficients, Step } from "../samplers/step.ts";
import { type Clip, clipBounds } from "./clip.ts";

const KEEPS_X0 = { x0: 1, x: 0, prediction: 0 };

/** What a row keeps for later rows, its x0 where it does not say. */
export const keptOf = ({ keeps = KEEPS_X0 }: Step): readonly KeptCoefficients[] => [keeps].flat();

const folded = (sum: KeptCoefficients, { denoised }: Step, clip: Clip): KeptCoefficients =>
  clip === false
    ? {
        x0: 0,
        x: sum.x + sum.x0 * denoised.x,
        prediction: sum.prediction + sum.x0 * denoised.prediction,
      }
    : sum;

const keptSum = (step: Step, clip: Clip, i: number) =>
  folded(keptOf(step)[i] ?? KEEPS_X0, step, clip);

/**
 * The numbers of a row by their names; the factors of what earlier rows kept follow, the latest first.
 *
 * Without clipping, x0 is folded into x and the prediction in float64, which keeps single precision
 * away from the large terms that cancel at high noise.
 */
const COLUMNS = {
  "x0.x": ({ denoised }) => denoised.x,
  "x0.prediction": ({ denoised }) => denoised.prediction,
  "next.x0": (step, clip) => folded(step.next, step, clip).x0,
  "next.x": (step, clip) => folded(step.next, step, clip).x,
  "next.prediction": (step, clip) => folded(step.next, step, clip).prediction,
  "next.noise": ({ next }) => next.noise,
  "clip.low": (_, clip) => clipBounds(clip)[0],
  "clip.high": (_, clip) => clipBounds(clip)[1],
  "variance.offset": ({ variance }) => variance?.offset ?? 1,
  "variance.slope": ({ variance }) => variance?.slope ?? 0,
  "kept.0.x0": (step, clip) => keptSum(step, clip, 0).x0,
  "kept.0.x": (step, clip) => keptSum(step, clip, 0).x,
  "kept.0.prediction": (step, clip) => keptSum(step, clip, 0).prediction,
  "kept.1.x0": (step, clip) => keptSum(step, clip, 1).x0,
  "kept.1.x": (step, clip) => keptSum(step, clip, 1).x,
  "kept.1.prediction": (step, clip) => keptSum(step, clip, 1).prediction,
  t: ({ t }) => t,
} satisfies Record<string, (step: Step, clip: Clip) => number>;

const names: readonly string[] = /* @__PURE__ */ Object.keys(COLUMNS);

/** A number of a row: a column by its name, or the factor of what i + 1 rows before kept. */
export type Coefficient = keyof typeof COLUMNS | `next.history.${number}`;

/** All numbers of a run `[rows, columns]`: a row for each step, then rows of zeros up to `rows`. */
export function coefficientTable(
  steps: readonly Step[],
  clip: Clip,
  depth: number,
  rows = steps.length,
) {
  const columns = names.length + depth;
  const data = new Float64Array(rows * columns);
  for (const [i, step] of steps.entries()) {
    const row = Object.values(COLUMNS).map((of) => of(step, clip));
    data.set([...row, ...(step.next.history ?? [])], i * columns);
  }
  return { data, shape: [rows, columns] as const };
}

/** The numbers of row `row` `[1]` of a table `[rows, columns]`, each `[1]`, by their names. */
export function rowOfTable(table: Expr, row: Expr): (name: Coefficient) => Expr {
  const values = reshape(gather(table, row), [table.shape[1]]);
  return (name) => {
    const [, past] = name.split("next.history.");
    const column = past ? names.length + Number(past) : names.indexOf(name);
    return slice(values, 0, column, column + 1);
  };
}
