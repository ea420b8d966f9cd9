import { arrayDataset } from "@gen/data";
import { constant, type Expr, graphOf, tensor } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { mixtureOracle, normalNoise, numberArithmetic } from "@gen/math";
import { mlp } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { classifierFree, classifierGuided, denoiserFunction, stepTable } from "@gen/sampling";
import { linearSchedule, timestepPairs, timesteps } from "@gen/schedules";
import { afterAll, describe, expect, it } from "vitest";
import type { DdpmLossInputs } from "../src/ddpm-loss.ts";
import {
  classifierLosses,
  dataBound,
  ddpmSteps,
  sample,
  type TimeSampler,
  trainClassifier,
  trainDdpm,
} from "../src/index.ts";

const schedule = linearSchedule({ steps: 100, betaEnd: 0.15 });
const onnx = await onnxBackend();
afterAll(() => onnx.close());

// Two blobs, one for each class.
const length = 2000;
const noise = normalNoise({ seed: 8, batch: length, size: 2 });
const sides = Int32Array.from({ length }, (_, i) => i % 2);
const center = (side: number) => (side === 1 ? 1 : -1);
const data = Float32Array.from(noise, (v, i) => center(sides[Math.floor(i / 2)]) + 0.3 * v);
const dataset = arrayDataset(
  { data, shape: [length, 2], dtype: "float32" },
  { name: "blobs", labels: { data: sides, shape: [length], dtype: "int32" } },
);
const options = { backend: onnx, dataset, schedule, batchSize: 256, learningRate: 3e-3 };
const ddim = stepTable(
  timestepPairs(timesteps(schedule, { steps: 20 })).map(({ t, next }) => ({
    t,
    from: schedule.level(t),
    to: schedule.level(next),
  })),
);
const share = (x: ArrayLike<number>) =>
  Array.from(x).filter((v, i) => i % 2 === 0 && v > 0).length / (x.length / 2);

