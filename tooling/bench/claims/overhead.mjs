import { toOnnx } from "@gen/graph/onnx";
import { unet } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import * as ort from "onnxruntime-node";
import { alternate, spread, timeSteps, timesAsFast } from "../measure.mjs";
import { moonsNetwork } from "../moons.mjs";
import { batchGraph, samplingSteps } from "../unet.mjs";

const cases = [
  {
    work: "UNet 28x28, 32 channels, batch 16",
    shape: [16, 1, 28, 28],
    network: unet({ size: 28, channels: 32, multipliers: [1, 2] }),
    count: 6,
    maxExtra: 3,
  },
  {
    work: "two-moons MLP, batch 5,000",
    shape: [5000, 2],
    network: moonsNetwork(),
    count: 60,
    maxExtra: 5,
  },
];

export const title = "Sampler overhead";
export const versions = ["onnxruntime-node"];

export async function measure() {
  const backend = await onnxBackend({ provider: "cpu", threads: 2 });
  const rows = [];
  for (const { work, shape, network, count, maxExtra } of cases) {
    const ours = await samplingSteps(backend, network, shape);
    const peer = await bareLoop(network, shape);
    const blocks = await alternate({ ours: ours.steps, peer }, { rounds: 20, count });
    await ours.stop();
    const extra = 100 * (1 / timesAsFast(blocks.ours, blocks.peer) - 1);
    rows.push({
      work: `a DDIM step beyond the model's own run: ${work}`,
      ours: spread(blocks.ours.flat()),
      peer: `bare onnxruntime-node session, inputs made once: ${spread(blocks.peer.flat())}`,
      ratio: `${extra >= 0 ? "+" : ""}${extra.toFixed(1)} %`,
      target: `<= ${maxExtra} %`,
      pass: extra <= maxExtra,
    });
  }
  await backend.close();
  return rows;
}

/** Runs the network alone, exported for this batch size. */
async function bareLoop(network, shape) {
  const options = { intraOpNumThreads: 2, logSeverityLevel: 3 };
  const model = toOnnx(batchGraph(network, shape[0]));
  const session = await ort.InferenceSession.create(model, options);
  const length = shape.reduce((a, b) => a * b, 1);
  const x = Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * i) * 1.5);
  const t = new BigInt64Array(shape[0]).fill(500n);
  const inputs = {
    x: new ort.Tensor("float32", x, shape),
    t: new ort.Tensor("int64", t, [shape[0]]),
  };
  return timeSteps(() => session.run(inputs));
}
