import { levelOf, logSnrAt } from "@gen/figures";
import type { GuidedRun } from "./create-work.ts";

/**
 * The exact draws of a run `[n, 2]` with as much noise as a position of the axis has. The noise is
 * the guided points' first one, so that both halves of the picture start alike.
 */
export function noisyExact({ exact, noise: start }: GuidedRun, at: number): Float32Array {
  const { signal, noise } = levelOf(logSnrAt(at));
  return exact.map((v, i) => signal * v + noise * start[i]);
}
