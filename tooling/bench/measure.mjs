// Timing for Node and pages. Our code and the peer run alternately in one process.
const quick = globalThis.process?.argv.includes("--quick") ?? false;

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [below, above] = [Math.floor(place), Math.ceil(place)];
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

export const median = (values) => quantile(values, 0.5);

/** A number with three significant digits. */
export const threeDigits = (value) => {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toFixed(Math.min(digits, 4));
};

/** `median [quartile, quartile] unit`. */
export const spread = (values, unit = "ms") =>
  `${threeDigits(median(values))} ${unit} [${threeDigits(quantile(values, 0.25))}, ${threeDigits(quantile(values, 0.75))}]`;

/** A side of {@link alternate}: calls `step` `count` times and returns the milliseconds of each. */
export const timeSteps = (step) => async (count) => {
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  return times;
};

/**
 * Measures in alternating blocks (A B A B), so that slow changes of the machine affect all sides
 * equally. Each side first runs `settle` steps. The first `warmUp` steps of a block do not count.
 * Returns the milliseconds of each step of each block, by side.
 */
export async function alternate(sides, { rounds, count, warmUp = 3, settle = warmUp + 2 }) {
  const blocks = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (const steps of Object.values(sides)) await steps(quick ? 2 : settle);
  for (let round = 0; round < (quick ? 2 : rounds); round++) {
    for (const [name, steps] of Object.entries(sides)) {
      const times = await steps(warmUp + (quick ? Math.ceil(count / 4) : count));
      blocks[name].push(times.slice(warmUp));
    }
  }
  return blocks;
}

/** The speed of `ours` relative to `peer`: the median over the rounds of the ratio of medians. */
export const timesAsFast = (ours, peer) =>
  median(ours.map((block, round) => median(peer[round]) / median(block)));

/**
 * Turns a loop that awaits `onStep` into a side of {@link alternate}. The first step includes the
 * start and is not timed. `onStep` is called after `each` steps, which share their time evenly.
 */
export async function stepRunner(start, each = 1) {
  const signal = { aborted: false };
  let [left, last, times, resume, settle] = [1, 0, [], () => {}, undefined];
  const pause = () =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
  const onStep = () => {
    const now = performance.now();
    times.push((now - last) / each);
    last = now;
    if (--left > 0) return undefined;
    return new Promise((resolve) => {
      resume = () => {
        last = performance.now();
        resolve();
      };
      settle.resolve(times);
    });
  };
  const started = pause();
  const running = start({ onStep, signal });
  running.catch((error) => settle.reject(error));
  await started;
  return {
    steps(count) {
      [left, times] = [count, []];
      const done = pause();
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
