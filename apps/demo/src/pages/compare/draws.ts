import { normalNoise, randomStream } from "@gen/math";
import { type PointData, pointCount, spread } from "./point-data.ts";

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
