import { exactDenoiser, levelOf, logSnrAt, tracePaths } from "@gen/figures";
import { onScopeDispose, ref, shallowRef } from "vue";
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

/** The exact paths of a picture's points. They are traced in slices, so that the page can draw. */
export function usePaths() {
  const ddim = shallowRef<Float32Array[]>([]);
  const ddpm = shallowRef<Float32Array[]>([]);
  /** Milliseconds of computation for all paths; undefined until they are traced. */
  const took = ref<number>();
  let denoise = exactDenoiser([], sigma);
  let run = 0;

  async function trace(picture: Picture): Promise<void> {
    const own = ++run;
    denoise = exactDenoiser(anchorsOf(picture), sigma);
    const { seed } = picture;
    const paths = [
      { into: ddim, frames: tracePaths({ denoise, count: pointCount, steps, eta: 0, seed }) },
      { into: ddpm, frames: tracePaths({ denoise, count: wanderers, steps, eta: 1, seed }) },
    ];
    took.value = undefined;
    const traced: Float32Array[][] = paths.map(() => []);
    let busy = 0;
    let started = performance.now();
    for (let step = 0; step <= steps; step++) {
      paths.forEach(({ frames }, i) => traced[i].push(frames.next().value as Float32Array));
      const spent = performance.now() - started;
      if (step > 0 && spent < SLICE && step < steps) continue;
      busy += spent;
      paths.forEach(({ into }, i) => {
        into.value = [...traced[i]];
      });
      await nextTask();
      if (own !== run) return;
      started = performance.now();
    }
    took.value = busy;
  }

  /** The clean estimate of each point at a position of the axis. */
  function estimate(points: Float32Array, at: number): Float64Array {
    const x0 = new Float64Array(points.length);
    denoise(points, levelOf(logSnrAt(at)), x0);
    return x0;
  }

  onScopeDispose(() => run++);
  return { ddim, ddpm, took, trace, estimate };
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
