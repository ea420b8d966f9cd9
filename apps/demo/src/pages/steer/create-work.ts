import { drawPoints, type Region, shadedRegions, tiltedDensity } from "@gen/figures";
import { normalNoise, slicedWasserstein } from "@gen/math";
import type { Work } from "../../use-worker.ts";
import { labeledData } from "./data.ts";
import { guidePoints } from "./guide-points.ts";
import { pointCount, type Settings } from "./settings.ts";

/** Number of DDPM's paths, which only the river shows. */
const wanderers = 90;
/** The exact draws that all points are compared with, and the fresh draws beside them. */
const reference = { count: 2400, seed: 1_000 };
const freshSeeds = [1, 2, 3, 4, 5, 6, 7, 8];

/** One run of guidance beside the exact answer. */
export interface GuidedRun {
  readonly settings: Settings;
  /** The guided points at each level, `steps + 1` frames `[pointCount, 2]`. */
  readonly ddim: readonly Float32Array[];
  readonly ddpm: readonly Float32Array[];
  /** The regions of what guidance is meant to sample. */
  readonly regions: readonly Region[];
  /** Draws of it, `[pointCount, 2]`. */
  readonly exact: Float32Array;
  /** The noise that the guided points start from, `[pointCount, 2]`. */
  readonly noise: Float32Array;
  /** The sliced Wasserstein distance of the guided points to other draws of it. */
  readonly distance: number;
  /** The distances of fresh draws. */
  readonly fresh: { readonly mean: number; readonly spread: number };
}

export interface SteerWork extends Work {
  guide(settings: Settings): Promise<GuidedRun>;
  /** The distance of a run alone. */
  distance(settings: Settings): Promise<number>;
}

/** Creates the work of the room. It runs in the thread that calls it. */
export function createWork(): SteerWork {
  return {
    ready: () => true,
    async guide(settings) {
      const { mixture, density, distanceOf } = exactAnswer(settings);
      const draw = (seed: number) => drawPoints(density, { count: pointCount, seed });
      const ddim = await guidePoints(mixture, settings, { count: pointCount, eta: 0 });
      const ddpm = await guidePoints(mixture, settings, { count: wanderers, eta: 1 });
      return {
        settings,
        ddim,
        ddpm,
        regions: shadedRegions(density),
        exact: draw(0),
        noise: startNoise(settings.seed),
        distance: distanceOf(ddim[ddim.length - 1]),
        fresh: meanAndSpread(freshSeeds.map((seed) => distanceOf(draw(seed)))),
      };
    },
    async distance(settings) {
      const { mixture, distanceOf } = exactAnswer(settings);
      const frames = await guidePoints(mixture, settings, { count: pointCount, eta: 0 });
      return distanceOf(frames[frames.length - 1]);
    },
  };
}

const startNoise = (seed: number) =>
  normalNoise({ seed, purpose: "initial", batch: pointCount, size: 2 });

/** What guidance is meant to sample, and the distance of points to draws of it. */
function exactAnswer(settings: Settings) {
  const { mixture } = labeledData[settings.data];
  const density = tiltedDensity(mixture, settings);
  const compared = drawPoints(density, reference);
  const distanceOf = (points: Float32Array) =>
    slicedWasserstein(points, compared, 2, { directions: 48 });
  return { mixture, density, distanceOf };
}

function meanAndSpread(values: readonly number[]): GuidedRun["fresh"] {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / (values.length - 1)) };
}
