import { standardize } from "@gen/data";
import {
  checkerboard,
  drawnPoints,
  gaussianMixture,
  type PointSet,
  pinwheel,
  rings,
  swissRoll,
  type ToyOptions,
  twoMoons,
} from "@gen/data/toys";
import { digitStrokes } from "./digit-strokes.ts";

/** A point of the user's drawing, in [-1, 1] x [-1, 1], y up. */
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
export type CloudId = ToyId | "drawn" | "postcard";
export const toyIds = Object.keys(toys) as ToyId[];

/** The square of the plane that a plot shows. A wide plot shows more. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  /** Half of its side. */
  readonly half: number;
}

/** The data: points in the plane, and standardized points for the network. */
export interface Cloud {
  readonly id: CloudId;
  /** `[n, 2]` in the plane. */
  readonly plane: Float32Array;
  /** The same points, standardized: plane = points * std + mean. */
  readonly points: Float32Array;
  /** New draws of the data, standardized. Their scores are those of a perfect model. */
  readonly fresh: readonly Float32Array[];
  readonly mean: ArrayLike<number>;
  readonly std: ArrayLike<number>;
  /** Contains the data. */
  readonly dataFrame: Frame;
  /** Contains the data and the noise that sampling starts from. */
  readonly noiseFrame: Frame;
}

/** Number of points that the network learns from. */
export const trainingPoints = 5000;
const freshSize = 1000;
const freshSeeds = [2, 3, 4, 5, 6];

/** The fewest marks of a drawing that can be trained on. */
export const minMarks = 30;

/** A few points of a toy, for its thumbnail. */
export function thumbnail(id: ToyId): { points: Float32Array; frame: Frame } {
  const points = toys[id]({ n: 260, seed: 1 }).data;
  return { points, frame: boundingSquare(points) };
}

/** The square around points, with a margin. */
function boundingSquare(points: Float32Array): Frame {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  points.forEach((v, i) => {
    low[i % 2] = Math.min(low[i % 2], v);
    high[i % 2] = Math.max(high[i % 2], v);
  });
  const half = 0.57 * Math.max(high[0] - low[0], high[1] - low[1]);
  return { x: (low[0] + high[0]) / 2, y: (low[1] + high[1]) / 2, half };
}

/**
 * The data of a toy, or of the marks of a drawing or a postcard.
 *
 * @throws RangeError when there are no marks.
 */
export function cloud(id: CloudId, marks: readonly Mark[]): Cloud {
  const draw = (n: number, seed: number): PointSet =>
    id === "drawn" || id === "postcard"
      ? drawnPoints({ n, seed, points: marks, ...(id === "postcard" && { noise: 0.012 }) })
      : toys[id]({ n, seed });
  const data = draw(trainingPoints, 1);
  const { dataset, mean, std } = standardize(data);
  const fresh = freshSeeds.map((seed) =>
    draw(freshSize, seed).data.map((v, i) => (v - mean[i % 2]) / std[i % 2]),
  );
  const dataFrame = boundingSquare(data.data);
  const noiseFrame = { x: mean[0], y: mean[1], half: 2.5 * Math.max(std[0], std[1]) };
  const points = dataset.data;
  return { id, plane: data.data, points, fresh, mean, std, dataFrame, noiseFrame };
}

/** Maps standardized points into the plane. */
export function toPlane({ mean, std }: Cloud, points: Float32Array): Float32Array {
  return points.map((v, i) => v * std[i % 2] + mean[i % 2]);
}
