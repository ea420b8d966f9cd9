import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startServer } from "@gen/server";
import { threeDigits } from "../measure.mjs";

export const title = "Requests: 50 clients of one server";

const clients = 50;
const batch = 16;
const steps = 10;

/**
 * A model that takes a fixed time for a run of any size, as a GPU does, so that what is measured is the
 * server. Its samples tell their seed.
 */
const fixedModel = (milliseconds) => ({
  prompts: false,
  stepsOf: () => steps,
  keyOf: () => "all",
  async draw(requests, { signal, onStep }) {
    const end = performance.now() + milliseconds;
    for (let step = 1; step <= steps; step++) {
      const left = end - (milliseconds * (steps - step)) / steps - performance.now();
      await new Promise((done) => setTimeout(done, Math.max(0, left)));
      signal.throwIfAborted();
      onStep({ done: step / steps, steps });
    }
    return requests.map(({ count, seed }) => ({
      x: new Float32Array(64 * count).fill(seed),
      shape: [count, 64],
      steps,
    }));
  },
  dispose: async () => undefined,
});

/** Lets 50 clients ask, each again as soon as it has its answer, while `isOn` of the count so far. */
async function fire(url, isOn) {
  const found = { sent: 0, right: 0, wrong: 0, lost: 0, times: [] };
  const client = async () => {
    while (isOn(found.sent)) {
      const seed = found.sent++;
      const started = performance.now();
      try {
        const answer = await fetch(`${url}/v1/samples`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ seed }),
        });
        const { values = [] } = await answer.json();
        const isRight =
          values.length === 64 && values.every((value) => value === Math.fround(seed));
        found[isRight ? "right" : "wrong"]++;
      } catch {
        found.lost++;
      }
      found.times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return found;
}

const ideal = "requests answered rightly; a model of fixed duration stands in for a GPU";

export async function measure({ quick }) {
  const [run, seconds, many] = quick ? [100, 3, 1000] : [200, 60, 10_000];
  const server = await startServer({ model: fixedModel(run), port: 0, limits: { batch } });
  const end = performance.now() + 1000 * seconds;
  const { sent, right, wrong, lost, times } = await fire(server.url, () => performance.now() < end);
  await server.close(1);
  const p95 = times.sort((a, b) => a - b)[Math.floor(0.95 * times.length)];
  // A request waits until all before it are done: whole runs, its own included.
  const best = Math.ceil(clients / batch) * run;

  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const heap = async () => {
    await new Promise((done) => setTimeout(done, 100));
    collect();
    return process.memoryUsage().heapUsed / 1e6;
  };
  const flat = await startServer({ model: fixedModel(1), port: 0, limits: { batch } });
  await fire(flat.url, (count) => count < many / 10);
  const before = await heap();
  await fire(flat.url, (count) => count < many);
  const growth = (await heap()) - before;
  await flat.close(1);
  return [
    {
      work: `${clients} clients for ${seconds} s`,
      ours: `${right} of ${sent} ${ideal}`,
      target: "all",
      pass: right === sent && wrong + lost === 0,
    },
    {
      work: `95th percentile of an answer, runs of ${run} ms for ${batch} requests`,
      ours: `${Math.round(p95)} ms`,
      peer: `${best} ms: ${best / run} whole runs, without any other work`,
      ratio: `${threeDigits(p95 / best)}x`,
      target: "<= 1.2x",
      pass: p95 <= 1.2 * best,
    },
    {
      work: `growth of the heap over ${many} requests, after the first ${many / 10}`,
      ours: `${threeDigits(growth)} MB`,
      target: "<= 5 MB",
      pass: growth <= 5,
    },
  ];
}
