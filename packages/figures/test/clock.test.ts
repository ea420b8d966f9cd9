import { expect, test } from "vitest";
import { createClock, HOLD, type Motion, type PageTime, RUN } from "../src/clock.ts";

/** A page's time that tests move by hand. */
function manualTime() {
  let now = 0;
  let reduced = false;
  let hidden = false;
  let visibility = () => {};
  let pending: ((now: number) => void) | undefined;
  const counts = { requested: 0 };
  const time: PageTime = {
    requestFrame(callback) {
      counts.requested++;
      pending = callback;
      return counts.requested;
    },
    cancelFrame() {
      pending = undefined;
    },
    reducedMotion: () => reduced,
    hidden: () => hidden,
    onVisibility(callback) {
      visibility = callback;
      return () => {
        visibility = () => {};
      };
    },
  };
  return {
    time,
    counts,
    waiting: () => pending !== undefined,
    reduce: () => {
      reduced = true;
    },
    hide(to: boolean) {
      hidden = to;
      visibility();
    },
    /** Gives the clock its frames for a time. */
    pass(milliseconds: number, each = 10) {
      for (let t = 0; t < milliseconds; t += each) {
        now += each;
        const callback = pending;
        pending = undefined;
        callback?.(now);
      }
    },
  };
}

function startClock(limit?: () => number) {
  const page = manualTime();
  const moves: { at: number; motion: Motion }[] = [];
  const clock = createClock({
    onMove: (at, motion) => moves.push({ at, motion }),
    limit,
    time: page.time,
  });
  return { page, moves, clock, last: () => moves[moves.length - 1] };
}

test("a run takes 2.4 s, is held for 1.2 s, and then requests no frame", () => {
  const { page, clock, last } = startClock();
  clock.play();
  expect(last()).toEqual({ at: 0, motion: "run" });
  page.pass(10 + RUN / 2);
  expect(last().at).toBeCloseTo(0.5, 9);
  page.pass(RUN / 2 + 10);
  expect(last()).toEqual({ at: 1, motion: "hold" });
  page.pass(HOLD - 30);
  expect(last().motion).toBe("hold");
  page.pass(30);
  expect(last().motion).toBe("rest");
  const { requested } = page.counts;
  page.pass(5000);
  expect(page.counts.requested).toBe(requested);
});

test("with reduced motion, a run is at its end at once and requests no frame", () => {
  const { page, clock, moves } = startClock();
  page.reduce();
  clock.play();
  expect(moves).toEqual([{ at: 1, motion: "rest" }]);
  expect(page.counts.requested).toBe(0);
});

test("a hidden page stops the clock, which goes on where it was", () => {
  const { page, clock, last } = startClock();
  clock.play();
  page.pass(610);
  const before = last().at;
  page.hide(true);
  expect(page.waiting()).toBe(false);
  page.pass(60_000);
  page.hide(false);
  page.pass(10);
  expect(last().at).toBeCloseTo(before, 9);
  page.pass(600);
  expect(last().at).toBeCloseTo(before + 600 / RUN, 9);
});

test("the clock waits for frames that are not traced yet", () => {
  let ready = 0.1;
  const { page, clock, last } = startClock(() => ready);
  clock.play();
  page.pass(RUN);
  expect(last()).toEqual({ at: 0.1, motion: "run" });
  ready = 1;
  page.pass(RUN, 20);
  expect(last().at).toBe(1);
});

test("a seek ends the run and stays in [0, 1]", () => {
  const { page, clock, last } = startClock();
  clock.play();
  page.pass(100);
  clock.seek(3);
  expect(last()).toEqual({ at: 1, motion: "rest" });
  clock.seek(-1);
  expect(last()).toEqual({ at: 0, motion: "rest" });
  expect(page.waiting()).toBe(false);
  clock.dispose();
  page.hide(false);
  expect(page.waiting()).toBe(false);
});
