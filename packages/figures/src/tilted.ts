/*
 * What guidance is meant to sample: the tilted density p(x) prod_c p(c | x)^scale over the chosen
 * classes c. It is at most p(x), so it has an integral at every scale, which a fine grid gives.
 */
import { cleanLevel, randomStream } from "@gen/math";
import { classLogProbs, classTerms, type LabeledMixture, logMarginal } from "./labeled-mixture.ts";

/** How far to which classes. */
export interface Guidance {
  /** The chosen classes. With none, the tilted density is that of all points. */
  readonly classes: readonly number[];
  readonly scale: number;
}

/** A density on a grid of square cells over a square around the origin. */
export interface GridDensity {
  /** Half of the square's side. */
  readonly half: number;
  /** Cells on a side. */
  readonly cells: number;
  /** The probability of each cell, row by row from below, `[cells, cells]`. Sums to 1. */
  readonly mass: Float64Array;
}

/** `log p(x) + scale sum_c log p(c | x)` of clean points `[n, 2]`, up to a constant. */
export function tiltedLogDensity(
  mixture: LabeledMixture,
  { classes, scale }: Guidance,
  x: ArrayLike<number>,
): Float64Array {
  const terms = classTerms(mixture, x, cleanLevel);
  const posterior = classLogProbs(terms);
  return logMarginal(terms).map((log, i) =>
    classes.reduce((sum, c) => sum + scale * posterior[c][i], log),
  );
}

/** The tilted density on a grid. */
export function tiltedDensity(
  mixture: LabeledMixture,
  guidance: Guidance,
  { half = 2.4, cells = 240 } = {},
): GridDensity {
  const side = (2 * half) / cells;
  const middle = (i: number) => (i + 0.5) * side - half;
  const centers = Float64Array.from({ length: 2 * cells * cells }, (_, i) => {
    const cell = i >> 1;
    return middle(i % 2 === 0 ? cell % cells : Math.floor(cell / cells));
  });
  const mass = tiltedLogDensity(mixture, guidance, centers);
  const top = mass.reduce((most, v) => Math.max(most, v), -Infinity);
  let sum = 0;
  for (let i = 0; i < mass.length; i++) {
    mass[i] = Math.exp(mass[i] - top);
    sum += mass[i];
  }
  return { half, cells, mass: mass.map((v) => v / sum) };
}

/** Independent draws `[count, 2]` of a grid's density: a cell, then an even place in the cell. */
export function drawPoints(
  { half, cells, mass }: GridDensity,
  { count, seed }: { readonly count: number; readonly seed: number },
): Float32Array {
  const below = new Float64Array(mass.length);
  let sum = 0;
  for (let i = 0; i < mass.length; i++) {
    sum += mass[i];
    below[i] = sum;
  }
  const side = (2 * half) / cells;
  const uniform = randomStream({ seed, purpose: "exact answer" }).uniform(3 * count);
  const points = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const cell = firstAbove(below, uniform[3 * i] * sum);
    points[2 * i] = ((cell % cells) + uniform[3 * i + 1]) * side - half;
    points[2 * i + 1] = (Math.floor(cell / cells) + uniform[3 * i + 2]) * side - half;
  }
  return points;
}

/** The first index whose value is at least `wanted`, in ascending values. */
function firstAbove(values: Float64Array, wanted: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
