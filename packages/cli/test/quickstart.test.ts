import { readFileSync, rmSync, statSync } from "node:fs";
import { readPng } from "@gen/data";
import { expect, test } from "vitest";
import { gen, interruptGen, runJson, scratch } from "./gen.ts";

const { at, files } = scratch();
const args = ["quickstart", "--effort", "0.002", "--out", at("q")];
const report = () => JSON.parse(readFileSync(at("q", "report.json"), "utf8"));
const pictures = [
  "data-reconstructions.png",
  "ddim-ddpm.png",
  "digits-ddim-ddpm.png",
  "latent-samples.png",
  "loss.png",
  "vae-prior.png",
];
const folders = ["vae", "latent-ddpm", "pixel-ddpm"];

// One folder: stopped twice, finished, and run again.
test("gen quickstart can be stopped anywhere, continues, and reuses its results", async () => {
  const training = await interruptGen(args, /1\/4 .*% *, .* left/);
  expect(training.code, training.stderr).toBe(130);
  expect(training.stderr).toMatch(/\ngen: interrupted.*\n$/);
  expect(report().complete).toBe(false);
  expect(files()).toContain("q/vae/vae_decoder/model.onnx");

  const sampling = await interruptGen(args, /4\/4 DDPM from pixel-ddpm .* left/);
  expect(sampling.code, sampling.stderr).toBe(130);
  expect(sampling.stderr).toMatch(/\ngen: interrupted.*\n$/);
  expect(report()).toMatchObject({ complete: false, pixelDdpm: { reused: false } });
  const models = folders.map((name) => readFileSync(at("q", name, "training/state.safetensors")));
  await runJson("sample", "--model", at("q/pixel-ddpm"), "--count", "1", "--out", at("one.npy"));

  const finished = await gen(args);
  expect(finished.code, finished.stderr).toBe(0);
  expect(finished.stdout).toMatch(/done in .*; test ELBO -\d+\.\d nats an image/);
  for (const file of [...pictures, "report.json"]) expect(finished.stdout).toContain(file);
  const first = report();
  expect(first).toMatchObject({
    complete: true,
    seed: 0,
    effort: 0.002,
    backend: "onnx/node-cpu",
    versions: { node: process.versions.node, gen: expect.any(String) },
    vae: { steps: expect.any(Number), testElboNats: expect.any(Number), reused: true },
    latentDdpm: { steps: expect.any(Number), losses: { loss: expect.any(Number) }, reused: true },
    pixelDdpm: { steps: expect.any(Number), losses: { loss: expect.any(Number) }, reused: true },
    sampling: {
      latentDdpm: { steps: 1000 },
      latentDdim: { steps: 20 },
      pixelDdpm: { steps: 1000 },
      pixelDdim: { steps: 20 },
    },
  });
  const { testElboNats, reconstructionNats, klNats } = first.vae;
  expect(testElboNats).toBeCloseTo(-(reconstructionNats + klNats), 6);
  // Better than a fair coin for each pixel: 784 ln 2 = 543 nats.
  expect(testElboNats).toBeGreaterThan(-543);
  expect(Object.keys(first.seconds)).toEqual(
    expect.arrayContaining(["train VAE", "train latent DDPM", "train pixel DDPM", "sample"]),
  );
  expect(first.maxRssMiB).toBeGreaterThan(100);
  expect(first.maxRssMiB).toBeLessThan(2048);
  for (const file of pictures) {
    const { data } = readPng(readFileSync(at("q", file)));
    expect(new Set(data).size, file).toBeGreaterThan(10);
  }
  for (const [i, name] of folders.entries())
    expect(readFileSync(at("q", name, "training/state.safetensors")).equals(models[i])).toBe(true);

  const times = pictures.map((file) => statSync(at("q", file)).mtimeMs);
  rmSync(at("q/latent-ddpm/unet/model.onnx"));
  const again = await runJson(...args);
  expect(again).toMatchObject({ complete: true, out: at("q"), vae: { reused: true } });
  expect(report()).toEqual({ ...first, maxRssMiB: expect.any(Number), seconds: expect.anything() });
  const kept = ["data-reconstructions.png", "latent-samples.png", "ddim-ddpm.png", "vae-prior.png"];
  for (const [i, file] of pictures.entries()) {
    if (kept.includes(file)) expect(statSync(at("q", file)).mtimeMs, file).toBe(times[i]);
  }
  expect(report().seconds.sample).toBe(first.seconds.sample);
  expect(files()).toContain("q/latent-ddpm/unet/model.onnx");
  expect(files().filter((name) => name.includes(".gen-"))).toEqual([]);
}, 600_000);
