import { readSafetensors } from "@gen/data";
import type { Tensor } from "@gen/graph";
import { fileOf } from "@gen/graph/onnx";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { afterAll, describe, expect, test } from "vitest";
import {
  goldenRuns,
  type ImageCase,
  maskPattern,
  modelFolder,
  pattern,
} from "../../../tooling/fixtures/model-folder.ts";
import { imageToImage, inpaint, openImageModel } from "../src/index.ts";
import { distance, farFromGolden, type Read, tensorsOf, withScheduler } from "./golden-runs.ts";

// Runs of diffusers 0.39 that start from images, PyTorch 2.15: tooling/reference/folders/images.py.

const onnx = onnxBackend({ provider: "cpu" });
const others = { tfjs: tfjsBackend({ device: "cpu" }), cpu: Promise.resolve(cpuBackend()) };
afterAll(async () => {
  for (const backend of [onnx, ...Object.values(others)]) await (await backend).close();
});

/** What a run's call takes beside the options of a prompt. */
function imagesOf(run: ImageCase) {
  const [width, height] = run.size;
  const [channels, scale] = run.takes_latents ? [4, 8] : [3, 1];
  return {
    strength: run.strength,
    imageGuidance: run.image_guidance_scale,
    aestheticScore: run.aesthetic_score,
    originalInferenceSteps: run.original_inference_steps,
    image: pattern([run.images, channels, height / scale, width / scale]),
    ...(run.masks > 0 && { mask: maskPattern([run.masks, 1, height, width]) }),
  };
}

/** How far the latents of a case's steps, and its pictures, are from the golden ones. */
function compared(
  name: string,
  run: ImageCase,
  { backend = onnx as unknown, read = modelFolder(name).read } = {},
) {
  const golden = tensorsOf(goldenRuns(name, "images").tensors);
  const folder = withScheduler(read, run);
  return farFromGolden(run, golden, ({ size: _, ...options }) => {
    const call = { ...options, ...imagesOf(run), backend: backend as typeof onnx };
    return "mask" in call ? inpaint(folder, call as never) : imageToImage(folder, call);
  });
}

const names = [
  "sd1",
  "inpaint",
  "edit",
  "edit-xl",
  "sdxl",
  "refiner",
  "lcm",
  "sd3",
  "sd35",
  "flux",
];
const runs = names.flatMap((name) =>
  goldenRuns<ImageCase>(name, "images").cases.map((run) => [name, run.name, run] as const),
);

describe("the latents of each step and the pictures are PyTorch's", () => {
  test.each(runs)("%s, %s", async (name, _, run) => {
    const { latents, levels } = await compared(name, run);
    expect(latents).toBeLessThan(1e-3);
    expect(levels).toBeLessThan(2);
  });
});

const [sd1, half, nine] = ["sd1", "sd1-fp16", "inpaint"].map((name) => modelFolder(name).read);
const caseOf = (name: string, run: string) =>
  goldenRuns<ImageCase>(name, "images").cases.find((one) => one.name === run) as ImageCase;

test.each([
  ["tfjs", "edit", "edit"],
  ["cpu", "flux", "inpaint"],
] as const)("on %s, %s's %s is PyTorch's too", async (backend, name, run) => {
  const { latents, levels } = await compared(name, caseOf(name, run), { backend: others[backend] });
  expect(latents).toBeLessThan(1e-3);
  expect(levels).toBeLessThan(2);
});

test("models in halves stay within halves' rounding", async () => {
  const { latents, levels } = await compared("sd1", caseOf("sd1", "inpaint"), { read: half });
  expect(latents).toBeLessThan(1e-2);
  expect(levels).toBeLessThan(4);
});

const image = pattern([3, 64, 64]);
const mask = maskPattern([1, 1, 64, 64]);
const tiny = {
  backend: onnx,
  prompt: "a red fox",
  steps: 4,
  seed: 5,
  image,
  strength: 0.6,
  guidance: 1,
};

test("only with a torch seed are SD3's inpainted latents decoded without the VAE's shift", async () => {
  const { read } = modelFolder("sd35");
  const call = { backend: onnx, prompt: "a fox", steps: 2, guidance: 1, image, mask };
  for (const seed of [{ seed: 1 }, { torchSeed: 1 }]) {
    let decoded: ArrayLike<number> = [];
    const { images } = await inpaint(read, {
      ...{ ...call, ...seed },
      onStep: async ({ decode }) => {
        decoded = (await decode()).images;
      },
    });
    // The estimate of the last step is what is decoded.
    const far = distance(images, decoded);
    expect(far > 0.01).toBe("torchSeed" in seed);
    expect(far < 1e-4).toBe("seed" in seed);
  }
});

