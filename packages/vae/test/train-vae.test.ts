import { digits, readSafetensors, slice, writeSafetensors } from "@gen/data";
import { residualBlock, weightsOf, withWeights } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { generate } from "@gen/sampling";
import { afterAll, describe, expect, it } from "vitest";
import {
  convVae,
  elbo,
  encode,
  latentDataset,
  mlpVae,
  priorSamples,
  reconstruct,
  trainVae,
} from "../src/index.ts";

const backend = await onnxBackend();
const all = await digits();
const dataset = slice(all, 0, 1500);
const test = slice(all, 1500, 1797);
/** The class whose mean digit is nearest to an image in [0, 1]. */
const means = Array.from({ length: 10 }, (_, label) => {
  const of = Array.from(dataset.labels ?? []).flatMap((l, i) => (l === label ? [i] : []));
  return Array.from({ length: 64 }, (_, k) =>
    of.reduce((sum, i) => sum + dataset.data[i * 64 + k] / 16 / of.length, 0),
  );
});
function nearestClass(image: Float32Array): number {
  const distances = means.map((mean) => mean.reduce((sum, v, k) => sum + (v - image[k]) ** 2, 0));
  return distances.indexOf(Math.min(...distances));
}
const small = () => mlpVae({ shape: [1, 8, 8], hidden: [64], latent: 4, seed: 1 });

afterAll(() => backend.close());

