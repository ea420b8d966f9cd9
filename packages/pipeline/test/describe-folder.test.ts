import { expect, test } from "vitest";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { describeFolder, loadPipeline, type ReadFile } from "../src/index.ts";

const folders = [
  ["sd1", "text to image", [4, 8, 8], 8],
  ["sd1-fp16", "text to image", [4, 8, 8], 8],
  ["inpaint", "inpainting", [4, 8, 8], 8],
  ["sdxl", "text to image", [4, 8, 8], 8],
  ["refiner", "refiner", [4, 8, 8], 8],
  ["lcm", "latent consistency", [4, 8, 8], 8],
  ["sd3", "text to image", [4, 8, 8], 8],
  ["flux", "text to image", [4, 8, 8], 8],
  ["dit", "class-conditional", [4, 8, 8], undefined],
  ["ddpm", "unconditional", [3, 16, 16], undefined],
  ["ddpm-classes", "class-conditional", [3, 8, 8], undefined],
  ["dynamo-23", "text to image", [4, 8, 8], undefined],
  ["legacy", "text to image", [undefined, 64, 64], 8],
] as const;

test.each(folders)(
  "%s is %s, with latents %j and factor %s",
  async (name, kind, latent, factor) => {
    const { read } = modelFolder(name);
    const found = await describeFolder(read);
    expect(found).toMatchObject({ kind, latent });
    expect(found.factor).toBe(factor);
  },
);

const configured = folders.map(([name]) => name).filter((name) => name !== "legacy");
test.each(configured)(
  "what the configs of %s tell is what its model's file tells",
  async (name) => {
    const { read } = modelFolder(name);
    const [found, { shape, denoiser, vae }] = await Promise.all([
      describeFolder(read),
      loadPipeline(read),
    ]);
    expect(found.latent).toEqual(shape);
    const conditions = denoiser.condition ?? {};
    expect(Object.keys(found.conditions).sort()).toEqual(Object.keys(conditions).sort());
    for (const [key, { shape: wanted }] of Object.entries(conditions)) {
      const numbers = (dims: readonly unknown[]) =>
        dims.slice(1).map((d, i) => (typeof wanted[i + 1] === "number" ? d : "open"));
      const told = found.conditions[key].shape.map((d, i) => (d === "sequence" ? wanted[i] : d));
      expect(numbers(told), key).toEqual(numbers(wanted));
    }
    const [, height] = shape;
    if (vae) expect(vae.image[1]).toBe(height * Number(found.factor));
  },
);

test("parts, tokenizers and the VAE's scaling are named", async () => {
  const folder = modelFolder("sd3");
  const found = await describeFolder(folder.read);
  expect(found.parts.map(({ name }) => name)).toEqual([
    "transformer",
    "text_encoder",
    "text_encoder_2",
    "text_encoder_3",
    "vae_decoder",
    "vae_encoder",
  ]);
  expect(found.missing).toEqual([]);
  expect(found.scaling).toEqual({ factor: 1.5305, shift: 0.0609 });
  // The default of StableDiffusion3Pipeline in diffusers 0.39.
  expect(found.steps).toBe(28);
  expect(found.multiple).toBe(2);
  const files = folder.paths.filter((path) => path.startsWith("tokenizer_3/"));
  expect(found.tokenizers.map(({ name }) => name)).toEqual([
    "tokenizer",
    "tokenizer_2",
    "tokenizer_3",
  ]);
  expect([...found.tokenizers[2].files].sort()).toEqual([...files].sort());
});

test("a folder of our own tells its shape and classes, and a VAE alone is one", async () => {
  const files: Record<string, unknown> = {
    "model_index.json": { _gen: { shape: [2], classes: ["a", "b"] }, unet: ["gen", "x"] },
    "unet/model.onnx": {},
  };
  const reader = async (path: string) =>
    path in files ? new TextEncoder().encode(JSON.stringify(files[path])) : undefined;
  expect(await describeFolder(reader)).toMatchObject({ kind: "class-conditional", latent: [2] });
  const { read } = modelFolder("sd1");
  const vae = changed(read, /^(unet|text_encoder|model_index)/);
  expect(await describeFolder(vae)).toMatchObject({ kind: "autoencoder", factor: 8, missing: [] });
});

