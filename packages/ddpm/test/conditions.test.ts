import { arrayDataset } from "@gen/data";
import { tensor } from "@gen/graph";
import { normalNoise, randomStream } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { mlp, unet } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { afterAll, describe, expect, it } from "vitest";
import { trainClassifier, trainDdpm } from "../src/index.ts";
import { labelsOf } from "../src/item-conditions.ts";
import { noisyBatches } from "../src/noisy-batches.ts";
import type { TrainDdpmOptions } from "../src/train-ddpm.ts";

const onnx = await onnxBackend();
afterAll(() => onnx.close());

// Each image has one brightness. The context holds it, and the label its sign.
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

describe("a batch", () => {
  it("holds the conditions of its items, and the unconditional ones for the dropped share", () => {
    const none = { "condition/context": tensor([9, 9, 9, 9, 9, 9], [2, 3]), "condition/label": 2 };
    const batches = noisyBatches({
      dataset,
      length: 10,
      batchSize: 16,
      seed: 1,
      firstStep: 0,
      conditions: { "condition/context": context, "condition/label": labelsOf(dataset) },
      dropout: { share: 0.25, none },
    });
    let dropped = 0;
    for (let step = 0; step < 50; step++) {
      const batch = batches.next().value;
      expect(batch["condition/context"].shape).toEqual([16, 2, 3]);
      for (let i = 0; i < 16; i++) {
        const x = Number(batch.x0.data[16 * i]);
        const tokens = Array.from(batch["condition/context"].data, Number).slice(6 * i, 6 * i + 6);
        const label = Number(batch["condition/label"].data[i]);
        if (label === 2) dropped++;
        expect(tokens).toEqual(new Array(6).fill(label === 2 ? 9 : x));
        if (label < 2) expect(label).toBe(x > 0 ? 1 : 0);
      }
    }
    expect(Math.abs(dropped / 800 - 0.25)).toBeLessThan(0.05);
  });

  it("repeats a condition with one row for all items", () => {
    const conditions = { "condition/context": tensor([1, 2, 3, 4, 5, 6], [1, 2, 3]) };
    const options = { dataset, length: 10, batchSize: 4, seed: 1, firstStep: 0, conditions };
    const { data, shape } = noisyBatches(options).next().value["condition/context"];
    expect(shape).toEqual([4, 2, 3]);
    expect(Array.from(data)).toEqual([0, 1, 2, 3].flatMap(() => [1, 2, 3, 4, 5, 6]));
  });
});

const small = { size: 4, channels: 8, multipliers: [1], seed: 2 };
const both = () => unet({ ...small, classes: 2, crossAttention: { features: 3 } });
const train = (options: Pick<TrainDdpmOptions, "network"> & Partial<TrainDdpmOptions>) =>
  trainDdpm({ backend: onnx, dataset, batchSize: 16, steps: 80, learningRate: 5e-3, ...options });

/** The dataset with one label changed. */
const relabeled = (label: number) => ({
  ...dataset,
  labels: labels.map((each, i) => (i === 5 ? label : each)),
});

describe("training", () => {
  it.each([7, 2, -1])(
    "refuses the label %i of two classes before the first step",
    async (label) => {
      const problem = `labels of flat must be integers in [0, 1], got ${label} for item 5`;
      const data = relabeled(label);
      const denoising = train({ network: unet({ ...small, classes: 2 }), dataset: data });
      await expect(denoising).rejects.toThrow(new ArgumentError(problem));
      const network = mlp({ inputs: 16, hidden: [8], outputs: 2, time: true });
      const items = { ...data, shape: [16] };
      const options = { backend: onnx, network, dataset: items, steps: 1, batchSize: 16 };
      await expect(trainClassifier(options)).rejects.toThrow(new ArgumentError(problem));
    },
  );

  it("refuses labels outside the table of a network that does not tell its classes", async () => {
    const { classes: _, ...network } = unet({ ...small, classes: 2 });
    const refused = (options: Partial<TrainDdpmOptions>, message: string) =>
      expect(train({ network, steps: 1, ...options })).rejects.toThrow(new ArgumentError(message));
    await refused(
      { dataset: relabeled(3) },
      "condition must be integers in [0, 2], got 3 for item 5",
    );
    await refused(
      { dataset: relabeled(-1) },
      "condition must be integers in [0, 2], got -1 for item 5",
    );
    await refused(
      { conditionDropout: 0.1, unconditional: 3 },
      "condition must be integers in [0, 2], got 3 for item 0",
    );
    const given = Array.from(labels, (each) => each + 2);
    const item = given.indexOf(3);
    await refused(
      { condition: given },
      `condition must be integers in [0, 2], got 3 for item ${item}`,
    );
  });

  it("takes a condition that means no class", async () => {
    const condition = Array.from(labels, (each, i) => (i % 2 === 0 ? 2 : each));
    const network = unet({ ...small, classes: 2 });
    expect((await train({ network, condition, steps: 1 })).training.step).toBe(1);
  });

  it("refuses a negative learning rate and data outside the range before the first step", async () => {
    const network = unet(small);
    await expect(train({ network, learningRate: -1 })).rejects.toThrow(
      "learningRate must be at least 0, got -1",
    );
    const outside = { ...dataset, range: [0, 0.5] as const };
    await expect(train({ network, dataset: outside })).rejects.toThrow(
      /^flat: data must lie in the range \[0, 0.5\], got/,
    );
    await expect(train({ network, dataset: { ...dataset, length: 40 } })).rejects.toThrow(
      "flat: length and shape must fit the data, got 40 items [1, 4, 4] and 512 numbers",
    );
  });

  it("takes a context as the only condition", async () => {
    const network = unet({ ...small, crossAttention: { features: 3 } });
    const given = { network, condition: { context }, steps: 2 };
    const { training } = await train(given);
    expect(training.step).toBe(2);
    await train({
      ...given,
      conditionDropout: 0.5,
      unconditional: { context: tensor(normalNoise({ seed: 1, batch: 1, size: 6 })) },
    });
  });

  it("refuses conditions that do not fit", async () => {
    const refused = (options: Partial<TrainDdpmOptions>, message: string) =>
      expect(train({ network: both(), steps: 1, ...options })).rejects.toThrow(message);
    await refused(
      {},
      "the network takes context [batch, tokens, 3], which must be given as a condition",
    );
    await refused(
      { condition: { text: context } },
      "condition must be condition, context, as the network has it, got text",
    );
    const short = tensor(new Float32Array(12), [2, 2, 3]);
    await refused(
      { condition: { context: short } },
      "context must be [32, tokens, 3], got [2, 2, 3]",
    );
    const dropping = { condition: { context }, conditionDropout: 0.5 };
    await refused(
      dropping,
      "unconditional must be given as the network's conditions are, got none",
    );
    await refused(
      { ...dropping, unconditional: { context: tensor([1, 2]) } },
      "unconditional must hold 6 numbers, as one item's condition, got 2",
    );
    const unlabeled = { ...dataset, labels: undefined };
    await refused(
      { condition: { context }, dataset: unlabeled },
      "the network takes a condition, but flat has no labels",
    );
  });
});
