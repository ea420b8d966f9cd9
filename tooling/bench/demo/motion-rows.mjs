// How smoothly a room moves: frames a second, and the longest task from load to the end of a motion.
import { boundRow, milliseconds } from "./bound-row.mjs";
import { framesASecond, moveCross, watchPage } from "./in-page.mjs";
import { picture, pressMain } from "./rooms.mjs";

/** What starts the motion of a room that has opened. */
const motions = {
  steer: pressMain,
  latent: (page) => page.evaluate(moveCross, 1500),
  images: pressMain,
  race: pressMain,
};

/** Time in which an opened room comes to rest, in milliseconds. */
const SETTLE = 3000;

const machines = {
  "": { bound: 50, options: {} },
  ", DPR 2, CPU 4x slower": { bound: 100, options: { slow: true, scale: 2 } },
};

export async function motionRows(open, repeat, frames) {
  const rows = [];
  for (const [room, move] of Object.entries(motions)) {
    for (const [machine, { bound, options }] of Object.entries(machines)) {
      const of = await repeat(async () => {
        const { page, close } = await open(`#/${room}`, { ...options, before: watchPage });
        await picture(page);
        await page.waitForTimeout(SETTLE);
        await move(page);
        const rate = await page.evaluate(framesASecond, 1500);
        const task = await page.evaluate(() => {
          const [{ loadEventEnd }] = performance.getEntriesByType("navigation");
          const late = globalThis.seen.tasks.filter(({ startTime }) => startTime >= loadEventEnd);
          return Math.max(0, ...late.map(({ duration }) => duration));
        });
        await close();
        return { rate, task };
      });
      const work = `${room}: longest task after load${machine}`;
      rows.push(boundRow({ work, values: of("task"), bound, unit: milliseconds }));
      if (!options.slow) continue;
      const moves = `${room}: its motion${machine}`;
      rows.push(
        boundRow({ work: moves, values: of("rate"), bound: 30, least: true, unit: frames }),
      );
    }
  }
  return rows;
}
