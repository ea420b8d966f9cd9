import { type Expr, gather, reshape, slice } from "@gen/graph";
import type { Step } from "../samplers/step.ts";
import { type Clip, clipBounds } from "./clip.ts";

/** The names of a row's numbers; those of earlier estimates follow, the latest first. */
const COLUMNS = [
  "x0.x",
  "x0.prediction",
  "next.x0",
  "next.x",
  "next.prediction",
  "next.noise",
  "clip.low",
  "clip.high",
  "variance.offset",
  "variance.slope",
] as const;

/** One number of a row: a column by its name, or the factor of the x0 of i + 1 rows before. */
export type Coefficient = (typeof COLUMNS)[number] | `next.history.${number}`;

const columnsOf = (depth: number): Coefficient[] => [
  ...COLUMNS,
  ...Array.from({ length: depth }, (_, i) => `next.history.${i}` as const),
];

/** A table of coefficients: numbers `[rows, columns]` row-major. */
export interface CoefficientTable {
  readonly values: Float64Array;
  readonly shape: readonly [rows: number, columns: number];
}

/**
 * All numbers of a run, a row for each step, and rows of zeros up to `rows`.
 *
 * Without clipping, x0 is folded into x and the prediction in float64, which keeps single
 * precision away from the large terms that cancel at high noise.
 */
export function coefficientTable(
  steps: readonly Step[],
  clip: Clip,
  depth: number,
  rows = steps.length,
): CoefficientTable {
  const columns = columnsOf(depth);
  const values = new Float64Array(rows * columns.length);
  for (const [i, step] of steps.entries()) {
    const row = coefficientsOf(step, clip);
    values.set(
      columns.map((name) => row[name] ?? 0),
      i * columns.length,
    );
  }
  return { values, shape: [rows, columns.length] };
}

function coefficientsOf({ denoised, next, variance }: Step, clip: Clip) {
  const { x, prediction } = denoised;
  const [low, high] = clipBounds(clip);
  const folded = clip === false;
  const row: Partial<Record<Coefficient, number>> = {
    "x0.x": x,
    "x0.prediction": prediction,
    "next.x0": folded ? 0 : next.x0,
    "next.x": folded ? next.x + next.x0 * x : next.x,
    "next.prediction": folded ? next.prediction + next.x0 * prediction : next.prediction,
    "next.noise": next.noise,
    "clip.low": low,
    "clip.high": high,
    "variance.offset": variance?.offset ?? 1,
    "variance.slope": variance?.slope ?? 0,
  };
  for (const [i, factor] of (next.history ?? []).entries()) row[`next.history.${i}`] = factor;
  return row;
}

/** The numbers of row `row` `[1]` of a table `[rows, columns]`, each `[1]`, by their names. */
export function rowOfTable(table: Expr, row: Expr): (name: Coefficient) => Expr {
  const columns = Number(table.shape[1]);
  const names = columnsOf(columns - COLUMNS.length);
  const values = reshape(gather(table, row), [columns]);
  return (name) => slice(values, 0, names.indexOf(name), names.indexOf(name) + 1);
}
