import { readFileSync, writeFileSync } from "node:fs";
import { digits, fashionMnist, holdOut, readPng, writeNpy } from "@gen/data";
import { matmul, mul, parameter, reshape, type Shape, tensor, trace } from "@gen/graph";
import { fromOnnx, toOnnx } from "@gen/graph/onnx";
import { randomStream } from "@gen/math";
import { callProgram } from "@gen/runtime-gpu/call-program";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { expectRefusal, gen, runJson, scratch } from "./gen.ts";

const { at } = scratch();
const unet = (size: number) => new URL(`reference/unet-${size}`, import.meta.url).pathname;

type Distances = Record<string, number>;
type Evaluation = Record<string, unknown> & {
  distances: Distances;
  trainingData: Distances;
  nearest: Distances;
};
const evaluate = async (...args: string[]) => (await runJson("evaluate", ...args)) as Evaluation;

const { train, test } = holdOut(await digits());
const garments = await fashionMnist({ split: "test" });
/** Digits as `gen sample` writes them. */
const signed = (data: ArrayLike<number>) => Float32Array.from(data, (v) => v / 8 - 1);
const items = (name: string, data: Float32Array) => {
  const path = at(name);
  writeFileSync(path, writeNpy({ data, shape: [data.length / 64, 1, 8, 8] }));
  return path;
};

