import { arrayDataset } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { tensor } from "@gen/graph";
import { randomStream } from "@gen/math";
import { unet } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { linearSchedule } from "@gen/schedules";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline, pipelineFiles } from "../src/index.ts";

const onnx = await onnxBackend();
afterAll(() => onnx.close());

// Images of one brightness each, which the context tells; the label tells its sign.
const length = 32;
const level = randomStream({ seed: 6 }).normal(length);
const labels = Int32Array.from(level, (v) => (v > 0 ? 1 : 0));
const data = Float32Array.from({ length: length * 16 }, (_, i) => level[i >> 4]);
const dataset = arrayDataset(
  { data, shape: [length, 1, 4, 4], dtype: "float32" },
  { name: "flat", labels: { data: labels, shape: [length], dtype: "int32" } },
);
// Two tokens of three features, the brightness in each.
const context = tensor(
  Float32Array.from({ length: length * 6 }, (_, i) => level[Math.floor(i / 6)]),
  [length, 2, 3],
);

const small = { size: 4, channels: 8, multipliers: [1], seed: 2 };
const both = () => unet({ ...small, classes: 2, crossAttention: { features: 3 } });
type TrainOptions = Parameters<typeof trainDdpm>[0];

const train = (options: Pick<TrainOptions, "network"> & Partial<TrainOptions>) =>
  trainDdpm({ backend: onnx, dataset, batchSize: 16, steps: 80, learningRate: 5e-3, ...options });

describe("training", () => {
  it("with labels and a context, new and loaded again, brings the loss down", async () => {
    const first = await train({ network: both(), condition: { context }, logEvery: 1 });
    const files = pipelineFiles({
      kind: "diffusion",
      denoiser: first.pipeline.denoiser,
      scheduler: { schedule: linearSchedule() },
      shape: [1, 4, 4],
    });
    const loaded = await loadPipeline((path) => Promise.resolve(files[path]));
    const next = await train({
      network: loaded.denoiser,
      condition: { encoder_hidden_states: context },
      conditionDropout: 0.1,
      unconditional: { class_labels: 2, encoder_hidden_states: 0 },
    });
    const losses = [first, next].map(({ training }) =>
      training.history.map(({ losses }) => losses.loss),
    );
    // A new UNet gives zero, and noise has a mean square of 1.
    expect(losses[0][0]).toBeGreaterThan(0.8);
    expect(losses[1].at(-1)).toBeLessThan(0.4);
    expect(onnx.memory().live).toBe(0);
  });
});
