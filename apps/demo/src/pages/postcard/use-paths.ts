import { levelOf, logSnrAt } from "@gen/figures";
import { type Picture, pathTracer } from "@gen/figures/postcard";
import { onScopeDispose, ref, shallowRef } from "vue";

/** The exact paths of a picture's points. They are traced in slices, so that the page can draw. */
export function usePaths() {
  const ddim = shallowRef<Float32Array[]>([]);
  const ddpm = shallowRef<Float32Array[]>([]);
  /** Milliseconds of computation for all paths; undefined until they are traced. */
  const took = ref<number>();
  const tracer = pathTracer((paths) => {
    ddim.value = paths.ddim;
    ddpm.value = paths.ddpm;
  });

  async function trace(picture: Picture): Promise<void> {
    took.value = undefined;
    const milliseconds = await tracer.trace(picture);
    if (milliseconds !== undefined) took.value = milliseconds;
  }

  /** The clean estimate of each point at a position of the axis. */
  const estimate = (points: Float32Array, at: number): Float64Array =>
    tracer.estimate(points, levelOf(logSnrAt(at)));

  onScopeDispose(tracer.stop);
  return { ddim, ddpm, took, trace, estimate };
}