describe("trainVae", () => {
  it("raises the bound of unseen digits, and the same seed gives the same numbers", async () => {
    const before = backend.memory().live;
    const model = small();
    const start = await elbo({ backend, model, dataset: test });
    const { vae, training } = await trainVae({
      backend,
      model,
      dataset,
      steps: 300,
      learningRate: 3e-3,
      logEvery: 100,
    });
    const end = await elbo({ backend, model: vae, dataset: test });
    // 64 undecided pixels cost 44 nats. The entropy of gray targets is about 25.
    expect(start.elbo).toBeLessThan(-42);
    expect(end.elbo).toBeGreaterThan(-34);
    expect(end.kl).toBeGreaterThan(1);
    expect(end.elbo).toBeCloseTo(-(end.reconstruction + end.kl), 10);
    const { loss, reconstruction, kl } = training.history[2].losses;
    expect(loss).toBeCloseTo(reconstruction + kl, 3);
    const again = await trainVae({
      backend,
      model: small(),
      dataset,
      steps: 100,
      learningRate: 3e-3,
    });
    expect(again.training.history.at(-1)).toEqual(training.history[0]);
    // The given model is a value: it stays as it was.
    expect(await elbo({ backend, model, dataset: test })).toEqual(start);
    expect(backend.memory().live).toBe(before);
  });

  it("resumes to the numbers of an uninterrupted training, across epochs", async () => {
    const options = { backend, dataset, batchSize: 200, steps: 12, logEvery: 1 };
    const whole = await trainVae({ ...options, model: small() });
    const half = await trainVae({ ...options, model: small(), steps: 8 });
    const rest = await trainVae({ ...options, model: small(), resume: half.training.state });
    expect(rest.training.history).toEqual(whole.training.history.slice(8));
  });

  it("a batch in parts trains the same weights up to rounding, and resumes to its own", async () => {
    const options = { backend: cpuBackend(), dataset, batchSize: 20, steps: 6, logEvery: 1 };
    const whole = await trainVae({ ...options, model: small() });
    const parts = { ...options, accumulate: 5 };
    const split = await trainVae({ ...parts, model: small() });
    for (const [i, { losses }] of whole.training.history.entries()) {
      expect(split.training.history[i].losses.kl).toBeCloseTo(losses.kl, 9);
      expect(split.training.history[i].losses.loss).toBeCloseTo(losses.loss, 9);
    }
    const run = { ...parts, backend };
    const through = await trainVae({ ...run, model: small() });
    const half = await trainVae({ ...run, model: small(), steps: 3 });
    const rest = await trainVae({ ...run, model: small(), resume: half.training.state });
    expect(rest.training.state).toEqual(through.training.state);
  });

  it("estimates the same bound on every backend and with any batch size", async () => {
    const model = small();
    const part = slice(test, 0, 20);
    const here = await elbo({ backend, model, dataset: part, samples: 2 });
    const cpu = await elbo({
      backend: cpuBackend(),
      model,
      dataset: part,
      samples: 2,
      batchSize: 7,
    });
    expect(here.elbo).toBeCloseTo(cpu.elbo, 3);
  });

  it("learns with convolutions and Gaussian pixels too", async () => {
    const model = convVae({
      size: 8,
      channels: [8],
      latent: 2,
      map: true,
      likelihood: { sigma: 0.3 },
    });
    expect(model.latent).toEqual([2, 4, 4]);
    const start = await elbo({ backend, model, dataset: test });
    const options = { steps: 60, batchSize: 64, learningRate: 3e-3 };
    const { vae } = await trainVae({ backend, model, dataset, ...options });
    const end = await elbo({ backend, model: vae, dataset: test });
    expect(end.elbo).toBeGreaterThan(start.elbo + 10);
  });

  const blocks = (name: string, channels: number) => residualBlock(name, channels, channels);
  it.each<[string, Partial<Parameters<typeof convVae>[0]>]>([
    ["convolutions", {}],
    ["residual blocks and a map", { refine: blocks, map: true, latent: 1 }],
  ])("%s with classes: labels decide what is drawn, and cost fewer nats", async (_, own) => {
    const bound = async (classes?: number) => {
      const model = convVae({ size: 8, channels: [8, 16], latent: 2, seed: 1, classes, ...own });
      const options = { steps: 120, batchSize: 64, learningRate: 8e-3 };
      const { vae } = await trainVae({ backend, model, dataset, ...options });
      return { vae, ...(await elbo({ backend, model: vae, dataset: test, samples: 4 })) };
    };
    const [plain, { vae, ...told }] = [await bound(), await bound(10)];
    expect(told.elbo).toBeGreaterThan(plain.elbo + 0.3);
    // Draws of each class lie near the mean of its own digits.
    const labels = Array.from({ length: 200 }, (_, i) => i % 10);
    const { data } = await priorSamples({ backend, model: vae, count: labels.length, labels });
    const nearest = labels.map((_, i) => nearestClass(data.subarray(i * 64, (i + 1) * 64)));
    const right = nearest.filter((label, i) => label === labels[i]).length / labels.length;
    expect(right).toBeGreaterThan(0.7);
    // Kept and read again, the numbers are the same to the last bit.
    const { tensors } = readSafetensors(writeSafetensors(weightsOf(vae)));
    const fresh = convVae({ size: 8, channels: [8, 16], latent: 2, classes: 10, ...own });
    const again = { backend, model: withWeights(fresh, tensors), count: labels.length, labels };
    expect((await priorSamples(again)).data).toEqual(data);
    await expect(priorSamples({ backend, model: vae, count: 1 })).rejects.toThrow(
      "a conditional VAE needs labels, one for each item, got none",
    );
  });

  it("refuses data that do not fit", async () => {
    const flat = mlpVae({ shape: [63], hidden: [8] });
    const train = (change: object) =>
      expect(trainVae({ backend, model: small(), dataset, steps: 1, ...change })).rejects;
    await train({ model: flat }).toThrow("digits has items [1, 8, 8], the model takes [63]");
    await train({ dataset: { ...dataset, range: undefined } }).toThrow(
      /a Bernoulli likelihood takes data in \[0, 1\], digits holds \d+/,
    );
    await train({ dataset: slice(dataset, 0, 5) }).toThrow(/5/);
    await train({ learningRate: -1 }).toThrow("learningRate must be at least 0, got -1");
    await train({ dataset: { ...dataset, range: [0, 8] } }).toThrow(
      /^digits: data must lie in the range \[0, 8\], got \d+ in item/,
    );
    await train({ dataset: { ...dataset, length: dataset.length + 1 } }).toThrow(
      /^digits: length and shape must fit the data/,
    );
    const labels = dataset.labels?.map(() => 10);
    await train({ dataset: { ...dataset, labels } }).toThrow(
      "digits: labels of 10 classes must be in [0, 9], got 10 for item 0",
    );
  });
});

