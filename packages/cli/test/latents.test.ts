/*
 * The verbs on latents, as round trips: what one verb writes, another gives back. And
 * the objectives of gen train vae, whose losses are sums of the terms that they print.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { digits, holdOut, readNpy, readNpz, readPng, writeNpy } from "@gen/data";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { mlpVae, trainVae } from "@gen/vae";
import { beforeAll, describe, expect, test } from "vitest";
import {
  likelihoodOf,
  type ObjectiveSettings,
  objectiveOf,
  objectiveSettings,
} from "../src/vae-objectives.ts";
import { expectRefusal, runJsonHere as runJson, scratch } from "./gen.ts";

const { at } = scratch();
const array = (name: string) => {
  const { data, shape } = readNpy(readFileSync(at(name)));
  return { data: Float64Array.from(data as Float32Array), shape };
};
const size = (name: string) => {
  const { width, height } = readPng(readFileSync(at(name)));
  return [width, height];
};
const vae = () => ["--model", at("vae")];

beforeAll(async () => {
  const training = [
    "--data",
    "digits",
    "--latent",
    "2",
    "--width",
    "32",
    "--batch",
    "32",
    "--steps",
    "800",
  ];
  await runJson("train", "vae", ...training, "--out", at("vae"));
});

describe.concurrent("a VAE that was trained", () => {
  test("encode, decode and reconstruct agree in pixels, and the bound in nats", async () => {
    await runJson("encode", ...vae(), "--split", "test", "--out", at("z.npz"));
    await runJson("decode", ...vae(), "--latents", at("z.npz"), "--out", at("back.npy"));
    const told = await runJson("reconstruct", ...vae(), "--out", at("pairs.png"));
    const { test: held } = holdOut(await digits());
    const { z, log_variance, labels } = readNpz(readFileSync(at("z.npz")));
    expect([z.shape, log_variance.shape]).toEqual([
      [held.length, 2],
      [held.length, 2],
    ]);
    expect(Array.from(labels.data as Int32Array)).toEqual(Array.from(held.labels ?? []));
    const images = array("back.npy");
    expect(images.shape).toEqual([held.length, 1, 8, 8]);
    const [low, high] = held.range ?? [0, 1];
    const errors = images.data.map(
      (v, i) => 255 * Math.abs((v + 1) / 2 - (held.data[i] - low) / (high - low)),
    );
    const mean = errors.reduce((a, b) => a + b) / errors.length;
    const { pixels, nats } = told as Record<string, Record<string, number>>;
    expect(pixels.meanAbsolute).toBeCloseTo(mean, 2);
    expect(mean).toBeLessThan(60);
    // KL(N(m, s^2) || N(0, 1)) of each number of z.
    const [m, s] = [z.data as Float32Array, log_variance.data as Float32Array];
    const kl = m.reduce((sum, v, i) => sum + 0.5 * (v * v + Math.exp(s[i]) - 1 - s[i]), 0);
    expect(nats.kl).toBeCloseTo(kl / held.length, 3);
    expect(nats.elbo).toBeCloseTo(-nats.reconstruction - nats.kl, 6);
    // -log p of 64 fair coins is 44.4 nats.
    expect(nats.reconstruction).toBeLessThan(64 * Math.LN2);
    expect(size("pairs.png")[0] / size("pairs.png")[1]).toBeGreaterThan(5);
  });

  test("sample draws from the prior, and a grid at its quantiles", async () => {
    await runJson("sample", ...vae(), "--count", "3", "--seed", "5", "--out", at("prior.npy"));
    expect(array("prior.npy").shape).toEqual([3, 1, 8, 8]);
    const mixture = ["--prior", "mixture", "--components", "3", "--count", "2"];
    const fitted = await runJson("sample", ...vae(), ...mixture, "--out", at("mixture.npy"));
    expect(fitted.shape).toEqual([2, 1, 8, 8]);
    // Draws of N(0, 1) in the plane have -2.84 nats; the latents of a trained VAE are near them.
    expect(Math.abs(Number(fitted.logLikelihood) + 2.84)).toBeLessThan(0.6);
    await runJson("sample", ...vae(), "--grid", "2", "--out", at("grid.npy"));
    // The quartiles of N(0, 1) are -0.674490 and 0.674490 (scipy.stats.norm.ppf).
    const q = 0.67449;
    const corners = Float32Array.of(-q, q, q, q, -q, -q, q, -q);
    writeFileSync(at("corners.npy"), writeNpy({ data: corners, shape: [4, 2] }));
    await runJson("decode", ...vae(), "--latents", at("corners.npy"), "--out", at("corner.npy"));
    array("grid.npy").data.forEach((v, i) => {
      expect(v).toBeCloseTo(array("corner.npy").data[i], 4);
    });
  });

  test("interpolate starts at one item or seed and ends at the other", async () => {
    const row = ["interpolate", ...vae(), "--frames", "3"];
    await runJson(...row, "--split", "all", "--items", "4,9", "--out", at("items.npy"));
    await runJson("encode", ...vae(), "--out", at("all.npy"));
    await runJson("decode", ...vae(), "--latents", at("all.npy"), "--out", at("every.npy"));
    const [walk, every] = [array("items.npy").data, array("every.npy").data];
    for (let i = 0; i < 64; i++) {
      expect(walk[i]).toBeCloseTo(every[64 * 4 + i], 4);
      expect(walk[128 + i]).toBeCloseTo(every[64 * 9 + i], 4);
    }
    await runJson(...row, "--seeds", "5,6", "--path", "spherical", "--out", at("seeds.npy"));
    await runJson("sample", ...vae(), "--count", "1", "--seed", "5", "--out", at("five.npy"));
    array("five.npy").data.forEach((v, i) => {
      expect(array("seeds.npy").data[i]).toBeCloseTo(v, 4);
    });
    const toward = [...row, "--split", "all", "--items", "4", "--attribute", "0"];
    await runJson(...toward, "--out", at("zero.npy"));
    const z = array("all.npy").data;
    const { labels = [] } = await digits();
    const mean = (isIn: boolean, k: number) => {
      const rows = Array.from(labels, (_, i) => i).filter((i) => (labels[i] === 0) === isIn);
      return rows.reduce((sum, i) => sum + z[2 * i + k], 0) / rows.length;
    };
    const end = [0, 1].map((k) => z[8 + k] + mean(true, k) - mean(false, k));
    writeFileSync(at("end.npy"), writeNpy({ data: Float32Array.from(end), shape: [1, 2] }));
    await runJson("decode", ...vae(), "--latents", at("end.npy"), "--out", at("ended.npy"));
    array("ended.npy").data.forEach((v, i) => {
      expect(array("zero.npy").data[128 + i]).toBeCloseTo(v, 3);
    });
  });

  test("serves a pipeline on its latents, whose numbers are standardized", async () => {
    const training = ["--data", "digits", "--steps", "10", "--width", "16"];
    await runJson("train", "ddpm", "--vae", at("vae"), ...training, "--out", at("latent"));
    const model = ["--model", at("latent")];
    const data = ["--data", "digits", "--split", "test"];
    await runJson("encode", ...model, ...data, "--out", at("scaled.npy"));
    await runJson(
      "decode",
      ...model,
      "--latents",
      at("scaled.npy"),
      "--out",
      at("scaled-back.npy"),
    );
    await runJson("encode", ...vae(), "--split", "test", "--out", at("own.npy"));
    await runJson("decode", ...vae(), "--latents", at("own.npy"), "--out", at("own-back.npy"));
    const own = array("own-back.npy").data;
    array("scaled-back.npy").data.forEach((v, i) => {
      expect(v).toBeCloseTo(own[i], 3);
    });
    const square = array("scaled.npy").data.reduce((sum, v) => sum + v * v, 0);
    // The posterior means vary a little less than its draws, which have variance 1.
    expect(square / array("scaled.npy").data.length).toBeLessThan(1.2);
    const walk = ["interpolate", ...model, "--seeds", "1,2", "--sampler", "ddim", "--steps", "4"];
    await runJson(...walk, "--frames", "2", "--out", at("noise.npy"));
    await runJson(
      "sample",
      ...model,
      "--sampler",
      "ddim",
      "--steps",
      "4",
      "--seed",
      "2",
      "--count",
      "1",
      "--out",
      at("two.npy"),
    );
    array("two.npy").data.forEach((v, i) => {
      expect(array("noise.npy").data[64 + i]).toBeCloseTo(v, 4);
    });
  });

  test("refuses in one line what does not fit", async () => {
    const q = ["--out", at("q.npy")];
    writeFileSync(at("bad.npy"), writeNpy({ data: new Float32Array(6), shape: [2, 3] }));
    const cases: [string[], RegExp][] = [
      [["sample", ...vae(), "--steps", "3", ...q], /--steps is for a diffusion model/],
      [["encode", ...vae(), "--out", at("q.png")], /--out must end in \.npy or \.npz/],
      [
        ["decode", ...vae(), "--latents", at("bad.npy"), ...q],
        /must be \[count, 2\], got \[2, 3\]/,
      ],
      [["encode", ...vae(), "--data", "fashion-mnist", ...q], /must hold items \[1, 8, 8\]/],
      [["interpolate", ...vae(), "--items", "4", ...q], /at least 2 numbers/],
      [["interpolate", ...vae(), "--items", "4,999", ...q], /--items must be in \[0, 178\]/],
      [["interpolate", ...vae(), "--items", "4", "--attribute", "11", ...q], /in \[0, 9\]/],
      [["reconstruct", ...q], /--model must be given/],
    ];
    await Promise.all(cases.map(([args, message]) => expectRefusal(args, message)));
  });
});

describe("the objectives of gen train vae", () => {
  type Terms = Record<string, number>;
  const cases: [ObjectiveSettings, (t: Terms) => number][] = [
    [{}, (t) => t.reconstruction + t.kl],
    [{ beta: 3 }, (t) => t.reconstruction + 3 * t.kl],
    [{ beta: 3, freeBits: 50 }, (t) => t.reconstruction + 3 * 2 * 50],
    [{ beta: 3, anneal: "linear:6" }, (t) => t.reconstruction + t.step * 0.5 * t.kl],
    [{ beta: 3, anneal: "linear:6", freeBits: 50 }, (t) => t.reconstruction + t.step * 50],
    [{ objective: "iwae", draws: 4 }, (t) => t.bound],
    [{ objective: "vamp", pseudoInputs: 3 }, (t) => t.reconstruction + t.kl],
    [{ objective: "info", lambda: 4 }, (t) => t.reconstruction + t.kl + 3 * t.mmd],
    [{ objective: "wae", lambda: 4 }, (t) => t.cost + 4 * t.mmd],
    [
      { objective: "beta-tc", beta: 3 },
      (t) => t.reconstruction + t.mutualInformation + 3 * t.totalCorrelation + t.dimensionwise,
    ],
  ];

  test.each(cases)("%j", async (settings, lossOf) => {
    const dataset = await digits();
    const { pseudoInputs } = settings;
    const model = mlpVae({ shape: dataset.shape, hidden: [8], latent: 2, pseudoInputs });
    const options = objectiveOf(objectiveSettings(settings), {
      steps: 2,
      dataSize: dataset.length,
    });
    const pace = { steps: 2, batchSize: 8, logEvery: 1 };
    const backend = await cpuBackend();
    const { training } = await trainVae({ backend, model, dataset, ...pace, ...options });
    for (const [step, { losses }] of training.history.entries()) {
      const { loss, ...terms } = losses as Terms;
      expect(loss).toBeCloseTo(lossOf({ ...terms, step }), 2);
    }
    expect(training.history).toHaveLength(2);
  });

  test("refuse the flags of other objectives, and unknown names", () => {
    expect(() => objectiveSettings({ objective: "iwae", beta: 2 })).toThrow(
      "--beta is not for --objective iwae, which takes --draws",
    );
    expect(() => objectiveSettings({ lambda: 2 })).toThrow("--lambda is not for --objective elbo");
    for (const text of ["foo", "gaussian:0", "gaussian:", "logistic:1", "bernoulli:2"])
      expect(() => likelihoodOf(text), text).toThrow("--likelihood must be");
    for (const anneal of ["up", "linear:0", "cyclic:9"])
      expect(() => objectiveOf({ anneal }, { steps: 8, dataSize: 8 }), anneal).toThrow("--anneal");
    expect(likelihoodOf("gaussian:0.1")).toEqual({ sigma: 0.1 });
    expect(likelihoodOf("categorical:17")).toEqual({ categorical: 17 });
    // A record without the new settings is one of before, which resumes.
    expect(objectiveSettings({})).toEqual({});
  });

  test("a conditional VAE of residual blocks goes through every verb with its labels", async () => {
    const small = ["--network", "residual", "--width", "4", "--latent", "2", "--batch", "32"];
    const training = ["--data", "digits", ...small, "--steps", "60", "--classes"];
    await runJson("train", "vae", ...training, "--out", at("conv"));
    const model = ["--model", at("conv")];
    const drawn = async (label: string, out: string) => {
      const { shape } = await runJson(
        "sample",
        ...model,
        "--class",
        label,
        "--count",
        "2",
        "--out",
        at(out),
      );
      expect(shape).toEqual([2, 1, 8, 8]);
      return array(out).data;
    };
    const three = await drawn("3", "three.npy");
    expect(await drawn("3", "again.npy")).toEqual(three);
    const seven = await drawn("7", "seven.npy");
    expect(Math.max(...three.map((v, i) => Math.abs(v - seven[i])))).toBeGreaterThan(1e-3);
    // Labels go along in the npz file: decoded with them, the error in pixels is the same.
    await runJson("encode", ...model, "--split", "test", "--out", at("conv.npz"));
    await runJson("decode", ...model, "--latents", at("conv.npz"), "--out", at("conv.npy"));
    const told = await runJson("reconstruct", ...model, "--out", at("conv.png"));
    const { test: held } = holdOut(await digits());
    const images = array("conv.npy").data;
    const error = images.reduce(
      (sum, v, i) =>
        sum + Math.abs((255 * (v + 1)) / 2 - (255 * held.data[i]) / 16) / images.length,
      0,
    );
    expect((told.pixels as { meanAbsolute: number }).meanAbsolute).toBeCloseTo(error, 3);
    const walk = ["--items", "4", "--attribute", "7", "--frames", "3"];
    await runJson("interpolate", ...model, ...walk, "--out", at("walk.png"));
    expect(size("walk.png")[0]).toBeGreaterThan(24);
  });

  test("a conditional VAE draws by class, and is no part of a pipeline", async () => {
    const training = ["--data", "digits", "--latent", "2", "--width", "16", "--steps", "20"];
    await runJson("train", "vae", ...training, "--classes", "--out", at("classes"));
    const sample = ["sample", "--model", at("classes"), "--out", at("classes.npy")];
    const { shape } = await runJson(...sample, "--class", "3,7", "--count", "2");
    expect(shape).toEqual([4, 1, 8, 8]);
    const bad: [string[], RegExp][] = [
      [[...sample, "--force"], /--class must be given: the VAE has 10 classes/],
      [
        ["train", "ddpm", "--vae", at("classes"), "--data", "digits", "--out", at("x")],
        /without --classes/,
      ],
    ];
    await Promise.all(bad.map(([args, message]) => expectRefusal(args, message)));
  });
});
