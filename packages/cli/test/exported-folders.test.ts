import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readNpy, readNpz, readSafetensors, writeNpy, writePng } from "@gen/data";
import { trace } from "@gen/graph";
import { toOnnx } from "@gen/graph/onnx";
import { expect, test } from "vitest";
import { goldenRuns, modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { expectRefusal, gen, runJson, runJsonHere, scratch } from "./gen.ts";

const { at } = scratch();

interface Model {
  readonly file: string;
  readonly dims: Record<string, number>;
  readonly runs: readonly { readonly where: string; readonly runs: boolean }[];
}

const reports = [
  [
    "sd1",
    {
      kind: "text to image",
      className: "StableDiffusionPipeline",
      image: [64, 64],
      needs: ["prompt"],
    },
  ],
  ["inpaint", { kind: "inpainting", latent: [4, 8, 8], needs: ["prompt", "picture", "mask"] }],
  ["refiner", { kind: "refiner", multiple: 2, needs: ["prompt", "picture"] }],
  ["lcm", { kind: "latent consistency" }],
  [
    "flux",
    { kind: "text to image", latent: [4, 8, 8], scaling: { factor: 0.3611, shift: 0.1159 } },
  ],
  ["legacy", { kind: "text to image", latent: [4, 64, 64], image: [512, 512] }],
  ["dit", { kind: "class-conditional", image: null, needs: ["class"] }],
  ["sdxl", { kind: "text to image", missing: [] }],
  ["ddpm", { kind: "unconditional", latent: [3, 16, 16], needs: [] }],
] as const;
test.each(reports)("gen inspect tells what %s is", async (name, wanted) => {
  const report = await runJson("inspect", modelFolder(name).write(at(name)));
  expect(report.pipeline).toMatchObject(wanted);
  expect(report.problems).toEqual([]);
});

const sizes = [
  ["sd1", "text_encoder", { batch_size: 1, sequence_length: 77 }],
  ["sd1", "vae_encoder", { batch_size: 1, sample_height: 64, sample_width: 64 }],
  ["sd1", "vae_decoder", { batch_size: 1, latent_height: 8, latent_width: 8 }],
  ["sd1", "unet", { batch_size: 1, height: 8, width: 8, sequence_length: 77 }],
  ["legacy", "unet", { batch: 1, height: 64, width: 64, sequence: 77 }],
  ["legacy", "vae_encoder", { batch: 1, height: 512, width: 512 }],
  ["sd3", "text_encoder_3", { batch_size: 1, sequence_length: 256 }],
  ["sd3", "transformer", { batch_size: 1, height: 8, width: 8, sequence_length: 333, step: 1 }],
  [
    "flux",
    "transformer",
    { batch_size: 1, packed_height_width: 16, sequence_length: 512, step: 1 },
  ],
] as const;
test.each(sizes)("%s's %s is judged at its own size", async (name, part, dims) => {
  const report = await runJson("inspect", modelFolder(name).write(at(`${name}-sizes`)));
  const models = report.models as unknown as Model[];
  const found = models.find(({ file }) => file === `${part}/model.onnx`);
  expect(found?.dims).toEqual(dims);
  for (const where of ["onnx/node-cpu", "tfjs/cpu", "cpu"])
    expect(found?.runs.find((run) => run.where === where)?.runs, where).toBe(true);
});

test("a report in lines names the parts, what is missing, and the conditions", async () => {
  const folder = modelFolder("inpaint").write(at("cut"));
  rmSync(`${folder}/text_encoder/model.onnx`);
  const { code, stdout } = await gen(["inspect", folder]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^inpainting {2}StableDiffusionInpaintPipeline$/m);
  expect(stdout).toMatch(/^needs {7}a prompt, a picture, a mask$/m);
  expect(stdout).toMatch(/^parts {7}unet {9}estimates the noise in a sample {2,}1\.5 MB$/m);
  expect(stdout).toMatch(/^missing {5}text_encoder\/model\.onnx is missing/m);
  expect(stdout).toMatch(/^conditions {2}concat {17}float32 {2}\[batch, 5, height, width\]$/m);
  expect(stdout).toMatch(/^tokenizer {3}vocab\.json, merges\.txt/m);
  expect(stdout).toMatch(/^size {8}samples \[4, 8, 8\], sides multiples of 2, images 64 x 64/m);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThan(101);
});

test("a VAE in halves decodes the samples of a network in float32", async () => {
  const folder = modelFolder("sd1-fp16").write(at("half"));
  const shape = ["batch", 4, 8, 8];
  const unet = trace(({ sample }) => ({ y: sample }), {
    sample: { shape },
    timestep: { shape: [], dtype: "int64" },
  });
  rmSync(`${folder}/unet`, { recursive: true });
  mkdirSync(`${folder}/unet`);
  writeFileSync(`${folder}/unet/model.onnx`, toOnnx(unet));
  const out = at("half.npy");
  await runJson("sample", "--model", folder, "--count", "1", "--steps", "2", "--out", out);
  const { shape: written, data } = readNpy(readFileSync(out));
  expect(written).toEqual([1, 3, 64, 64]);
  expect(Array.from(data as Float32Array).every(Number.isFinite)).toBe(true);
});

test("PyTorch's weights without ONNX are refused with the export command", async () => {
  const folder = modelFolder("ddpm").write(at("torch"));
  rmSync(`${folder}/unet/model.onnx`);
  writeFileSync(`${folder}/unet/diffusion_pytorch_model.safetensors`, "");
  const message =
    /unet\/config\.json alone is there: safetensors of PyTorch do not run here\. Export/;
  await expectRefusal(["sample", "--model", folder, "--out", at("x.npy")], message);
  const { code, stderr } = await gen(["inspect", folder]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

/** A case of tooling/reference/folders/latents.py. */
interface VaeCase {
  readonly shape: readonly [count: number, channels: number, height: number, width: number];
  readonly scaling_factor: number;
  readonly shift_factor: number;
}

// Four channels with a factor, and sixteen with a factor and a shift.
test.each(["sd1", "sd35"])("%s's autoencoder has diffusers' latents and pictures", async (name) => {
  const folder = modelFolder(name).write(at(`${name}-vae`));
  const { cases, tensors } = goldenRuns<VaeCase>(name, "vae");
  const golden = readSafetensors(tensors).tensors;
  const [count, channels, height, width] = cases[0].shape;
  const pixels = height * width;
  mkdirSync(at(`${name}-pictures`));
  for (let n = 0; n < count; n++) {
    // The script's bytes, whose planes become a picture's pixels.
    const byte = (plane: number, k: number) => (((n * channels + plane) * pixels + k) * 7919) % 251;
    const data = Uint8Array.from({ length: 3 * pixels }, (_, i) => byte(i % 3, Math.floor(i / 3)));
    writeFileSync(at(`${name}-pictures/${n}.png`), writePng({ data, width, height, channels: 3 }));
  }
  const model = ["--model", folder];
  const pictures = ["--data", at(`${name}-pictures`), "--split", "all"];
  const sized = [...pictures, "--size", `${width}x${height}`];
  await runJsonHere("encode", ...model, ...sized, "--out", at(`${name}.npz`));
  const { z, log_variance } = readNpz(readFileSync(at(`${name}.npz`)));
  near(z, golden.z);
  near(log_variance, golden.log_variance);
  const latents = at(`${name}-z.npy`);
  writeFileSync(latents, writeNpy({ data: golden.z.data as Float32Array, shape: golden.z.shape }));
  const decoding = ["decode", ...model, "--latents", latents];
  await runJsonHere(...decoding, "--out", at(`${name}-decoded.npy`));
  near(readNpy(readFileSync(at(`${name}-decoded.npy`))), golden.decoded);
  const told = await runJsonHere(
    "reconstruct",
    ...model,
    ...sized,
    "--out",
    at(`${name}-pairs.png`),
  );
  const decoded = golden.decoded.data as Float32Array;
  const errors = Array.from(decoded, (v, i) => Math.abs((255 * (v + 1)) / 2 - ((i * 7919) % 251)));
  const mean = errors.reduce((sum, error) => sum + error / errors.length, 0);
  expect((told.pixels as { meanAbsolute: number }).meanAbsolute).toBeCloseTo(mean, 2);
  await expectRefusal(
    ["encode", ...model, ...pictures, "--size", "50x33", "--out", at("odd.npy")],
    /--size must have sides divisible by 8, got 50x33/,
  );
});

/** Compares with diffusers' numbers, which are below 8. */
function near(
  got: { readonly data: unknown; readonly shape: readonly number[] },
  wanted: { readonly data: unknown; readonly shape: readonly number[] },
) {
  expect(got.shape).toEqual(wanted.shape);
  const [a, b] = [got.data as Float32Array, wanted.data as Float32Array];
  const farthest = a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);
  expect(farthest).toBeLessThan(1e-4);
}