it.each([
  ["one item fewer", { length: dataset.length - 1 }, "length and shape must fit the data"],
  ["one item more", { length: dataset.length + 1 }, "length and shape must fit the data"],
  ["too few numbers", { data: dataset.data.subarray(1) }, "length and shape must fit the data"],
  ["too few labels", { labels: new Int32Array(3) }, "1500 items need as many labels, got 3"],
])("encode, elbo and latentDataset refuse a dataset of %s", async (_, change, message) => {
  const options = { backend, model: small(), dataset: { ...dataset, ...change } };
  for (const run of [encode, elbo, reconstruct, latentDataset]) {
    await expect(run(options)).rejects.toThrow(`digits: ${message}`);
  }
});

describe("a trained VAE", () => {
  it("reconstructs, samples and hands latents to a diffusion model", async () => {
    const options = { backend, dataset, steps: 300, learningRate: 3e-3 };
    const { vae: model, pipeline } = await trainVae({ ...options, model: small() });
    const before = backend.memory().live;
    const { data, shape } = await reconstruct({ backend, model, dataset: test, batchSize: 100 });
    expect(shape).toEqual([297, 1, 8, 8]);
    const error = (found: ArrayLike<number>) => {
      let total = 0;
      for (let i = 0; i < test.data.length; i++) total += (found[i] - test.data[i] / 16) ** 2;
      return total / test.data.length;
    };
    const mean = new Float64Array(64);
    for (const [i, v] of dataset.data.entries()) mean[i % 64] += v / 16 / 1500;
    const average = Float64Array.from(test.data, (_, i) => mean[i % 64]);
    expect(error(data)).toBeLessThan(0.75 * error(average));
    const prior = await priorSamples({ backend, model, count: 6, seed: 2 });
    expect(prior.shape).toEqual([6, 1, 8, 8]);
    expect(prior.data.every((v) => v > 0 && v < 1)).toBe(true);
    // A pipeline gives the same draws as images in [-1, 1].
    const generated = await generate(pipeline, { backend, count: 6, seed: 2 });
    expect(generated.shape).toEqual([6, 1, 8, 8]);
    for (const [i, v] of prior.data.entries()) expect(generated.x[i]).toBeCloseTo(2 * v - 1, 5);

    const latents = await latentDataset({ backend, model, dataset });
    expect(latents.dataset).toMatchObject({ shape: [4], length: 1500, labels: dataset.labels });
    for (let k = 0; k < 4; k++) {
      const values = Array.from(latents.dataset.data).filter((_, i) => i % 4 === k);
      const center = values.reduce((s, v) => s + v / 1500, 0);
      expect(center).toBeCloseTo(0, 4);
      expect(values.reduce((s, v) => s + v * v, 0) / 1500).toBeCloseTo(1, 4);
    }
    const typo = { backend, model, dataset, draw: "means" as "mean" };
    await expect(latentDataset(typo)).rejects.toThrow("draw must be sample or mean, got means");
    const means = await latentDataset({ backend, model, dataset, draw: "mean" });
    const encoded = await encode({ backend, model, dataset });
    const back = means.dataset.data.map((v, i) => v * means.std[i % 4] + means.mean[i % 4]);
    for (let i = 0; i < 8; i++) expect(back[i]).toBeCloseTo(encoded.mean[i], 4);
    expect(backend.memory().live).toBe(before);
  });
});
