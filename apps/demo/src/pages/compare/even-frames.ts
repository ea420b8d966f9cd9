import type { Trace } from "./compare-work.ts";

/** Number of steps of the even frames. */
export const evenSteps = 72;

/**
 * The frames of a trace at even positions, `evenSteps + 1` of them, on straight lines between its
 * own frames. Of the frames at position 0, the first one counts: the noise that a path starts from.
 */
export function evenFrames({
  frames,
  positions,
}: Pick<Trace, "frames" | "positions">): Float32Array[] {
  const shown = frames.flatMap((x, i) =>
    i === 0 || positions[i] > 0 ? [{ x, at: positions[i] }] : [],
  );
  let after = 1;
  return Array.from({ length: evenSteps + 1 }, (_, step) => {
    const at = step / evenSteps;
    while (after < shown.length - 1 && shown[after].at < at) after++;
    const [from, to] = [shown[after - 1], shown[after]];
    const share = (at - from.at) / (to.at - from.at);
    return from.x.map((v, i) => v + share * (to.x[i] - v));
  });
}