test("models that stay whole files give the same pictures", async () => {
  const open = async (path: string) => {
    const bytes = await sd1(path);
    return bytes && { ...fileOf(bytes), beside: async () => undefined };
  };
  const wanted = await inpaint(sd1, { ...tiny, mask });
  const whole = await inpaint(sd1, { ...tiny, mask, open, wholeAbove: 0 });
  expect(distance(whole.images, wanted.images)).toBeLessThan(1e-3);
});

test("an encoder of 2022 gives samples, for which nothing is drawn", async () => {
  const legacy = modelFolder("legacy").read;
  const { mode } = readSafetensors(modelFolder("legacy").tensors()).tensors as unknown as {
    mode: Tensor;
  };
  const sine = Float32Array.from({ length: 3 * 64 * 64 }, (_, i) =>
    Math.sin(-1 + (2 * i) / (3 * 64 * 64 - 1)),
  );
  const scaled = Float32Array.from(mode.data as Float32Array, (value) => value * 0.18215);
  const run = { ...tiny, seed: undefined, torchSeed: 3, shape: [undefined, 8, 8] };
  const [ofImage, ofLatents] = await Promise.all(
    [
      { data: sine, shape: [3, 64, 64] },
      { data: scaled, shape: mode.shape },
    ].map((one) => imageToImage(legacy, { ...run, image: one })),
  );
  expect(distance(ofImage.images, ofLatents.images)).toBeLessThan(1e-3);
});

test("one model makes pictures of prompts, of images and of parts of them", async () => {
  const { backend, ...call } = tiny;
  const paths: string[] = [];
  const read: Read = async (path) => {
    paths.push(path);
    return sd1(path);
  };
  const model = await openImageModel(read, { backend });
  expect(model.kind).toBe("text to image");
  await model.textToImage({ prompt: "a fox", steps: 1 });
  expect(paths).not.toContain("vae_encoder/model.onnx");
  const all = { ...call, prompt: ["a fox", "a dog"], count: 2 };
  const both = await model.imageToImage(all);
  expect([both.shape, both.steps]).toEqual([[4, 3, 64, 64], 3]);
  const size = 3 * 64 * 64;
  const first = await model.imageToImage({ ...all, prompt: "a fox" });
  expect(distance(first.images, both.images.subarray(0, 2 * size))).toBeLessThan(1e-4);
  const painted = await model.inpaint({ ...all, mask });
  const again = await model.inpaint({ ...all, prompt: "a fox", mask });
  expect(distance(again.images, painted.images.subarray(0, 2 * size))).toBeLessThan(1e-4);
  expect(paths.filter((path) => path === "vae_encoder/model.onnx")).toHaveLength(1);
});

test("pasted latents are the image's own outside the mask, after each step and at the end", async () => {
  const latents = pattern([4, 8, 8]);
  const rows = maskPattern([1, 1, 64, 64]).data;
  const known = Array.from({ length: 64 }, (_, i) => rows[8 * (64 * (i >> 3) + (i & 7))] < 0.5);
  expect(new Set(known).size).toBe(2);
  const seen: number[] = [];
  await inpaint(sd1, {
    ...tiny,
    image: latents,
    mask,
    async onStep({ step, steps, x, x0 }) {
      const last = step === steps - 1 ? [await x()] : [];
      for (const values of [await x0(), ...last]) {
        const far = values.map((value, i) => (known[i % 64] ? value - latents.data[i] : 0));
        seen.push(Math.max(...far.map(Math.abs)));
      }
    },
  });
  expect(seen).toHaveLength(4);
  expect(Math.max(...seen)).toBeLessThan(1e-6);
});

test("other samplers take the same part of the steps", async () => {
  for (const sampler of ["euler", "dpm-solver++", "heun"] as const) {
    const seen: number[] = [];
    const onStep = ({ t }: { t: number }) => seen.push(t);
    const { steps } = await imageToImage(sd1, { ...tiny, steps: 5, sampler, onStep });
    expect(steps).toBe(sampler === "heun" ? 5 : 3);
    expect(Math.max(...seen)).toBeLessThan(600);
  }
});

