/** Redraws that are further apart than this, in ms, are not one motion. */
export const REST = 250;
/** A motion with longer frames than this, in ms, is not smooth: 30 frames a second. */
const SLOW = 1000 / 30;
/** A motion with frames shorter than this, in ms, has time for more pixels. */
const FAST = 1000 / 90;
/** The frames of a motion that must have passed before it is judged. */
const JUDGED = 4;
/** The mean of a motion's frames goes over about the last eight. */
const LATELY = 8;

/**
 * Tells a figure whether to be drawn with few pixels now: while it moves, on a machine where its
 * frames take too long. Call it at each redraw with the time in ms.
 */
export function movingPixels(): (now: number) => "all" | "few" {
  let slow = false;
  let last = Number.NEGATIVE_INFINITY;
  let frames = 0;
  let mean = 0;
  return (now) => {
    const took = now - last;
    last = now;
    if (took > REST) {
      if (frames >= JUDGED && mean < FAST) slow = false;
      frames = 0;
      mean = 0;
      return "all";
    }
    frames++;
    mean += (took - mean) / Math.min(frames, LATELY);
    if (frames >= JUDGED && mean > SLOW) slow = true;
    return slow ? "few" : "all";
  };
}
