import type { NoiseLevel } from "@gen/math";
import { exactDenoiser } from "../exact-denoiser.ts";
import { tracePaths } from "../paths.ts";
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
      const ddim = tracePaths({ denoise, count: pointCount, steps, eta: 0, seed });
      const ddpm = tracePaths({ denoise, count: wanderers, steps, eta: 1, seed });
      const traced: Paths = { ddim: [], ddpm: [] };
      let busy = 0;
      let started = performance.now();
      for (let step = 0; step <= steps; step++) {
        traced.ddim.push(ddim.next().value as Float32Array);
        traced.ddpm.push(ddpm.next().value as Float32Array);
        const spent = performance.now() - started;
        if (step > 0 && spent < SLICE && step < steps) continue;
        busy += spent;
        show({ ddim: [...traced.ddim], ddpm: [...traced.ddpm] });
        await nextTask();
        if (own !== run) return undefined;
        started = performance.now();
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

/** Resolves in a new task, after pending input and drawing. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