describe("training for guidance", () => {
  it("a classifier learns p(class | x_t), and guides a model that knows no classes", async () => {
    const { classifier } = await trainClassifier({
      ...options,
      network: mlp({ inputs: 2, hidden: [32], outputs: 2, time: true, name: "classifier." }),
      steps: 300,
    });
    const mixture = {
      weights: [1, 1],
      means: [
        [-1, -1],
        [1, 1],
      ],
      sigmas: [
        [0.3, 0.3],
        [0.3, 0.3],
      ],
    };
    for (const t of [40, 70]) {
      const points = [0.4, -0.1, -0.7, -0.2, 0.9, 1];
      const logits = classifier.apply(
        constant(tensor(points, [3, 2])),
        constant(tensor([t, t, t], [3], "int64")),
      );
      const found = evaluate(graphOf({ logits }), {}).logits.data as Float32Array;
      for (let i = 0; i < 3; i++) {
        const point = points.slice(2 * i, 2 * i + 2);
        const { classLogProbs } = mixtureOracle(
          numberArithmetic,
          mixture,
          schedule.level(t),
          point,
        );
        const probability = 1 / (1 + Math.exp(found[2 * i] - found[2 * i + 1]));
        expect(Math.abs(probability - Math.exp(classLogProbs[1]))).toBeLessThan(0.15);
      }
    }
    const {
      pipeline: { denoiser: model },
    } = await trainDdpm({
      ...options,
      network: mlp({ inputs: 2, hidden: [64, 64], time: true }),
      steps: 400,
    });
    const run = { backend: onnx, steps: ddim, shape: [500, 2], seed: 1, clip: 3 };
    const free = await sample({ ...run, denoiser: model });
    expect(Math.abs(share(free.x) - 0.5)).toBeLessThan(0.15);
    const guided = classifierGuided(model, classifier, { schedule, scale: 1.5 });
    for (const side of [0, 1]) {
      const condition = new Array<number>(500).fill(side);
      const { x } = await sample({ ...run, denoiser: guided, condition });
      expect(Math.abs(share(x) - side)).toBeLessThan(0.05);
    }
  });

  it("dropped conditions teach both models that classifier-free guidance needs", async () => {
    const {
      pipeline: { denoiser: model },
    } = await trainDdpm({
      ...options,
      network: mlp({ inputs: 2, hidden: [64, 64], time: true, classes: 2 }),
      steps: 500,
      conditionDropout: 0.2,
    });
    const run = { backend: onnx, steps: ddim, shape: [500, 2], seed: 1, clip: 3 };
    for (const [side, scale] of [
      [0, 1],
      [1, 1],
      [1, 2],
    ]) {
      const condition = new Array<number>(500).fill(side);
      const denoiser = classifierFree(model, { scale, unconditional: 2 });
      const { x } = await sample({ ...run, denoiser, condition });
      expect(Math.abs(share(x) - side)).toBeLessThan(0.05);
    }
    const condition = new Array<number>(500).fill(1);
    const none = classifierFree(model, { scale: 0, unconditional: 2 });
    const { x } = await sample({ ...run, denoiser: none, condition });
    expect(Math.abs(share(x) - 0.5)).toBeLessThan(0.15);
  });

  it("with the hybrid objective learns a variance with a better bound than the first variance", async () => {
    const plain = mlp({ inputs: 2, hidden: [64, 64], outputs: 4, time: true });
    const {
      pipeline: { denoiser: model },
      training,
    } = await trainDdpm({
      ...options,
      network: plain,
      steps: 400,
      objective: "hybrid",
      decoder: "density",
    });
    expect(training.history.at(-1)?.losses.loss).toBeLessThan(1);
    const steps = ddpmSteps(schedule, { variance: "learned_range" });
    const { x } = await sample({
      backend: onnx,
      denoiser: model,
      steps,
      shape: [400, 2],
      seed: 2,
      clip: 3,
    });
    expect(Math.abs(share(x) - 0.5)).toBeLessThan(0.15);
    const far = Array.from(x).filter((v) => Math.abs(Math.abs(v) - 1) > 1);
    expect(far.length / x.length).toBeLessThan(0.06);
    const shape = [200, 2];
    const denoiser = await denoiserFunction({ backend: onnx, denoiser: model, shape });
    const bound = {
      schedule,
      denoiser,
      shape,
      x0: data.slice(0, 400),
      decoder: "density",
    } as const;
    const learned = await dataBound({ ...bound, variance: "learned_range" });
    const large = await dataBound({ ...bound, variance: "fixed_large" });
    // The same means, with the variance in the middle of its range, as before training.
    const middling = await dataBound({
      ...bound,
      variance: "learned_range",
      denoiser: async (x, t) => (await denoiser(x, t)).map((v, i) => (i % 4 < 2 ? v : 0)),
    });
    await denoiser.dispose();
    const middle = (terms: readonly Float64Array[]) =>
      terms.slice(1).reduce((sum, term) => sum + term.reduce((s, v) => s + v, 0), 0);
    expect(middle(learned.terms)).toBeLessThan(0.9 * middle(middling.terms));
    expect(middle(learned.terms)).toBeLessThan(1.05 * middle(large.terms));
  });

  it("draws time steps by `times` and weighs the losses", async () => {
    const asked: number[] = [];
    const times: TimeSampler = {
      sample(count) {
        asked.push(count);
        return {
          t: new Uint32Array(count).fill(99),
          importance: new Float64Array(count).fill(0.25),
        };
      },
    };
    const make = () => mlp({ inputs: 2, hidden: [4], time: true });
    const train = (extra: object) =>
      trainDdpm({ ...options, network: make(), steps: 1, logEvery: 1, ...extra });
    const weighed = await train({ times });
    const unweighed: TimeSampler = {
      sample: (count, stream) => ({
        ...times.sample(count, stream),
        importance: new Float64Array(count).fill(1),
      }),
    };
    const whole = await train({ times: unweighed });
    expect(asked[0]).toBe(256);
    const [a, b] = [weighed, whole].map(({ training }) => training.history[0].losses.loss);
    expect(a).toBeCloseTo(b / 4, 5);
  });

  it("refuses options that do not fit", async () => {
    const network = mlp({ inputs: 2, hidden: [4], time: true });
    await expect(
      trainDdpm({ ...options, network, steps: 1, conditionDropout: 0.1 }),
    ).rejects.toThrow("conditionDropout needs a network that takes a condition");
    await expect(trainDdpm({ ...options, network, steps: 1, conditionDropout: 2 })).rejects.toThrow(
      "conditionDropout must be in [0, 1], got 2",
    );
    await expect(
      trainClassifier({
        ...options,
        network,
        steps: 1,
        dataset: { ...dataset, labels: undefined },
      }),
    ).rejects.toThrow("blobs has no labels to train on");
  });

  it("classifierLosses are the cross entropy of the logits, and the share that is right", () => {
    const logits = [1, -0.5, 0.2, 2];
    const inputs = {
      x0: constant(tensor([0, 0], [2, 1])),
      epsilon: constant(tensor([0, 0], [2, 1])),
      t: constant(tensor([3, 4], [2], "int64")),
      label: constant(tensor([0, 1], [2], "int64")),
    } satisfies DdpmLossInputs & { readonly label: Expr };
    const model = { apply: () => constant(tensor(logits, [2, 2])) };
    const { loss, accuracy } = classifierLosses(model, schedule)(inputs);
    const expected = [Math.log(1 + Math.exp(-1.5)), Math.log(1 + Math.exp(-1.8))];
    const found = evaluate(graphOf({ loss, accuracy }), {});
    expect(Number(found.loss.data[0])).toBeCloseTo((expected[0] + expected[1]) / 2, 6);
    expect(Number(found.accuracy.data[0])).toBe(1);
    const wrong = { ...inputs, label: constant(tensor([1, 1], [2], "int64")) };
    const half = classifierLosses(model)(wrong).accuracy;
    expect(Number(evaluate(graphOf({ half }), {}).half.data[0])).toBe(0.5);
  });
});
