import { rings, standardize, twoMoons } from "@gen/data";
import { anchorsOf, type Picture } from "@gen/figures/postcard";
import { normalNoise, randomStream } from "@gen/math";
import type { KeptModel } from "../points/model-store.ts";

/*
 * The data of this room is a mixture of narrow Gaussians, one at each anchor. Its exact denoiser is
 * known, so what a solver misses is the solver's own error.
 */

export type DataId = "picture" | "moons" | "rings" | "learned";

/** Data, standardized, and how the stage shows them. */
export interface PointData {
  /** The centers of the Gaussians, standardized, `[k, 2]`. */
  readonly anchors: Float32Array;
  /** Plane = standardized * std + mean. */
  readonly mean: ArrayLike<number>;
  readonly std: ArrayLike<number>;
}

/** Number of points that are sampled and scored. */
export const pointCount = 1000;
/** Standard deviation of the data around each anchor, standardized. */
export const spread = 0.02;
/** The number of anchors of the toys. */
export const anchorCount = 400;

/** The number of directions of the sliced Wasserstein distance. */
export const directions = 64;

const toys = { moons: twoMoons, rings };

/** The data of a toy. */
export const toyData = (id: keyof typeof toys): PointData =>
  standardized(toys[id]({ n: anchorCount, seed: 1 }).data);

/** The data of a postcard: an anchor at each of its cells. */
export const pictureData = (picture: Picture): PointData => standardized(anchorsOf(picture));

/** The first points that a kept model learned. */
export const learnedData = ({ cloud: { points, mean, std } }: KeptModel): PointData => ({
  anchors: points.slice(0, 2 * anchorCount),
  mean,
  std,
});

function standardized(points: Float32Array): PointData {
  const length = points.length / 2;
  const { dataset, mean, std } = standardize({ name: "points", data: points, shape: [2], length });
  return { anchors: dataset.data, mean, std };
}

/** Points that a solver's samples are compared with, and fresh draws that are compared so too. */
export interface Draws {
  /** The data, `[n, 2]`. */
  readonly reference: Float32Array;
  /** `[pointCount, 2]` each. */
  readonly fresh: readonly Float32Array[];
}

/** Number of fresh draws. */
const FRESH = 16;

/** Random draws of the data. */
export function drawsOf({ anchors }: Pick<PointData, "anchors">): Draws {
  return {
    reference: anchors,
    fresh: Array.from({ length: FRESH }, (_, seed) => {
      const centers = randomStream({ seed, purpose: "centers" }).integers(
        pointCount,
        anchors.length / 2,
      );
      return normalNoise({ seed, purpose: "draws", batch: pointCount, size: 2 }).map(
        (z, i) => anchors[2 * centers[i >> 1] + (i % 2)] + spread * z,
      );
    }),
  };
}

/** Half of the stage that data fill. */
const fit = { x: 1.95, y: 0.92 } as const;

/** Maps standardized points to the stage: the data fill it. */
export function stageMap({
  anchors,
  mean,
  std,
}: PointData): (points: Float32Array) => Float32Array {
  const plane = anchors.map((v, i) => v * std[i % 2] + mean[i % 2]);
  const [x, y] = [0, 1].map((axis) => {
    const values = plane.filter((_, i) => i % 2 === axis);
    const low = Math.min(...values);
    const high = Math.max(...values);
    return { middle: (low + high) / 2, half: (high - low) / 2 };
  });
  const scale = Math.min(fit.x / (x.half || 1), fit.y / (y.half || 1));
  const middles = [x.middle, y.middle];
  return (points) => points.map((v, i) => (v * std[i % 2] + mean[i % 2] - middles[i % 2]) * scale);
}
