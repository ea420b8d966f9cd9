import { randomStream } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { Dataset } from "./dataset.ts";

/** Settings of the toys. */
export interface ToyOptions {
  /** Number of points. */
  readonly n: number;
  /** A whole number in [0, 2^53). */
  readonly seed: number;
  /** Standard deviation of the Gaussian noise. @defaultValue each function's own */
  readonly noise?: number;
}

/** Labelled points in the plane. */
export interface PointSet extends Dataset {
  readonly data: Float32Array;
  readonly labels: Int32Array;
}

/**
 * Draws n points: `place` maps uniform draws u(0), u(1), u(2) in (0, 1) and an item's number to a
 * point and its label; then noise is added. Item i depends on (seed, i) alone, so a larger n begins
 * with the same points.
 *
 * @throws RangeError when n is no positive whole number or noise is negative.
 */
function toy(
  name: string,
  { n, seed }: ToyOptions,
  noise: number,
  place: (u: (k: number) => number, i: number) => readonly [x: number, y: number, label: number],
): PointSet {
  if (!Number.isInteger(n) || n < 1 || n > 1e8) {
    throw new ArgumentError(`n must be a whole number in [1, 1e8], got ${n}`);
  }
  checkNoise(noise);
  const uniform = randomStream({ seed, purpose: `${name} points` }).uniform(3 * n);
  const normal = randomStream({ seed, purpose: `${name} noise` }).normal(2 * n);
  const data = new Float32Array(2 * n);
  const labels = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const [x, y, label] = place((k) => uniform[3 * i + k], i);
    data[2 * i] = x + noise * normal[2 * i];
    data[2 * i + 1] = y + noise * normal[2 * i + 1];
    labels[i] = label;
  }
  return { name, data, shape: [2], length: n, labels };
}

/**
 * Two interleaved half circles of radius 1, one centered at (0, 0), the other at (1, 0.5) upside
 * down, half the points on each; scikit-learn's `make_moons` with random instead of even angles.
 * Labels 0 and 1.
 *
 * @param options How many points, the seed, and the noise.
 * @defaultValue noise 0.05
 * @throws RangeError when n is no positive integer, or seed or noise is out of range.
 */
export function twoMoons(options: ToyOptions): PointSet {
  return toy("two moons", options, options.noise ?? 0.05, (u, i) => {
    const angle = Math.PI * u(0);
    return i % 2 === 0
      ? [Math.cos(angle), Math.sin(angle), 0]
      : [1 - Math.cos(angle), 0.5 - Math.sin(angle), 1];
  });
}

/**
 * A spiral of one and a half turns: (t cos t, t sin t) / 5 for t from 1.5 pi to 4.5 pi, even in t;
 * the swiss roll without its width.
 *
 * @param options How many points, the seed, and the noise.
 * @defaultValue noise 0.05
 * @throws RangeError as {@link twoMoons}.
 */
export function swissRoll(options: ToyOptions): PointSet {
  return toy("swiss roll", options, options.noise ?? 0.05, (u) => {
    const t = 1.5 * Math.PI * (1 + 2 * u(0));
    return [(t * Math.cos(t)) / 5, (t * Math.sin(t)) / 5, 0];
  });
}

/**
 * Uniform points on the 8 dark squares of a 4 by 4 board on [-2, 2]^2.
 *
 * @param options How many points, the seed, and the noise.
 * @defaultValue noise 0
 * @throws RangeError as {@link twoMoons}.
 */
export function checkerboard(options: ToyOptions): PointSet {
  return toy("checkerboard", options, options.noise ?? 0, (u) => {
    const column = Math.floor(4 * u(0));
    const row = 2 * Math.floor(2 * u(2)) + (column % 2);
    return [4 * u(0) - 2, row + u(1) - 2, 0];
  });
}

/**
 * Four circles of radius 0.5, 1, 1.5 and 2 about the origin.
 *
 * @param options How many points, the seed, and the noise.
 * @defaultValue noise 0.04
 * @throws RangeError as {@link twoMoons}.
 */
export function rings(options: ToyOptions): PointSet {
  return toy("rings", options, options.noise ?? 0.04, (u) => {
    const ring = Math.floor(4 * u(0));
    const angle = 2 * Math.PI * u(1);
    const radius = (ring + 1) / 2;
    return [radius * Math.cos(angle), radius * Math.sin(angle), ring];
  });
}

/**
 * Five curved arms: radius r from a normal of mean 1 and deviation 0.3, turned by exp(r) / 4.
 * `noise` is the width of an arm before the turn. Labels are the arms.
 *
 * @param options How many points, the seed, and the noise.
 * @defaultValue noise 0.1
 *
 * M. Johnson et al. (2016), Composing graphical models with neural networks, arXiv:1603.06277.
 * @throws RangeError as {@link twoMoons}.
 */
export function pinwheel(options: ToyOptions): PointSet {
  const width = options.noise ?? 0.1;
  checkNoise(width);
  const { n, seed } = options;
  const arms = 5;
  const bend = toy("pinwheel", { n, seed }, 1, (u) => [0, 0, Math.floor(arms * u(0))]);
  for (let i = 0; i < n; i++) {
    const radial = 1 + 0.3 * bend.data[2 * i];
    const across = width * bend.data[2 * i + 1];
    const angle = (2 * Math.PI * bend.labels[i]) / arms + 0.25 * Math.exp(radial);
    bend.data[2 * i] = 2 * (radial * Math.cos(angle) - across * Math.sin(angle));
    bend.data[2 * i + 1] = 2 * (radial * Math.sin(angle) + across * Math.cos(angle));
  }
  return bend;
}

/**
 * Eight equal Gaussians of deviation `noise` on a circle of radius 2.
 *
 * @param options How many points, the seed, and the noise.
 * @defaultValue noise 0.2
 * @throws RangeError as {@link twoMoons}.
 */
export function gaussianMixture(options: ToyOptions): PointSet {
  return toy("gaussian mixture", options, options.noise ?? 0.2, (u) => {
    const component = Math.floor(8 * u(0));
    const angle = (Math.PI * component) / 4;
    return [2 * Math.cos(angle), 2 * Math.sin(angle), component];
  });
}

/**
 * Draws n of the given points with replacement and moves each by Gaussian noise.
 *
 * @param options The given points, how many to draw, the seed, and the noise.
 * @defaultValue noise 0.02 of the points' larger side
 * @throws RangeError when there are no points or one is not finite.
 */
export function drawnPoints(
  options: ToyOptions & {
    /** The points to draw from, at least one. */
    readonly points: readonly (readonly [x: number, y: number])[];
  },
): PointSet {
  const { points } = options;
  if (points.length === 0) throw new ArgumentError("points must hold at least one point, got none");
  const bad = points.findIndex((point) => !point.every(Number.isFinite));
  if (bad >= 0) {
    throw new ArgumentError(`points must be finite, got [${points[bad].join(", ")}] at ${bad}`);
  }
  const extents = [0, 1].map((k) => {
    const sorted = Float64Array.from(points, (point) => point[k]).sort();
    return sorted[sorted.length - 1] - sorted[0];
  });
  const side = Math.max(...extents);
  return toy("drawn points", options, options.noise ?? 0.02 * side, (u) => {
    const [x, y] = points[Math.floor(points.length * u(0))];
    return [x, y, 0];
  });
}

function checkNoise(noise: number): void {
  if (!(noise >= 0 && noise < Infinity))
    throw new ArgumentError(`noise must be >= 0, got ${noise}`);
}
