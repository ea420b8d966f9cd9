import { readFileSync } from "node:fs";
import { arrayDataset } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { randomStream } from "@gen/math";
import { weightsOf } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { sample, schedulerSteps } from "@gen/sampling";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline, pipelineFiles } from "../src/index.ts";

const onnx = await onnxBackend();
afterAll(() => onnx.close());

/** A UNet that PyTorch 1.13 exported with tooling/reference/onnx-models.py, beside a scheduler. */
function load(name: string, config: object = {}, folder = "../../graph/test/reference/") {
  const scheduler = JSON.stringify({ _class_name: "DDIMScheduler", ...config });
  const files: Record<string, Uint8Array> = {
    "unet/model.onnx": readFileSync(new URL(`${folder}${name}.onnx`, import.meta.url)),
    "scheduler/scheduler_config.json": new TextEncoder().encode(scheduler),
  };
  return loadPipeline((path) => Promise.resolve(files[path]));
}

// Images with both channels of one brightness, a little noisy.
const shape = [64, 2, 8, 8];
const stream = randomStream({ seed: 2, purpose: "data" });
const level = stream.uniform(64).map((v) => v - 0.5);
const data = Float32Array.from(stream.normal(64 * 128), (z, i) => 0.1 * z + level[i >> 7]);
const dataset = arrayDataset({ data, shape, dtype: "float32" }, { name: "flat" });

type TrainOptions = Parameters<typeof trainDdpm>[0];

const tune = (options: Pick<TrainOptions, "network"> & Partial<TrainOptions>) =>
  trainDdpm({ backend: onnx, dataset, batchSize: 16, steps: 60, learningRate: 3e-3, ...options });

describe("a loaded pipeline's denoiser is trained further", () => {
  it("as it is, saved, and sampled with the weights that it has then", async () => {
    const pipeline = await load("denoiser-17");
    const { schedule } = pipeline.scheduler;
    const before = weightsOf(pipeline.denoiser);
    const options = { network: pipeline.denoiser, schedule, ema: 0.9 };
    const {
      pipeline: { denoiser: tuned },
      ema,
      training,
    } = await tune(options);
    const losses = training.history.map(({ losses }) => losses.loss);
    expect(losses.at(-1)).toBeLessThan(0.6 * losses[0]);

    const files = pipelineFiles({ ...pipeline, denoiser: tuned });
    const again = await loadPipeline((path) => Promise.resolve(files[path]));
    expect(again.scheduler.config).toEqual(pipeline.scheduler.config);
    const weights = weightsOf(again.denoiser);
    expect(weights).toEqual(weightsOf(tuned));
    expect(weights).toEqual(ema);
    // The model that was given is a value: it stays as it was.
    expect(weightsOf(pipeline.denoiser)).toEqual(before);
    const changed = Object.keys(before).filter((name) =>
      before[name].data.some((v, i) => v !== weights[name].data[i]),
    );
    expect(changed).toEqual(Object.keys(before));

    const { steps, clip } = schedulerSteps(again.scheduler, { steps: 10 });
    const run = { backend: onnx, steps, clip, shape: [4, ...again.shape], seed: 1 };
    const made = await sample({ ...again, ...run });
    const direct = await sample({ ...run, denoiser: tuned });
    for (const [i, v] of direct.x.entries()) expect(made.x[i]).toBeCloseTo(v, 4);
    expect(Math.max(...made.x.map(Math.abs))).toBeLessThanOrEqual(1);
    expect(onnx.memory().live).toBe(0);
  });

  it("as well if its file has the weights in Constant nodes", async () => {
    // Written by tooling/reference/onnx-constants.py.
    const { denoiser } = await load("denoiser-constants-17", {}, "reference/");
    const before = weightsOf(denoiser);
    expect(before).toMatchObject(weightsOf((await load("denoiser-17")).denoiser));
    const { pipeline, training } = await tune({ network: denoiser });
    const losses = training.history.map(({ losses }) => losses.loss);
    expect(losses.at(-1)).toBeLessThan(0.6 * losses[0]);
    const files = pipelineFiles(pipeline);
    const again = weightsOf((await loadPipeline(async (path) => files[path])).denoiser);
    expect(again).toEqual(weightsOf(pipeline.denoiser));
    for (const [name, { data }] of Object.entries(before)) {
      expect(again[name].data.some((v, i) => v !== data[i])).toBe(true);
    }
  });

  it("towards what it predicts, and nothing else", async () => {
    const { denoiser } = await load("denoiser-17", { prediction_type: "v_prediction" });
    const tuned = await tune({ network: denoiser, predicts: "v", steps: 1 });
    expect(tuned.pipeline.denoiser.predicts).toBe("v");
    await expect(tune({ network: denoiser, predicts: "epsilon" })).rejects.toThrow(
      "predicts must be left out or v, as the denoiser does, got epsilon",
    );
  });

  it("unless one time step serves its whole batch", async () => {
    const { denoiser } = await load("denoiser-scalar-time-14");
    await expect(tune({ network: denoiser })).rejects.toThrow(
      "the denoiser takes one time step for the whole batch, and training needs one for each sample",
    );
  });
});
