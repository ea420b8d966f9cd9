import { standardize, twoMoons } from "@gen/data";
import { slicedWasserstein } from "@gen/math";
import { mlp } from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { stepTable } from "@gen/sampling";
import { linearSchedule, timestepPairs, timesteps } from "@gen/schedules";
import { afterAll, describe, expect, it } from "vitest";
import { ddpmSteps, generate, sample, trainDdpm, trainEdm } from "../src/index.ts";
import type { TrainDdpmOptions } from "../src/train-ddpm.ts";

const schedule = linearSchedule({ steps: 100, betaEnd: 0.15 });
const { dataset } = standardize(twoMoons({ n: 4000, seed: 0 }));
const network = () => mlp({ inputs: 2, hidden: [64, 64], time: { features: 16 }, seed: 3 });
const onnx = await onnxBackend();

afterAll(() => onnx.close());

const train = (options: Partial<TrainDdpmOptions>) =>
  trainDdpm({ backend: onnx, network: network(), dataset, schedule, steps: 100, ...options });

describe("a DDPM of two moons", () => {
  it("makes moons from noise, with every step and with few deterministic steps", async () => {
    const before = onnx.memory().live;
    const {
      pipeline: { denoiser },
    } = await train({
      steps: 1000,
      learningRate: 3e-3,
      ema: 0.99,
      batchSize: 256,
    });
    const levels = (steps: number) =>
      timestepPairs(timesteps(schedule, { steps, spacing: "trailing" })).map(({ t, next }) => ({
        t,
        from: schedule.level(t),
        to: schedule.level(next),
      }));
    const fresh = standardize(twoMoons({ n: 2000, seed: 9 })).dataset.data;
    const distance = (points: ArrayLike<number>) => slicedWasserstein(points, fresh, 2);
    const run = { backend: onnx, denoiser, shape: [2000, 2], seed: 1, clip: 3 };
    const ddpm = await sample({ ...run, steps: ddpmSteps(schedule) });
    const ddim = await sample({ ...run, steps: stepTable(levels(20)) });
    const noise = await sample({ denoiser: (x) => x, steps: stepTable([still]), shape: [2000, 2] });
    expect(distance(noise.x)).toBeGreaterThan(0.28);
    expect(distance(ddpm.x)).toBeLessThan(0.15);
    expect(distance(ddim.x)).toBeLessThan(0.15);
    expect(onnx.memory().live).toBe(before);
  });

  it("makes moons by EDM's training and Karras's levels, with both of its samplers", async () => {
    const options = { backend: onnx, network: network(), dataset, dataDeviation: 1 };
    const { pipeline } = await trainEdm({
      ...options,
      ...{ steps: 1000, learningRate: 3e-3, ema: 0.99, batchSize: 256 },
    });
    const fresh = standardize(twoMoons({ n: 2000, seed: 9 })).dataset.data;
    const run = { backend: onnx, count: 2000, seed: 1 };
    for (const way of [{ steps: 40 }, { steps: 20, sampler: "dpm-solver++" as const }]) {
      const { x } = await generate(pipeline, { ...run, ...way });
      expect(slicedWasserstein(x, fresh, 2)).toBeLessThan(0.15);
    }
    await expect(generate(pipeline, { ...run, steps: 4, sampler: "ddim" })).rejects.toThrow(
      "sampler must be euler or dpm-solver++, without spacing, for EDMEulerScheduler",
    );
    // Stopped and continued: the same weights.
    const short = { ...options, batchSize: 16, ema: 0.9 };
    const whole = await trainEdm({ ...short, steps: 6 });
    const half = await trainEdm({ ...short, steps: 3 });
    const rest = await trainEdm({ ...short, steps: 6, resume: half.training.state });
    expect(rest.ema).toEqual(whole.ema);
  });

  it("trains and samples to the same numbers on every backend", async () => {
    const tfjs = await tfjsBackend();
    try {
      const backends: Backend[] = [cpuBackend(), onnx, tfjs];
      const found = [];
      for (const backend of backends) {
        const {
          pipeline: { denoiser },
          training,
        } = await train({ backend, batchSize: 32, logEvery: 10 });
        const steps = ddpmSteps(schedule, { steps: 10 });
        const { x } = await sample({ backend, denoiser, steps, shape: [8, 2], seed: 5 });
        const losses = training.history.map(({ losses }) => losses.loss);
        found.push({ losses, x: Array.from(x) });
        expect(backend.memory().live).toBe(0);
      }
      const [reference, ...others] = found;
      expect(reference.losses.at(-1)).toBeLessThan(reference.losses[0]);
      for (const { losses, x } of others) {
        for (const [i, loss] of reference.losses.entries()) {
          expect(Math.abs(losses[i] - loss)).toBeLessThan(1e-3 * loss);
        }
        for (const [i, v] of reference.x.entries()) expect(Math.abs(x[i] - v)).toBeLessThan(1e-3);
      }
    } finally {
      await tfjs.close();
    }
  });

  it("resumes to the numbers of an uninterrupted training", async () => {
    const options = { batchSize: 500, steps: 12, logEvery: 1 };
    const whole = await train(options);
    const half = await train({ ...options, steps: 9 });
    const rest = await train({ ...options, resume: half.training.state });
    expect(rest.training.history).toEqual(whole.training.history.slice(9));
  });

  it("learns every prediction type", async () => {
    // The data are one point, so every target follows from x and t. Both targets have variances
    // near 1, the loss of a network with output 0.
    const point = { ...dataset, data: dataset.data.map((_, i) => (i % 2 === 0 ? 1 : -1)) };
    for (const predicts of ["epsilon", "x0", "v"] as const) {
      const {
        pipeline: { denoiser },
        training,
      } = await train({
        predicts,
        dataset: point,
        steps: 300,
        learningRate: 3e-3,
      });
      expect(denoiser.predicts).toBe(predicts);
      const last = training.history.slice(-5).map(({ losses }) => losses.loss / 5);
      expect(last.reduce((a, b) => a + b)).toBeLessThan(0.3);
    }
  });

  it("takes labels as the condition and refuses data without them", async () => {
    const conditional = () => mlp({ inputs: 2, hidden: [8], time: true, classes: 2 });
    const { pipeline, training } = await train({ network: conditional(), steps: 2 });
    expect(training.step).toBe(2);
    const scheduler = { schedule, predictionType: "epsilon", clip: null };
    expect(pipeline).toMatchObject({ kind: "diffusion", scheduler, shape: [2] });
    expect(pipeline.classes).toHaveLength(2);
    const options = { backend: onnx, count: 2, steps: 2, condition: [0, 1], guidance: 2 };
    expect((await generate(pipeline, options)).shape).toEqual([2, 2]);
    await expect(
      train({ network: conditional(), dataset: { ...dataset, labels: undefined } }),
    ).rejects.toThrow("the network takes a condition, but two moons has no labels");
  });

  it("warns when the last level still holds signal", async () => {
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    await train({ schedule: linearSchedule({ steps: 100 }), steps: 1, onWarning });
    expect(warnings).toEqual([
      expect.stringContaining("the last of 100 levels still holds 0.603 of"),
    ]);
    await train({ steps: 1, onWarning });
    expect(warnings).toHaveLength(1);
  });
});

const still = { t: 0, from: { signal: 1, noise: 1 }, to: { signal: 1, noise: 1 } };
