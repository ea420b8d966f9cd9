/*
 * The one clock of the figures. A run takes 2.4 s, even in log SNR. The picture is then held for
 * 1.2 s, and the clock rests: it requests no more frames.
 */

/** Length of a run, in milliseconds. */
export const RUN = 2400;
/** Length of the hold after a run, in milliseconds. */
export const HOLD = 1200;

export type Motion = "run" | "hold" | "rest";

/** What a clock needs of its page. */
export interface PageTime {
  requestFrame(callback: (now: number) => void): number;
  cancelFrame(request: number): void;
  /** Whether the reader prefers reduced motion. */
  reducedMotion(): boolean;
  hidden(): boolean;
  /** Calls back when the page is hidden or shown. Returns a function that ends the calls. */
  onVisibility(callback: () => void): () => void;
}

export interface ClockOptions {
  /** Called with each position of a run in [0, 1], and once when it is held and when it rests. */
  onMove(at: number, motion: Motion): void;
  /** The last position that can be shown now. The clock waits there. @defaultValue 1 */
  limit?(): number;
  time?: PageTime;
}

export interface Clock {
  /** Runs from the start. With reduced motion, goes to the end at once and requests no frame. */
  play(): void;
  /** Goes to a position and rests there. */
  seek(at: number): void;
  dispose(): void;
}

// After a long pause, such as a busy thread, the clock goes on where it was.
const LONGEST_FRAME = 100;

export function createClock({ onMove, limit = () => 1, time = pageTime() }: ClockOptions): Clock {
  let motion: Motion = "rest";
  let at = 0;
  let held = 0;
  let last: number | undefined;
  let request = 0;

  function tick(now: number): void {
    request = 0;
    const elapsed = Math.min(now - (last ?? now), LONGEST_FRAME);
    last = now;
    const before = motion;
    if (motion === "run") {
      at = Math.max(at, Math.min(at + elapsed / RUN, limit(), 1));
      if (at === 1) motion = "hold";
    } else {
      held += elapsed;
      if (held >= HOLD) motion = "rest";
    }
    if (motion === "run" || motion !== before) onMove(at, motion);
    schedule();
  }

  function schedule(): void {
    if (motion === "rest" || request || time.hidden()) return;
    request = time.requestFrame(tick);
  }

  function pause(): void {
    if (request) time.cancelFrame(request);
    request = 0;
    last = undefined;
  }

  function rest(position: number): void {
    pause();
    motion = "rest";
    at = Math.min(Math.max(position, 0), 1);
    onMove(at, motion);
  }

  const endVisibility = time.onVisibility(() => (time.hidden() ? pause() : schedule()));
  return {
    play() {
      if (time.reducedMotion()) {
        rest(1);
        return;
      }
      pause();
      motion = "run";
      at = 0;
      held = 0;
      onMove(at, motion);
      schedule();
    },
    seek: rest,
    dispose() {
      pause();
      motion = "rest";
      endVisibility();
    },
  };
}

function pageTime(): PageTime {
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  return {
    requestFrame: (callback) => requestAnimationFrame(callback),
    cancelFrame: (request) => cancelAnimationFrame(request),
    reducedMotion: () => reduced.matches,
    hidden: () => document.hidden,
    onVisibility(callback) {
      document.addEventListener("visibilitychange", callback);
      return () => document.removeEventListener("visibilitychange", callback);
    },
  };
}
