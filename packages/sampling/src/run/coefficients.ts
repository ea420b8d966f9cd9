import { type Expr, slice } from "@gen/graph";
import type { KeptCoefficients, Step } from "../samplers/step.ts";
import { type Clip, clipBounds } from "./clip.ts";

const KEEPS_X0 = { x0: 1, x: 0, prediction: 0 };

/** What a row keeps for later rows, its x0 where it does not say. */
export const keptOf = ({ keeps = KEEPS_X0 }: Step): readonly KeptCoefficients[] => [keeps].flat();

/** A number of one of a row's sums, of the next x or the i-th that is kept. */
const ofSum =
  (name: keyof KeptCoefficients, i?: number) =>
  (step: Step, clip: Clip): number => {
    const sum = i === undefined ? step.next : (keptOf(step)[i] ?? KEEPS_X0);
    if (clip !== false) return sum[name];
    return name === "x0" ? 0 : sum[name] + sum.x0 * step.denoised[name];
  };

/**
 * The numbers of a row by their names; the factors of what earlier rows kept follow, the latest first.
 *
 * Without clipping, x0 is folded into x and the prediction in float64, which keeps single precision
 * away from the large terms that cancel at high noise.
 */
const COLUMNS = {
  "x0.x": ({ denoised }) => denoised.x,
  "x0.prediction": ({ denoised }) => denoised.prediction,
  "next.x0": ofSum("x0"),
  "next.x": ofSum("x"),
  "next.prediction": ofSum("prediction"),
  "next.noise": ({ next }) => next.noise,
  "clip.low": (_, clip) => clipBounds(clip)[0],
  "clip.high": (_, clip) => clipBounds(clip)[1],
  "variance.offset": ({ variance }) => variance?.offset ?? 1,
  "variance.slope": ({ variance }) => variance?.slope ?? 0,
  "kept.0.x0": ofSum("x0", 0),
  "kept.0.x": ofSum("x", 0),
  "kept.0.prediction": ofSum("prediction", 0),
  "kept.1.x0": ofSum("x0", 1),
  "kept.1.x": ofSum("x", 1),
  "kept.1.prediction": ofSum("prediction", 1),
  langevin: ({ langevin }) => (langevin ? 0.5 : 0),
} satisfies Record<string, (step: Step, clip: Clip) => number>;

const names: readonly string[] = /* @__PURE__ */ Object.keys(COLUMNS);

/** A number of a row: a column by its name, or the factor of what i + 1 rows before kept. */
export type Coefficient = keyof typeof COLUMNS | `next.history.${number}`;

/** How many numbers a row has for a run that looks back to `depth` rows. */
export const columnsOf = (depth: number): number => names.length + depth;

/** The numbers of a row; the factors that it lacks are 0. */
export function coefficientRow(step: Step, clip: Clip, depth: number): Float64Array {
  const row = new Float64Array(columnsOf(depth));
  row.set([...Object.values(COLUMNS).map((of) => of(step, clip)), ...(step.next.history ?? [])]);
  return row;
}

/** The numbers of a row `[columns]`, each `[1]`, by their names. */
export const coefficientsOf =
  (row: Expr) =>
  (name: Coefficient): Expr => {
    const [, past] = name.split("next.history.");
    const column = past ? names.length + Number(past) : names.indexOf(name);
    return slice(row, 0, column, column + 1);
  };
