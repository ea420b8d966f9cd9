import { monitorEventLoopDelay } from "node:perf_hooks";
import { matmul, parameter, tensor, trace } from "@gen/graph";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { alternate, median, threeDigits, timesAsFast } from "../measure.mjs";
import { trainingSteps } from "../unet.mjs";

const batch = 64;
const most = 50;
/** Rows and columns of the matrices: 12 of them take 200 MB. */
const [side, matrices] = [2048, 12];

export const title = "Servers: the greatest delay of the event loop";
export const versions = ["onnxruntime-node"];

/** The milliseconds that the event loop stood still at most while `work` ran. */
async function greatestDelay(work) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  // A delay is the time between two turns of the loop, so one turn must come before the work. A
  // `reset` would forget this turn, and with it the delay of work that blocks at once.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const result = await work();
  await new Promise((resolve) => setTimeout(resolve, 20));
  delays.disable();
  return { result, delay: delays.max / 1e6 };
}

function largeGraph() {
  const data = new Float32Array(side * side).fill(1e-3);
  return trace(
    ({ x }) => {
      let y = x;
      for (let i = 0; i < matrices; i++) {
        y = matmul(y, parameter(`w${i}`, tensor(data, [side, side])));
      }
      return { y };
    },
    { x: { shape: [1, side] } },
  );
}

export async function measure() {
  const options = { here: {}, worker: { worker: true } };
  const [delays, runners, backends, opening] = [{}, {}, {}, {}];
  const graph = largeGraph();
  for (const [name, where] of Object.entries(options)) {
    const backend = await onnxBackend({ provider: "cpu", threads: 2, ...where });
    const { delay, result } = await greatestDelay(() => backend.compile(graph));
    opening[name] = delay;
    await result.dispose();
    backends[name] = backend;
    runners[name] = await trainingSteps(backend, batch);
    delays[name] = [];
  }
  const sides = Object.fromEntries(
    Object.entries(runners).map(([name, { steps }]) => [
      name,
      async (count) => {
        const { result, delay } = await greatestDelay(() => steps(count));
        delays[name].push(delay);
        return result;
      },
    ]),
  );
  const blocks = await alternate(sides, { rounds: 5, count: 2, warmUp: 1 });
  for (const { stop } of Object.values(runners)) await stop();
  for (const backend of Object.values(backends)) await backend.close();
  const row = (work, worker, here) => ({
    work,
    ours: `${threeDigits(worker)} ms with worker: true`,
    peer: `${threeDigits(here)} ms without`,
    target: `<= ${most} ms`,
    pass: worker <= most,
  });
  const ratio = timesAsFast(blocks.worker, blocks.here);
  return [
    row(
      `UNet 28x28, 1.1 M parameters, trains at batch ${batch}`,
      Math.max(...delays.worker),
      Math.max(...delays.here),
    ),
    row("a session of 200 MB opens", opening.worker, opening.here),
    {
      work: "the training step",
      ours: `${threeDigits(median(blocks.worker.flat()))} ms with worker: true`,
      peer: `${threeDigits(median(blocks.here.flat()))} ms without`,
      ratio: `${threeDigits(ratio)}x`,
      target: ">= 0.97x",
      pass: ratio >= 0.97,
    },
  ];
}
