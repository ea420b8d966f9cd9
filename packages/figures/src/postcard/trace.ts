import type { NoiseLevel } from "@gen/math";
import { exactDenoiser } from "../exact-denoiser.ts";
import { nextTask } from "../next-task.ts";
import { traceParts } from "../paths.ts";
import { anchorsOf, grid, type Picture } from "./picture.ts";

/** Number of points on the stage. */
export const pointCount = 1200;
/** Number of DDPM's paths, which only the river shows. */
const wanderers = 90;
export const steps = 72;

/** Standard deviation of the data around each cell: a point fills its cell. */
const sigma = grid.pitch;

/** How long a part of the work may keep the page from drawing, in milliseconds. */
const SLICE = 12;
/** The same within a step. Each pause draws a frame, so a slow machine takes fewer of them. */
const LONG_SLICE = 32;

/** The frames traced so far, `[n, 2]` each. */
export interface Paths {
  readonly ddim: Float32Array[];
  readonly ddpm: Float32Array[];
}

/**
 * Traces the exact paths of a picture's points in slices, so that the page can draw. `show` gets the
 * paths after each slice.
 */
export function pathTracer(show: (paths: Paths) => void) {
  let denoise = exactDenoiser([], sigma);
  let run = 0;
  return {
    /**
     * Resolves to the milliseconds of computation. Undefined if another picture took the place of
     * this one, or `stop` was called.
     */
    async trace(picture: Picture): Promise<number | undefined> {
      const own = ++run;
      denoise = exactDenoiser(anchorsOf(picture), sigma);
      const { seed } = picture;
      const work = {
        ddim: traceParts({ denoise, count: pointCount, steps, eta: 0, seed }),
        ddpm: traceParts({ denoise, count: wanderers, steps, eta: 1, seed }),
      };
      const traced: Paths = { ddim: [], ddpm: [] };
      let busy = 0;
      let started = performance.now();
      const spent = () => performance.now() - started;
      /** Lets the page draw. Returns whether the work goes on. */
      const pause = async (): Promise<boolean> => {
        busy += spent();
        await nextTask();
        started = performance.now();
        return own === run;
      };
      for (let step = 0; step <= steps; step++) {
        for (const name of ["ddim", "ddpm"] as const) {
          let frame = work[name].next().value;
          while (!frame) {
            if (spent() > LONG_SLICE && !(await pause())) return undefined;
            frame = work[name].next().value;
          }
          traced[name].push(frame);
        }
        if (step > 0 && spent() < SLICE && step < steps) continue;
        show({ ddim: [...traced.ddim], ddpm: [...traced.ddpm] });
        if (!(await pause())) return undefined;
      }
      return busy;
    },
    /** The clean estimate of each point at a noise level. */
    estimate(points: Float32Array, level: NoiseLevel): Float64Array {
      const x0 = new Float64Array(points.length);
      denoise(points, level, x0);
      return x0;
    },
    stop(): void {
      run++;
    },
  };
}