/** A folder's reader without some files, and with others. */
const changed =
  (read: ReadFile, without: RegExp, files: Record<string, unknown> = {}): ReadFile =>
  async (path) => {
    if (path in files) return new TextEncoder().encode(JSON.stringify(files[path]));
    return without.test(path) ? undefined : read(path);
  };

test("an index that ORTStableDiffusionPipeline saved again tells the same", async () => {
  const { read } = modelFolder("lcm");
  const bytes = await read("model_index.json");
  const index = JSON.parse(new TextDecoder().decode(bytes));
  const _class_name = `ORT${index._class_name}`;
  const again = changed(read, /none/, { "model_index.json": { ...index, _class_name } });
  expect(await describeFolder(again)).toEqual(await describeFolder(read));
});

test("a part that is not there is named with its purpose and the export", async () => {
  const { read } = modelFolder("sd1");
  const found = await describeFolder(changed(read, /text_encoder\/model|vae_decoder\/model/));
  expect(found.missing).toEqual([
    "text_encoder/model.onnx is missing from the pipeline folder: text_encoder encodes the prompt. text_encoder/config.json alone is there: safetensors of PyTorch do not run here. Export it by optimum-cli export onnx --model MODEL FOLDER",
    "vae_decoder/model.onnx is missing from the pipeline folder: vae_decoder makes an image from latents. vae_decoder/config.json alone is there: safetensors of PyTorch do not run here. Export it by optimum-cli export onnx --model MODEL FOLDER",
  ]);
  const torch = changed(read, /model\.onnx/);
  await expect(loadPipeline(torch)).rejects.toThrow(
    "unet/model.onnx is missing from the pipeline folder: unet estimates the noise in a sample. unet/config.json alone is there: safetensors of PyTorch do not run here. Export it by optimum-cli",
  );
  await expect(loadPipeline(changed(read, /^scheduler/))).rejects.toThrow(
    "scheduler/scheduler_config.json is missing from the pipeline folder: it holds the noise schedule. Copy it",
  );
  const latents = await loadPipeline(changed(read, /vae_decoder\/model/));
  expect(latents.warnings?.join()).toMatch(
    /vae_decoder\/model.onnx is missing.*Samples are latents/,
  );
  await expect(describeFolder(async () => undefined)).rejects.toThrow("unet/model.onnx is missing");
});

test.each([
  ["sd1", [undefined, 7, 8], 2, "6 or 8 for 7"],
  ["flux", [undefined, 9, 7], 2, "8 or 10 for 9"],
  ["sd3", [undefined, 1, 8], 2, "2 for 1"],
] as const)("%s refuses a size %j that is no multiple of %i", async (name, shape, by, near) => {
  const { read } = modelFolder(name);
  const sides = shape.slice(1).join(" x ");
  await expect(loadPipeline(read, { shape })).rejects.toThrow(
    `height and width of a sample must be multiples of ${by}, got ${sides}; take ${near}`,
  );
});

test("a ControlNet folder needs a control picture beside what its class needs", async () => {
  const { read } = modelFolder("sd1");
  const index = JSON.parse(new TextDecoder().decode(await read("model_index.json")));
  const named = (_class_name: string) =>
    describeFolder(changed(read, /none/, { "model_index.json": { ...index, _class_name } }));
  expect(await named("StableDiffusionControlNetPipeline")).toMatchObject({
    kind: "ControlNet",
    needs: ["prompt", "control picture"],
  });
  expect(await named("StableDiffusionControlNetInpaintPipeline")).toMatchObject({
    kind: "inpainting",
    needs: ["prompt", "picture", "mask", "control picture"],
  });
  const beside = await describeFolder(modelFolder("control").read);
  expect(beside).toMatchObject({ kind: "ControlNet", needs: ["prompt", "control picture"] });
});