const refusals: readonly (readonly [string, RegExp | string, object])[] = [
  ["sdxl", "strength must leave a step of 4, got 0.1", { strength: 0.1 }],
  ["flux", "strength must leave a step of 4, got 0", { strength: 0 }],
  ["sd1", "strength must be in [0, 1], got 1.5", { strength: 1.5 }],
  ["sd1", "strength must be in [0, 1], got -1", { strength: -1 }],
  ["sd1", "image must be { data, shape }, got undefined", { image: undefined }],
  ["sd1", "image.data must be 192 numbers", { image: { ...image, shape: [3, 8, 8] } }],
  ["sd1", "image.shape must be of 3 channels, or of 4 for latents", { image: pattern([5, 8, 8]) }],
  [
    "sd1",
    "size must be multiples of 16 pixels, got 70 x 64; take 64 x 64 or 80 x 64",
    { image: pattern([3, 64, 70]) },
  ],
  [
    "sd1",
    "image must be one, or as many as divide the 3 pictures, got 2",
    { image: pattern([2, 3, 64, 64]), count: 3 },
  ],
  [
    "sd1",
    "image must be in [-1, 1], got -255",
    { image: { ...image, data: image.data.map((v) => 255 * v) } },
  ],
  ["sd1", "size must be left out: the pictures are as large as the image", { size: [64, 64] }],
  ["sd1", "imageGuidance must be left out for a folder that edits no", { imageGuidance: 2 }],
  ["edit", "strength must be left out for a folder that edits images", {}],
  ["inpaint", /is for inpainting .*a picture and a mask .*Use inpaint/, {}],
  ["ddpm", "has no text encoder: use generate, or gen sample", {}],
  [
    "sd1",
    "originalInferenceSteps must be left out for PNDMScheduler",
    { originalInferenceSteps: 20 },
  ],
];

test.each(refusals)("an image for %s is refused: %s", async (name, message, options) => {
  const pictures = imageToImage(modelFolder(name).read, { ...tiny, ...options } as never);
  await expect(pictures).rejects.toThrow(message);
});

test.each([
  ["sd1", "mask must be { data, shape }, got undefined", { mask: undefined }],
  [
    "sd1",
    "mask must have the image's size, 64 x 64, got 32 x 64",
    { mask: maskPattern([1, 1, 64, 32]) },
  ],
  ["sd1", "mask.shape must be of one channel", { mask: pattern([3, 64, 64]) }],
  ["sd1", "mask must be in [0, 1], got -1", { mask: pattern([1, 64, 64]) }],
  // PNDM's additional step is image to image's alone.
  ["sd1", "strength must leave a step of 4, got 0.1", { strength: 0.1 }],
  ["edit", /edits images .*Use imageToImage/, {}],
] as const)("a mask for %s is refused: %s", async (name, message, options) => {
  const pictures = inpaint(modelFolder(name).read, { ...tiny, mask, ...options } as never);
  await expect(pictures).rejects.toThrow(message);
});

test("PNDM has a step more than the strength leaves", async () => {
  expect((await imageToImage(sd1, { ...tiny, strength: 0.1 })).steps).toBe(1);
});

test("a folder without the VAE's encoder says what the encoder is for", async () => {
  const read: Read = async (path) => (path.startsWith("vae_encoder/") ? undefined : sd1(path));
  const message =
    /^vae_encoder\/model.onnx is missing .* makes latents from an image, .*optimum-cli/;
  await expect(imageToImage(read, tiny)).rejects.toThrow(message);
  await expect(inpaint(read, { ...tiny, mask })).rejects.toThrow(message);
  const latents = pattern([4, 8, 8]);
  expect((await imageToImage(read, { ...tiny, image: latents })).shape).toEqual([1, 3, 64, 64]);
  const nineless = inpaint(nine, { ...tiny, image: latents, mask });
  await expect(nineless).rejects.toThrow(
    "image must be pixels for a network that takes the masked image",
  );
});

test("a signal stops the encoding of an image", async () => {
  const reason = new Error("enough");
  const stopped = imageToImage(sd1, { ...tiny, signal: { aborted: true, reason } });
  await expect(stopped).rejects.toBe(reason);
});

test("an editor's folder tells its steps and guidance, and a refiner refines", async () => {
  const { backend } = tiny;
  const of = async (name: string) => {
    const { kind, steps, guidance } = await openImageModel(modelFolder(name).read, { backend });
    return [kind, steps, guidance];
  };
  expect(await of("edit")).toEqual(["image edit", 100, 7.5]);
  expect(await of("edit-xl")).toEqual(["image edit", 100, 5]);
  expect(await of("refiner")).toEqual(["refiner", 50, 5]);
  expect(await of("inpaint")).toEqual(["inpainting", 50, 7.5]);
});