describe.concurrent("gen evaluate of samples", () => {
  const count = 60;
  let [copies, noise] = ["", ""];
  beforeAll(() => {
    copies = items("copies.npy", signed(train.data.subarray(0, count * 64)));
    const values = randomStream({ seed: 3 }).uniform(count * 64);
    noise = items(
      "noise.npy",
      Float32Array.from(values, (u) => 2 * u - 1),
    );
  });

  it("tells copies of the training data, and noise, from what they are not", async () => {
    const out = at("copies.png");
    const found = await evaluate("--samples", copies, "--data", "digits", "--out", out);
    expect(found.features).toBe("features of the digits classifier");
    expect([found.samples, found.heldOut]).toEqual([count, test.length]);
    // Memorized: nearer to the training data than data that no model has seen.
    expect(found.nearest.samples).toBe(0);
    expect(found.nearest.heldOut).toBeGreaterThan(1);
    const sheet = readPng(readFileSync(out));
    expect(sheet.width).toBeGreaterThan(400);
    const far = await evaluate("--samples", noise, "--data", "digits", "--out", at("noise.png"));
    for (const name of ["frechet", "kid", "slicedWasserstein", "mmd"]) {
      expect(far.distances[name], name).toBeGreaterThan(2 * Math.abs(found.distances[name]));
      expect(far.distances[name], name).toBeGreaterThan(far.trainingData[name]);
    }
    expect(far.distances.recall).toBeLessThan(0.1);
    expect(found.distances.precision).toBeGreaterThan(0.8);
    expect(found.distances.coverage).toBeGreaterThan(0.5);
  });

  it("measures in the features of any ONNX model, of three channels and another size", async () => {
    // Features that can be computed here: the image's sums over its left and its right half, twice.
    const halves = Float32Array.from({ length: 16 * 2 }, (_, i) =>
      (i >> 1) % 16 < 8 ? 1 - (i % 2) : i % 2,
    );
    const halved = (batch: Shape[number]) =>
      trace(
        ({ image }) => {
          const columns = matmul(image, parameter("halves", tensor(halves, [16, 2])));
          const rows = matmul(
            parameter("rows", tensor(new Float32Array(16).fill(1), [1, 16])),
            columns,
          );
          return { pooled: mul(reshape(rows, [-1, 6]), 1 / 128) };
        },
        { image: { shape: [batch, 3, 16, 16] } },
      );
    const model = at("halves.onnx");
    writeFileSync(model, toOnnx(halved("n")));
    const args = ["--samples", noise, "--data", "digits", "--features", model, "--count", "60"];
    const found = await evaluate(...args, "--out", at("halves.png"));
    expect(found.features).toBe(`features of ${model}`);
    expect(found.distances.frechet).toBeGreaterThan(0);
    const wider = await evaluate(...args, "--feature-range", "-2,2", "--out", at("wider.png"));
    // Features of twice the size.
    expect(wider.distances.frechet / found.distances.frechet).toBeCloseTo(4, 3);
    // The same model as an exporter writes it that fixes the batch, which runs image by image.
    const single = at("single.onnx");
    writeFileSync(single, toOnnx(halved(1)));
    const one = [...args.with(5, single), "--out", at("one.png")];
    expect((await evaluate(...one)).distances).toEqual(found.distances);
  });

  it("has pytorch-fid's distance of the same features", async () => {
    const some = items("some.npy", signed(train.data.subarray(0, 400 * 64)));
    const args = ["--samples", some, "--data", "digits", "--out", at("some.png")];
    const { distances } = await evaluate(...args);
    // pytorch-fid 0.3.0 and onnxruntime 1.22.1, by tooling/models/features/fid.py
    expect(Math.abs(distances.frechet - 1.7166432943979757)).toBeLessThan(1e-4);
  });

  it("has pytorch-fid's distance in the features of a network of InceptionV3's operators", async () => {
    const some = items("few.npy", signed(train.data.subarray(0, 400 * 64)));
    const model = new URL("reference/inception-narrow.onnx", import.meta.url).pathname;
    const args = ["--samples", some, "--data", "digits", "--features", model];
    const range = ["--feature-range", "0,1", "--out", at("few.png")];
    const { distances } = await evaluate(...args, ...range);
    // pytorch-fid 0.3.0 and torch 2.15.0, by tooling/models/features/inception.py --narrow
    expect(Math.abs(distances.frechet - 0.07136357279056549)).toBeLessThan(1e-5);
  });

  it("says in the table what the JSON says", async () => {
    const { code, stdout } = await gen([
      ...["evaluate", "--samples", noise, "--data", "digits", "--features", "pixels"],
      ...["--out", at("table.png")],
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^60 samples beside 179 held-out items of digits, in pixels:\n/);
    expect(stdout).toMatch(/Frechet distance +[\d.]+ +[\d.]+\n/);
  });

  it.each<[string, string[], RegExp]>([
    ["neither", [], /either --model or --samples must be given/],
    ["both", ["--model", ".", "--samples", "x.npy"], /either --model or --samples/],
    ["no data", ["--samples", "x.npy"], /--data must be given with --samples/],
    [
      "a flag of models",
      ["--samples", "x.npy", "--data", "digits", "--steps", "3"],
      /--steps is for --model/,
    ],
    ["no file", ["--samples", "x.npy", "--data", "digits"], /--samples x\.npy: no such file/],
    [
      "another output",
      ["--samples", "x.npy", "--data", "digits", "--out", "a.jpg"],
      /--out must end in \.png/,
    ],
  ])("refuses %s", async (_, args, message) => {
    await expectRefusal(["evaluate", ...args], message);
  });

  it("refuses samples and features that do not fit", async () => {
    const fashion = ["evaluate", "--data", "fashion-mnist", "--out", at("no.png")];
    await expectRefusal(
      [...fashion, "--samples", copies],
      /must be \[at least 2, 1, 28, 28\], got \[60, 1, 8, 8\]/,
    );
    const own = ["evaluate", "--data", "digits", "--samples", copies, "--out", at("no.png")];
    await expectRefusal([...own, "--features", at("none.onnx")], /none\.onnx: no such file/);
    await expectRefusal([...own, "--features", copies], /--features .*copies\.npy: /);
    const taking = at("vector.onnx");
    writeFileSync(taking, toOnnx(trace(({ x }) => ({ y: mul(x, 2) }), { x: { shape: ["n", 4] } })));
    await expectRefusal([...own, "--features", taking], /must take images \[batch, channels/);
    const bright = items("bright.npy", new Float32Array(128).fill(16));
    await expectRefusal(
      ["evaluate", "--data", "digits", "--samples", bright, "--out", at("no.png")],
      /must hold images in \[-1, 1\], got 16/,
    );
  });
});

describe("the classifiers of gen evaluate", () => {
  it.each([
    ["digits", test, 0.95],
    ["fashion-mnist", garments, 0.87],
  ] as const)(
    "%s: the features have mean square 1, and tell the classes",
    async (name, data, share) => {
      const url = new URL(`../assets/features-${name}.onnx`, import.meta.url);
      const backend = await onnxBackend();
      const shape = [data.length, ...data.shape];
      const model = fromOnnx(readFileSync(url));
      const program = await backend.compile(trace((given) => model.apply(given), { x: { shape } }));
      const [low, high] = data.range as readonly [number, number];
      const x = Float32Array.from(data.data, (v) => (2 * (v - low)) / (high - low) - 1);
      const { features, logits } = await callProgram(backend, program, { x: { data: x, shape } });
      await backend.close();
      const square =
        Array.from(features, (v) => v * v).reduce((a, b) => a + b, 0) / features.length;
      expect(square).toBeGreaterThan(0.8);
      expect(square).toBeLessThan(1.2);
      let right = 0;
      for (let i = 0; i < data.length; i++) {
        const row = Array.from(logits.subarray(10 * i, 10 * i + 10));
        if (row.indexOf(Math.max(...row)) === data.labels?.[i]) right++;
      }
      expect(right / data.length).toBeGreaterThan(share);
    },
  );
});

describe.concurrent("gen evaluate of models", () => {
  it("bounds the likelihood of held-out data under a VAE", async () => {
    const vae = at("vae");
    const width = ["--width", "32", "--latent", "4", "--steps", "60"];
    expect((await gen(["train", "vae", "--data", "digits", ...width, "--out", vae])).code).toBe(0);
    const found = await evaluate(
      "--model",
      vae,
      "--count",
      "100",
      "--draws",
      "50",
      "--out",
      at("vae.png"),
    );
    const likelihood = found.likelihood as Distances;
    expect(found.data).toBe("digits");
    expect(likelihood.items).toBe(100);
    expect(likelihood.elbo).toBeCloseTo(-(likelihood.reconstruction + likelihood.kl), 4);
    expect(likelihood.logLikelihood).toBeGreaterThan(likelihood.elbo);
    expect(likelihood.bitsPerDimension).toBeCloseTo(-likelihood.logLikelihood / (64 * Math.LN2), 6);
    await expectRefusal(
      ["evaluate", "--model", vae, "--steps", "3", "--out", at("no.png")],
      /--steps is for a diffusion model/,
    );
    await expectRefusal(
      ["evaluate", "--model", vae, "--data", "fashion-mnist", "--out", at("no.png")],
      /must have items \[1, 8, 8\] as the model's, got \[1, 28, 28\]/,
    );
  });
});

describe.runIf(process.env.GEN_TEST_ALL === "1")("gen evaluate --bound", () => {
  it("bounds the likelihood of held-out data under a diffusion model", async () => {
    const args = ["--steps", "2", "--count", "20", "--bound", "2", "--out", at("bound.png")];
    const { bound } = await evaluate("--model", unet(8), "--data", "digits", ...args);
    const { items, bitsPerDimension, prior } = bound as Distances;
    expect(items).toBe(2);
    // The network was never trained, so its bound is far above that of 16 levels, 4 bits.
    expect(bitsPerDimension).toBeGreaterThan(4);
    expect(prior).toBeLessThan(0.1);
  }, 600_000);
});

describe.concurrent("gen compare", () => {
  it("counts calls, and is at distance 0 from itself", async () => {
    const found = await runJson(
      ...["compare", "--model", unet(8), "--samplers", "ddim,heun", "--steps", "2,5"],
      ...["--count", "4", "--reference", "5", "--data", "digits", "--out", at("compare.png")],
    );
    const runs = found.runs as Record<string, number>[];
    expect(runs.map(({ sampler, steps, calls }) => [sampler, steps, calls])).toEqual([
      ["ddim", 2, 2],
      ["ddim", 5, 5],
      ["heun", 2, 3],
      ["heun", 5, 9],
    ]);
    expect(runs[1].fromReference).toBe(0);
    for (const i of [0, 2, 3]) expect(runs[i].fromReference).toBeGreaterThan(0);
    for (const { frechet, seconds } of runs) {
      expect(frechet).toBeGreaterThan(0);
      expect(seconds).toBeGreaterThan(0);
    }
    expect(readPng(readFileSync(at("compare.png"))).height).toBeGreaterThan(200);
  });

  it.each<[string, string[], RegExp]>([
    ["no model", [], /--model must be given/],
    ["an unknown sampler", ["--samplers", "ddim,best"], /a sampler or several with commas/],
    ["the same step count twice", ["--steps", "5,5"], /a step count or several with commas/],
    ["no picture", ["--model", ".", "--out", "a.npy"], /--out must end in \.png/],
  ])("refuses %s", async (_, args, message) => {
    await expectRefusal(["compare", ...args], message);
  });
});
