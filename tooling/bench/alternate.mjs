// @ts-check
import { median } from "./statistics.mjs";

/**
 * Something that takes steps when told: gives the milliseconds of each.
 * @typedef {(count: number) => Promise<number[]> | number[]} Steps
 */

/** Calls, one after the other. @param {() => unknown} step @returns {Steps} */
export const timed = (step) => async (count) => {
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  return times;
};

/**
 * Measures in alternating blocks (A B A B), so that whatever drifts on the machine hits all alike.
 * The first steps of each block, which find cold caches and sleeping threads, do not count.
 *
 * @param {Record<string, Steps>} sides
 * @param {{ rounds: number, count: number, warmUp?: number, settle?: number, onRound?: (share: number) => void }} options
 *   `settle` steps of each side come before all rounds: WebAssembly is compiled anew while it first runs.
 * @returns {Promise<Record<string, number[][]>>} Milliseconds of each step of each block.
 */
export async function alternate(
  sides,
  { rounds, count, warmUp = 3, settle = warmUp + 2, onRound = () => {} },
) {
  /** @type {Record<string, number[][]>} */
  const blocks = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (const steps of Object.values(sides)) await steps(settle);
  for (let round = 0; round < rounds; round++) {
    for (const [name, steps] of Object.entries(sides)) {
      const times = await steps(warmUp + count);
      blocks[name].push(times.slice(warmUp));
    }
    onRound((round + 1) / rounds);
  }
  return blocks;
}

/**
 * How many times as fast `ours` is: the median, over the rounds, of the blocks' ratio.
 * @param {readonly number[][]} ours
 * @param {readonly number[][]} peer
 */
export const timesAsFast = (ours, peer) =>
  median(ours.map((block, round) => median(peer[round]) / median(block)));

/**
 * Lets a loop that awaits `onStep` take steps only when told, and times each of them.
 *
 * @param {(hooks: { onStep: () => unknown, signal: { aborted: boolean } }) => Promise<unknown>} start
 *   Its first step, which pays for starting, is not timed.
 * @param {number} [each] Steps between two calls of `onStep`, which share their time evenly.
 */
export async function stepped(start, each = 1) {
  const signal = { aborted: false };
  let left = 1;
  let last = 0;
  /** @type {number[]} */
  let times = [];
  let settle = (/** @type {number[]} */ _) => {};
  let fail = (/** @type {unknown} */ _) => {};
  let resume = () => {};
  const paused = () =>
    new Promise((/** @type {(times: number[]) => void} */ resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
  const onStep = () => {
    const now = performance.now();
    times.push((now - last) / each);
    last = now;
    if (--left > 0) return undefined;
    return new Promise((/** @type {(_?: unknown) => void} */ resolve) => {
      resume = () => {
        last = performance.now();
        resolve();
      };
      settle(times);
    });
  };
  const started = paused();
  const running = start({ onStep, signal });
  running.catch((error) => fail(error));
  await started;
  return {
    /** @type {Steps} */
    steps(count) {
      left = count;
      times = [];
      const done = paused();
      resume();
      return done;
    },
    async stop() {
      signal.aborted = true;
      resume();
      await running.catch((error) => {
        if (error?.name !== "AbortError") throw error;
      });
    },
  };
}
