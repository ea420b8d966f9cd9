import { onScopeDispose, ref, shallowRef, triggerRef } from "vue";

interface PlaybackFrame {
  readonly points: Float32Array;
  readonly t: number;
}

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Plays frames that arrive at uneven times as one even motion. The points move in a straight line
 * from each frame to the next. A run takes at least `minDuration` milliseconds to play.
 */
export function usePlayback(minDuration = 1400) {
  /** The points to show now. The array is reused, so watch the reference's triggers. */
  const shown = shallowRef<Float32Array>();
  const t = ref<number>();
  let queue: PlaybackFrame[] = [];
  let from: PlaybackFrame | undefined;
  let lastArrival = 0;
  let interval = 0;
  let remaining = 0;
  let last = 0;
  let request = 0;

  function restart(): void {
    queue = [];
    from = undefined;
    interval = 0;
    t.value = undefined;
  }

  /** Adds a frame. `frames` is the number of frames of the whole run. */
  function push(frame: PlaybackFrame, frames: number): void {
    const now = performance.now();
    if (!from || reducedMotion.matches) {
      show(frame);
      return;
    }
    // Plays as slowly as the frames arrive, so that a long run moves without pauses.
    const sinceLast = Math.min(now - lastArrival, 400);
    interval = Math.max(minDuration / frames, queue.length > 2 ? 0 : sinceLast * 0.95);
    lastArrival = now;
    queue.push(frame);
    if (!request) {
      remaining = interval;
      last = now;
      request = requestAnimationFrame(tick);
    }
  }

  function show(frame: PlaybackFrame): void {
    from = frame;
    lastArrival = performance.now();
    t.value = frame.t;
    shown.value = frame.points.slice();
  }

  function tick(now: number): void {
    request = 0;
    let elapsed = now - last;
    last = now;
    while (queue.length > 0 && elapsed >= remaining) {
      elapsed -= remaining;
      remaining = interval;
      show(queue.shift() as PlaybackFrame);
    }
    const [to] = queue;
    if (!to || !from || !shown.value) return;
    remaining -= elapsed;
    const share = 1 - remaining / interval;
    const { points } = from;
    shown.value.forEach((_, i, array) => {
      array[i] = points[i] + share * (to.points[i] - points[i]);
    });
    triggerRef(shown);
    request = requestAnimationFrame(tick);
  }

  /** Stops at the frame that is shown now. Returns its time step. */
  function halt(): number | undefined {
    queue = [];
    return t.value;
  }

  onScopeDispose(() => cancelAnimationFrame(request));
  return { shown, t, push, restart, halt };
}
