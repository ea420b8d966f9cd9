import { readSafetensors } from "@gen/data";
import { type Tensor, trace } from "@gen/graph";
import { fileOf, fromOnnx, toOnnx } from "@gen/graph/onnx";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { afterAll, describe, expect, test } from "vitest";
import {
  goldenRuns,
  modelFolder,
  type PromptCase,
  pattern,
} from "../../../tooling/fixtures/model-folder.ts";
import { imageToImage, openImageModel, textToImage } from "../src/index.ts";
import { clipImage, readPreprocessing } from "../src/prompt/clip-image.ts";
import { colorMap, previewOf } from "../src/prompt/preview.ts";
import { distance, farInLevels, optionsOf, type Read, tensorsOf } from "./golden-runs.ts";

// Runs of diffusers 0.39, PyTorch 2.15: tooling/reference/folders/pictures.py.

const onnx = onnxBackend({ provider: "cpu" });
afterAll(async () => (await onnx).close());

const [sd1, xl, tiny, checker, half] = [
  ...["sd1", "sdxl", "tiny-decoder", "safety-checker", "half-overflow"],
].map((name) => modelFolder(name).read);

/** Lets the models below a path go to the runtime as they are, which then computes in float16. */
const wholeFiles = (below: string, from: Read = checker) => ({
  wholeAbove: 0,
  async open(path: string) {
    const bytes = path.startsWith(below) ? await from(path) : undefined;
    return bytes && fileOf(bytes);
  },
});

const { cases, tensors } = goldenRuns("sd1", "pictures");
const goldens = tensorsOf(tensors);
const runOf = (name: string) => cases.find((run) => run.name === name) as PromptCase;

describe("pictures of diffusers", () => {
  test.each(["clip-skip-1", "clip-skip-2", "negatives"])("%s", async (name) => {
    const run = runOf(name);
    const { images, notes } = await textToImage(sd1, { ...optionsOf(run), backend: onnx });
    expect(farInLevels(images, goldens, name)).toBeLessThan(2);
    expect(notes).toEqual([]);
  });

  test("of an encoder that would stay whole", async () => {
    const open = async (path: string) => {
      const bytes = await sd1(path);
      return bytes && fileOf(bytes);
    };
    const run = runOf("clip-skip-1");
    const whole = { ...optionsOf(run), backend: onnx, open, wholeAbove: 0 };
    expect(
      farInLevels((await textToImage(sd1, whole)).images, goldens, "clip-skip-1"),
    ).toBeLessThan(2);
  });

  test("of a tiny decoder given beside the folder, or in it", async () => {
    const run = runOf("tiny");
    const beside = await textToImage(sd1, { ...optionsOf(run), backend: onnx, decoder: tiny });
    expect(farInLevels(beside.images, goldens, "tiny")).toBeLessThan(2);
    const inside: Read = async (path) => (path.startsWith("vae_") ? tiny : sd1)(path);
    const { images, notes } = await textToImage(inside, { ...optionsOf(run), backend: onnx });
    expect(images).toEqual(beside.images);
    expect(notes).toEqual([]);
  });

  test("of a tiny decoder beside a folder whose files are opened, as its own are", async () => {
    const opened = (from: Read) => wholeFiles("vae_", from);
    const decoder = Object.assign(async (path: string) => tiny(path), opened(tiny));
    const run = runOf("tiny");
    const call = { ...optionsOf(run), backend: onnx, ...opened(sd1) };
    for (const given of [tiny, decoder]) {
      const { images } = await textToImage(sd1, { ...call, decoder: given });
      expect(farInLevels(images, goldens, "tiny")).toBeLessThan(2);
    }
  });

  test("is refused by the option's name where a folder has no decoder, or one of other latents", async () => {
    const call = { prompt: "a fox", backend: onnx };
    await expect(textToImage(sd1, { ...call, decoder: async () => undefined })).rejects.toThrow(
      /^decoder: vae_decoder\/model.onnx is missing .* makes an image from latents/,
    );
    const encoder: Read = async (path) => sd1(path.replace("vae_decoder", "vae_encoder"));
    await expect(textToImage(sd1, { ...call, previewDecoder: encoder })).rejects.toThrow(
      /^previewDecoder: vae_decoder\/model.onnx must make images \[3, 64, 64\] of latents \[4, 8, 8\]; its/,
    );
  });

  // As optimum's --no-dynamic-axes exports it.
  test("of another size than the decoder's file are refused by the file's name, before a step", async () => {
    const fixed = async (path: string, shape: readonly number[]) => {
      const { apply, signature } = fromOnnx((await sd1(path)) as Uint8Array);
      const [input] = Object.keys(signature);
      return toOnnx(trace(apply, { [input]: { shape } }));
    };
    const path = "vae_decoder/model.onnx";
    const files = new Map([[path, await fixed(path, [1, 4, 8, 8])]]);
    const read: Read = async (name) => files.get(name) ?? sd1(name);
    let seen = 0;
    const call = { prompt: "a fox", steps: 1, seed: 1, backend: onnx, onStep: () => seen++ };
    const wide = { ...call, size: [128, 64] as const };
    const reason = 'input "latent_sample" must have the shape [1, 4, 8, 8], got [1, 4, 8, 16]';
    await expect(textToImage(read, wide)).rejects.toThrow(`${path}: ${reason}`);
    const given = textToImage(sd1, { ...wide, decoder: read });
    await expect(given).rejects.toThrow(`decoder: ${path}: ${reason}`);
    expect(seen).toBe(0);
    const { images } = await textToImage(read, call);
    expect(distance(images, (await textToImage(sd1, call)).images)).toBeLessThan(1e-4);
  });

  test("in tiles, those of the whole", async () => {
    const call = { prompt: "a fox", steps: 1, size: [64, 144] as const, backend: onnx };
    const [whole, tiled] = [call, { ...call, tileSize: 32 }].map((one) => textToImage(sd1, one));
    const { images } = await whole;
    expect(distance((await tiled).images, images)).toBeLessThan(1 / 255);
    expect((await tiled).images).not.toEqual(images);
  });
});

