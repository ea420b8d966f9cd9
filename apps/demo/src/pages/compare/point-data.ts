import { standardize } from "@gen/data";
import { anchorsOf, type Picture } from "@gen/figures/postcard";
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

/** The data of a toy. */
export async function toyData(id: "moons" | "rings"): Promise<PointData> {
  const { toyPoints } = await import("../postcard/toy-points.ts");
  return standardized(toyPoints(id, anchorCount));
}

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
