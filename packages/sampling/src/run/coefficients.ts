import { type Expr, gather, reshape, slice } from "@gen/graph";
import type { Step } from "../samplers/step.ts";
import { type Clip, clipBounds } from "./clip.ts";

/**
 * The numbers of a row by their names; the factors of earlier estimates follow, the latest first.
 *
 * Without clipping, x0 is folded into x and the prediction in float64, which keeps single precision
 * away from the large terms that cancel at high noise.
 */
const COLUMNS = {
  "x0.x": ({ denoised }) => denoised.x,
  "x0.prediction": ({ denoised }) => denoised.prediction,
  "next.x0": ({ next }, clip) => (clip === false ? 0 : next.x0),
  "next.x": ({ next, denoised }, clip) => (clip === false ? next.x + next.x0 * denoised.x : next.x),
  "next.prediction": ({ next, denoised }, clip) =>
    clip === false ? next.prediction + next.x0 * denoised.prediction : next.prediction,
  "next.noise": ({ next }) => next.noise,
  "clip.low": (_, clip) => clipBounds(clip)[0],
  "clip.high": (_, clip) => clipBounds(clip)[1],
  "variance.offset": ({ variance }) => variance?.offset ?? 1,
  "variance.slope": ({ variance }) => variance?.slope ?? 0,
} satisfies Record<string, (step: Step, clip: Clip) => number>;

const names: readonly string[] = /* @__PURE__ */ Object.keys(COLUMNS);

/** A number of a row: a column by its name, or the factor of the x0 of i + 1 rows before. */
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