test("a VAE that overflows in float16 runs in float32, from image to image", async () => {
  const read: Read = async (path) => (path.startsWith("vae_") ? half : sd1)(path);
  const image = pattern([3, 64, 64]);
  const call = { prompt: "a fox", image, steps: 2, strength: 0.5, seed: 1, backend: onnx };
  const whole = await imageToImage(read, { ...call, ...wholeFiles("vae_", half) });
  expect(whole.notes).toEqual([
    expect.stringMatching(/^the VAE's encoder gives .* in float16: it ran in float32$/),
    expect.stringMatching(/^the VAE's decoder gives .* in float16: it ran in float32$/),
  ]);
  expect(distance(whole.images, (await imageToImage(read, call)).images)).toBeLessThan(1 / 255);
});

test("SDXL alone heeds force_upcast, as diffusers does", async () => {
  const read: Read = async (path) => (path.startsWith("vae_") ? half : xl)(path);
  const call = { prompt: "a fox", steps: 1, seed: 1, backend: onnx };
  const whole = await textToImage(read, { ...call, ...wholeFiles("vae_", half) });
  expect(whole.notes).toEqual([]);
  expect(distance(whole.images, (await textToImage(read, call)).images)).toBeLessThan(1 / 255);
});

describe("the safety checker", () => {
  const withChecker: Read = async (path) =>
    (/^(safety_checker|feature_extractor)\//.test(path) ? checker : sd1)(path);

  test("makes the pictures black that diffusers makes black", async () => {
    const run = runOf("checked");
    const options = { ...optionsOf(run), backend: onnx, safetyChecker: true };
    const { images, unsafe, notes } = await textToImage(withChecker, options);
    expect(unsafe).toEqual(run.nsfw_content_detected);
    expect(new Set(unsafe)).toEqual(new Set([true, false]));
    expect(farInLevels(images, goldens, "checked")).toBeLessThan(2);
    expect(notes).toEqual(["the safety checker made 2 of 4 pictures black"]);
    const whole = await textToImage(withChecker, { ...options, ...wholeFiles("safety_checker/") });
    expect(whole.unsafe).toEqual(unsafe);
  });

  test("is not run unasked, and must be there", async () => {
    const options = { prompt: "a fox", steps: 1, backend: onnx };
    expect((await textToImage(withChecker, options)).unsafe).toBeUndefined();
    let seen = 0;
    const checked = { ...options, safetyChecker: true, onStep: () => seen++ };
    await expect(textToImage(sd1, checked)).rejects.toThrow(
      /^safety_checker\/model.onnx is missing .*convert_stable_diffusion_checkpoint_to_onnx/,
    );
    expect(seen).toBe(0);
  });
});

describe("pictures for CLIP are those of transformers", () => {
  const found = readSafetensors(modelFolder("safety-checker").tensors())
    .tensors as unknown as Record<string, Tensor>;
  test.each([
    ["smaller", { size: { shortest_edge: 32 }, crop_size: { height: 32, width: 32 } }],
    ["larger", { size: 32, crop_size: 32 }],
    ["same", { size: 32, crop_size: 32 }],
    ["wide", { size: { shortest_edge: 48 }, crop_size: { height: 40, width: 56 } }],
    ["padded", { size: 24, crop_size: 32 }],
    ["stretched", { size: { height: 36, width: 28 }, crop_size: 28 }],
  ])("%s", (name, config) => {
    const { data, shape } = found[`${name}.image`];
    const [, height, width] = shape;
    const picture = { data: Uint8Array.from(data as Uint8Array), height, width };
    const ours = clipImage(picture, readPreprocessing(config));
    const theirs = found[`${name}.values`];
    expect(ours.shape).toEqual([1, ...theirs.shape]);
    expect(distance(ours.data, theirs.data as Float32Array)).toBeLessThan(1e-6);
  });

  test.each([
    [{ size: 1025 }, /square must be an integer in 1\.\.1024/],
    [{ resample: 2 }, /resample must be 3 \(bicubic\), got 2/],
    [{ image_mean: [1] }, /mean must be three numbers/],
    [{ image_std: [1, 0, 1] }, /std must be three positive numbers/],
  ])("%o is refused", (config, message) => {
    expect(() => readPreprocessing(config)).toThrow(message);
  });
});

describe("previews", () => {
  test("are the linear map of the estimate, and read nothing unasked", async () => {
    const model = await openImageModel(sd1, { backend: onnx, previewDecoder: tiny });
    const backend = await onnx;
    const download = backend.download;
    let read = 0;
    backend.download = (tensor) => {
      read++;
      return download.call(backend, tensor);
    };
    const call = { prompt: ["a fox", "a stone"], steps: 3, torchSeed: 0 };
    const plain = await model.textToImage(call);
    const unasked = read;
    read = 0;
    const silent = await model.textToImage({ ...call, onStep: () => undefined });
    expect(read).toBe(unasked);
    backend.download = download;
    expect(silent.images).toEqual(plain.images);
    let seen = 0;
    await model.textToImage({
      ...call,
      async onStep({ x0, preview, decode }) {
        seen++;
        const latents = await x0();
        const { images, shape, map } = await preview();
        expect([shape, map]).toEqual([[2, 3, 8, 8], "sd"]);
        // ComfyUI's factors of SD15, red of the first pixel of the second picture.
        const [a, b, c, d] = [0, 1, 2, 3].map((channel) => latents[256 + 64 * channel]);
        const red = 0.3512 * a + 0.325 * b - 0.2829 * c - 0.212 * d;
        expect(images[192]).toBeCloseTo(Math.min(1, Math.max(-1, red)), 5);
        const whole = await decode();
        expect(whole.shape).toEqual([2, 3, 64, 64]);
      },
    });
    expect(seen).toBeGreaterThan(2);
  });

  test("are gray means of latents of an unknown kind", () => {
    const map = colorMap("sd3", 4);
    const { images, map: kind } = previewOf([0.1, 0.2, 0.3, 0.6], [1, 4, 1, 1], map);
    expect(kind).toBe("neutral");
    expect(distance(images, [0.3, 0.3, 0.3])).toBeLessThan(1e-6);
  });

  test.each(["sdxl", "sd3", "flux"] as const)("of %s clip at black and white", (kind) => {
    const channels = kind === "sdxl" ? 4 : 16;
    const map = colorMap(kind, channels);
    expect(map.kind).toBe(kind);
    const { images } = previewOf(Array(channels).fill(0), [1, channels, 1, 1], map);
    expect(distance(images, map.bias)).toBeLessThan(1e-6);
    const bright = previewOf(Array(channels).fill(100), [1, channels, 1, 1], map).images;
    expect(Math.max(...bright.map(Math.abs))).toBe(1);
  });
});

test.each([
  [{ tileSize: 12 }, "tileSize must be a multiple of 8 pixels, got 12"],
  [{ negativePrompt: ["a", "b"] }, "negativePrompt must be one text, or 1, as prompts"],
  [{ clipSkip: 3 }, "clipSkip must be at most 2, the layers of text_encoder/model.onnx, got 3"],
])("%o is refused", async (options, message) => {
  const pictures = textToImage(sd1, { prompt: "a fox", steps: 1, backend: onnx, ...options });
  await expect(pictures).rejects.toThrow(message);
});

test("a tiny decoder needs no config; for another without one the factor is noted", async () => {
  const call = { prompt: "a fox", steps: 1, seed: 1, backend: onnx };
  const bare =
    (read: Read): Read =>
    async (path) =>
      path.endsWith(".json") ? undefined : read(path);
  const [plain, told] = [bare(tiny), tiny].map((decoder) => textToImage(sd1, { ...call, decoder }));
  expect((await plain).images).toEqual((await told).images);
  const { notes } = await textToImage(sd1, { ...call, decoder: bare(sd1) });
  expect(notes).toEqual([expect.stringMatching(/has no scaling_factor: .* divided by 0.18215/)]);
});

test("a decoder of other latents is refused", async () => {
  const opening = openImageModel(sd1, { backend: onnx, decoder: modelFolder("dit").read });
  await expect(opening).rejects.toThrow(/vae_decoder\/model.onnx is missing/);
});
