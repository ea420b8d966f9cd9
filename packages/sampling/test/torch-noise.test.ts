import type { Expr } from "@gen/graph";
import { torchCpuGenerator, torchCudaGenerator } from "@gen/math";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { readSchedulerConfig } from "@gen/schedules";
import { expect, test } from "vitest";
import {
  denoiser,
  generate,
  keyedNoise,
  type Step,
  sample,
  schedulerSteps,
  torchNoise,
} from "../src/index.ts";

const [count, size] = [5, 7];
const generator = torchCpuGenerator(9);
const [initial, first, second, third] = [0, 1, 2, 3].map(() => generator.randn(count * size));

test("PyTorch's noise is drawn for all samples at once, also for a step that needs none", () => {
  const whole = torchNoise(9, [count, size]);
  expect(whole.x).toEqual(initial);
  expect(whole.noise(0)).toEqual(first);
  const one = torchNoise(9, [2, size], { count });
  const other = torchNoise(9, [3, size], { firstIndex: 2, count });
  expect([...one.x, ...other.x]).toEqual([...initial]);
  expect(one.noise(0)).toEqual(first.subarray(0, 14));
  expect(one.noise(1)).toEqual(second.subarray(0, 14));
  expect(other.noise(2)).toEqual(third.subarray(14));
});

test("other draws may come before", () => {
  const other = torchCpuGenerator(9);
  for (const normals of [24, 5]) other.randn(normals);
  const [x, next] = [0, 1].map(() => other.randn(count * size));
  const seeded = torchNoise(9, [count, size], { before: [24, 5] });
  expect([seeded.x, seeded.noise(0), seeded.noise(1), seeded.noise(0)]).toEqual([
    x,
    next,
    other.randn(count * size),
    next,
  ]);
  expect(() => torchNoise(9, [1], { before: [-1] })).toThrow("before must be a list of an integer");
});

test("a step has the same noise when called again", () => {
  const { noise } = torchNoise(9, [count, size]);
  expect(noise(2)).toEqual(third);
  expect(noise(2)).toEqual(third);
  expect(noise(0)).toEqual(first);
  expect(noise(1)).toEqual(second);
});

test("on a GPU, the draws are those of its generator", () => {
  const gpu = torchCudaGenerator(9, 256);
  const draws = [0, 1, 2].map(() => gpu.randn(600));
  const { x, noise } = torchNoise(9, [2, 300], { device: "cuda", threads: 256 });
  expect([x, noise(0), noise(1), noise(0)]).toEqual([...draws, draws[1]]);
  expect(x).not.toEqual(torchNoise(9, [2, 300]).x);
  expect(() => torchNoise(9, [1], { device: "gpu" as "cuda" })).toThrow(
    "device must be cpu or cuda",
  );
});

test("a class that draws in each second row gives the draw of each row", () => {
  // KDPM2AncestralDiscreteScheduler.step (diffusers 0.39) draws in its second-order branch alone.
  const scheduler = readSchedulerConfig({ _class_name: "KDPM2AncestralDiscreteScheduler" });
  const { draws } = schedulerSteps(scheduler, { steps: 3 });
  expect(draws).toEqual([0, 0, 1, 1, 2]);
  const every = torchNoise(9, [1, 4]);
  const { noise } = torchNoise(9, [1, 4], { draws });
  const rows = [0, 1, 2, 3].map((row) => Array.from(noise(row)));
  const drawn = [0, 1].map((row) => Array.from(every.noise(row)));
  expect(rows).toEqual([drawn[0], drawn[0], drawn[1], drawn[1]]);
  expect(Array.from(noise(0))).toEqual(drawn[0]);
});

test("generate tells its noise which draw each row's is", async () => {
  const scheduler = readSchedulerConfig({ _class_name: "KDPM2AncestralDiscreteScheduler" });
  const network = { apply: (x: Expr) => x, parameters: [] };
  const pipeline = {
    kind: "diffusion",
    denoiser: denoiser(network),
    scheduler,
    shape: [4],
  } as const;
  const told: unknown[] = [];
  await generate(pipeline, {
    backend: cpuBackend(),
    steps: 3,
    noise: (shape, part) => {
      told.push(part);
      return torchNoise(9, shape, part);
    },
  });
  expect(told).toEqual([{ firstIndex: 0, count: 1, draws: [0, 0, 1, 1, 2] }]);
});

test("sample takes the noise", async () => {
  const row: Step = {
    t: 0,
    predicts: "epsilon",
    denoised: { x: 1, prediction: 0 },
    next: { x0: 0, x: 0, prediction: 0, noise: 1 },
  };
  const quiet = { ...row, next: { ...row.next, x: 1, noise: 0 } };
  const shape = [count, size];
  const run = { denoiser: (x: ArrayLike<number>) => Float64Array.from(x), shape };
  const { x } = await sample({ ...run, ...torchNoise(9, shape), steps: [quiet, row] });
  expect([...x]).toEqual([...second]);
});

test("a part outside the run or a bad shape throws", () => {
  expect(() => torchNoise(0, [])).toThrow(
    "shape must be [batch, ...] of positive integers, got []",
  );
  expect(() => torchNoise(0, [2, 0.5])).toThrow("got [2, 0.5]");
  expect(() => torchNoise(0, [3, 2], { count: 2 })).toThrow(
    "count must be an integer, 3 or more, got 2",
  );
  expect(() => torchNoise(0, [3, 2], { firstIndex: 3, count: 5 })).toThrow(
    "firstIndex must be an integer in 0..2 for 3 of 5 samples, got 3",
  );
  expect(() => torchNoise(-1, [3])).toThrow(/seed/);
});

test("noise by keys is that of each sample's own run, on any table", async () => {
  const network = { parameters: [], apply: (x: Expr) => x };
  const config = readSchedulerConfig({ _class_name: "DDPMScheduler" });
  const { steps } = schedulerSteps(config, { steps: 4 });
  const run = { backend: cpuBackend(), denoiser: denoiser(network), steps };
  const own = async (seed: number, firstIndex: number, batch: number) =>
    (await sample({ ...run, seed, firstIndex, shape: [batch, size] })).x;
  const keys = [
    { seed: 4, index: 1 },
    { seed: 4, index: 2 },
    { seed: 5, index: 0 },
    { seed: 4, index: 0 },
  ];
  const { x } = await sample({ ...run, shape: [4, size], ...keyedNoise(keys, [4, size]) });
  const alone = [await own(4, 1, 2), await own(5, 0, 1), await own(4, 0, 1)];
  expect(Array.from(x)).toEqual(alone.flatMap((part) => Array.from(part)));
  expect(() => keyedNoise(keys, [3, size])).toThrow("keys must be 3, as the batch, got 4");
  expect(() => keyedNoise([{ seed: -1, index: 0 }], [1, 1])).toThrow("keys must be");
});
