import {
  checkerboard,
  drawnPoints,
  gaussianMixture,
  type PointSet,
  pinwheel,
  rings,
  standardize,
  swissRoll,
  type ToyOptions,
  twoMoons,
} from "@gen/data";
import { digitStrokes } from "./digit-strokes.ts";

/** A point of the user's drawing, in [-1, 1] x [-1, 1] with y up. */
export type Mark = readonly [x: number, y: number];

const toys = {
  moons: twoMoons,
  swissRoll,
  checkerboard,
  rings,
  pinwheel,
  mixture: gaussianMixture,
  digit: (options: ToyOptions) => drawnPoints({ ...options, points: digitStrokes(), noise: 0.05 }),
};

export type ToyId = keyof typeof toys;
export type CloudId = ToyId | "drawn";
export const toyIds = Object.keys(toys) as ToyId[];

/** The square of the plane that a plot shows at least. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  /** Half of its side. */
  readonly half: number;
}

/** What is learned: points as they are, and as the network sees them. */
export interface Cloud {
  readonly id: CloudId;
  /** `[n, 2]` in the plane. */
  readonly plane: Float32Array;
  /** The same points, standardised: plane = points * std + mean. */
  readonly points: Float32Array;
  /** A fresh draw, standardised likewise: how close a perfect model would come. */
  readonly fresh: Float32Array;
  readonly mean: ArrayLike<number>;
  readonly std: ArrayLike<number>;
  /** Holds the data. */
  readonly close: Frame;
  /** Holds the noise too that sampling starts from. */
  readonly wide: Frame;
}

const size = 5000;
const freshSize = 1000;

/** Fewer marks than this say too little of a shape. */
export const fewestMarks = 30;

/** A few points of a toy, for a small picture of it. */
export function picture(id: ToyId): { points: Float32Array; frame: Frame } {
  const points = toys[id]({ n: 260, seed: 1 }).data;
  return { points, frame: around(points) };
}

/** The square around points, with a margin. */
function around(points: Float32Array): Frame {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  points.forEach((v, i) => {
    low[i % 2] = Math.min(low[i % 2], v);
    high[i % 2] = Math.max(high[i % 2], v);
  });
  const half = 0.57 * Math.max(high[0] - low[0], high[1] - low[1]);
  return { x: (low[0] + high[0]) / 2, y: (low[1] + high[1]) / 2, half };
}

/** @throws RangeError when a drawing has no marks. */
export function cloud(id: CloudId, marks: readonly Mark[]): Cloud {
  const draw = (n: number, seed: number): PointSet =>
    id === "drawn" ? drawnPoints({ n, seed, points: marks }) : toys[id]({ n, seed });
  const data = draw(size, 1);
  const { dataset, mean, std } = standardize(data);
  const fresh = draw(freshSize, 2).data.map((v, i) => (v - mean[i % 2]) / std[i % 2]);
  const wide = { x: mean[0], y: mean[1], half: 2.5 * Math.max(std[0], std[1]) };
  const close = around(data.data);
  return { id, plane: data.data, points: dataset.data, fresh, mean, std, close, wide };
}

/** Takes standardised points into the plane. */
export function toPlane({ mean, std }: Cloud, points: Float32Array): Float32Array {
  return points.map((v, i) => v * std[i % 2] + mean[i % 2]);
}
