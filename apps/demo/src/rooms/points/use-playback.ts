import { onScopeDispose, ref, shallowRef, triggerRef } from "vue";

interface Moment {
  readonly points: Float32Array;
  readonly t: number;
}

const still = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Plays frames that come at uneven times as one even motion, points moving straight from each frame
 * to the next; a run that is over sooner than `shortest` milliseconds is still shown in that time.
 */
export function usePlayback(shortest = 1400) {
  /** What to show now; the array is reused, so watch the reference's triggers. */
  const shown = shallowRef<Float32Array>();
  const t = ref<number>();
  let queue: Moment[] = [];
  let from: Moment | undefined;
  let heard = 0;
  let interval = 0;
  let left = 0;
  let last = 0;
  let request = 0;

  function restart(): void {
    queue = [];
    from = undefined;
    interval = 0;
    t.value = undefined;
  }

  /** `expected`: how many frames the whole run has. */
  function push(moment: Moment, expected: number): void {
    const now = performance.now();
    if (!from || still.matches) {
      show(moment);
      return;
    }
    // As slow as the frames come, so that a long run moves without pauses.
    const since = Math.min(now - heard, 400);
    interval = Math.max(shortest / expected, queue.length > 2 ? 0 : since * 0.95);
    heard = now;
    queue.push(moment);
    if (!request) {
      left = interval;
      last = now;
      request = requestAnimationFrame(tick);
    }
  }

  function show(moment: Moment): void {
    from = moment;
    heard = performance.now();
    t.value = moment.t;
    shown.value = moment.points.slice();
  }

  function tick(now: number): void {
    request = 0;
    let passed = now - last;
    last = now;
    while (queue.length > 0 && passed >= left) {
      passed -= left;
      left = interval;
      show(queue.shift() as Moment);
    }
    const [to] = queue;
    if (!to || !from || !shown.value) return;
    left -= passed;
    const share = 1 - left / interval;
    const { points } = from;
    shown.value.forEach((_, i, now) => {
      now[i] = points[i] + share * (to.points[i] - points[i]);
    });
    triggerRef(shown);
    request = requestAnimationFrame(tick);
  }

  onScopeDispose(() => cancelAnimationFrame(request));
  return { shown, t, push, restart };
}
