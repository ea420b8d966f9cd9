/** A figure that has stood still for longer than this, in ms, has ended its motion. */
export const REST = 250;
/** A frame that takes longer than this, in ms, is late: 30 frames a second. */
const LATE = 1000 / 30;
/** A motion whose frames all take less than this, in ms, has time for more pixels. */
const QUICK = LATE / 5;
/** So many late frames in a row are too many. */
const TOO_MANY = 2;

/**
 * Tells a figure whether to be drawn with few pixels now: while it moves, on a machine where frames
 * take too long. Times are in ms.
 */
export function movingPixels() {
  let slow = false;
  let ended = Number.NEGATIVE_INFINITY;
  let late = 0;
  let quick = false;
  return {
    /** Call it at the start of each redraw. */
    now(start: number): "all" | "few" {
      if (start - ended <= REST) return slow ? "few" : "all";
      if (quick) slow = false;
      late = 0;
      quick = true;
      return "all";
    },
    /** Call it when the frame of a redraw is there, and the page can do other work again. */
    drew(start: number, end: number): void {
      ended = end;
      late = end - start > LATE ? late + 1 : 0;
      quick &&= end - start < QUICK;
      if (late === TOO_MANY) slow = true;
    },
  };
}
