import { constant, graphOf, mul, parameter, reshape, tanh, tensor } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { MAX_FILE_BYTES } from "@gen/graph/onnx";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { generate, type PipelineVae, sample } from "@gen/sampling";
import { cosineSchedule } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { loadPipeline, pipelineFiles, savePipeline } from "../src/index.ts";
import { MAX_SAMPLE_DIMENSIONS } from "../src/limits.ts";
import { smallDenoiser, table } from "./networks.ts";

const gain = parameter("gain", tensor([2, 3], [1, 2]));
const vae: PipelineVae = {
  image: [1, 1, 2],
  parameters: [gain],
  encode: (image) => {
    const mean = reshape(image, [image.shape[0], 2]);
    return { mean, logVariance: mul(mean, 0.5) };
  },
  decode: (z) => reshape(tanh(mul(z, gain)), [z.shape[0], 1, 1, 2]),
};
const schedule = cosineSchedule({ steps: 10 });
const whole = {
  kind: "diffusion" as const,
  denoiser: smallDenoiser(3),
  scheduler: { schedule, clip: 1 },
  shape: [2],
  vae,
  classes: ["a", "b", "c"],
  notes: { data: "points" },
};
const backend = cpuBackend();
const folder = (files: Record<string, Uint8Array | undefined>) => (path: string) =>
  Promise.resolve(files[path]);
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe("a pipeline's folder", () => {
  it("has diffusers' layout", () => {
    const files = pipelineFiles(whole);
    expect(Object.keys(files).sort()).toEqual([
      "model_index.json",
      "scheduler/scheduler_config.json",
      "unet/model.onnx",
      "vae_decoder/config.json",
      "vae_decoder/model.onnx",
      "vae_encoder/model.onnx",
    ]);
    const index = JSON.parse(new TextDecoder().decode(files["model_index.json"]));
    expect(index).toMatchObject({
      _class_name: "LDMPipeline",
      scheduler: ["diffusers", "DDIMScheduler"],
      unet: ["diffusers", "OnnxRuntimeModel"],
    });
  });

  it("samples the same after a round trip", async () => {
    const loaded = await loadPipeline(folder(pipelineFiles(whole)));
    expect(loaded).toMatchObject({
      shape: [2],
      classes: ["a", "b", "c"],
      notes: { data: "points" },
    });
    expect(loaded.denoiser.predicts).toBe("epsilon");
    expect(loaded.scheduler.clip).toBe(1);
    expect([...loaded.scheduler.schedule.betas]).toEqual([...schedule.betas]);
    expect(loaded.vae?.image).toEqual([1, 1, 2]);
    const run = {
      backend,
      steps: table(1),
      shape: [4, 2],
      seed: 8,
      condition: [0, 1, 2, 0],
    };
    const before = await sample({ ...run, denoiser: whole.denoiser });
    const after = await sample({ ...run, denoiser: loaded.denoiser });
    for (const [i, v] of before.x.entries()) expect(after.x[i]).toBeCloseTo(v, 6);
  });

  it("is written file by file, and generates the same when loaded", async () => {
    const written: Record<string, Uint8Array> = {};
    await savePipeline(whole, async (path, bytes) => {
      written[path] = bytes;
    });
    expect(written).toEqual(pipelineFiles(whole));
    const run = { backend, count: 4, steps: 5, seed: 8, condition: [0, 1, 2, 0], guidance: 2 };
    const before = await generate(whole, run);
    const after = await generate(await loadPipeline(folder(written)), run);
    expect([after.shape, after.steps]).toEqual([[4, 1, 1, 2], 5]);
    expect(Math.max(...before.x.map(Math.abs))).toBeGreaterThan(0.1);
    for (const [i, v] of before.x.entries()) expect(after.x[i]).toBeCloseTo(v, 5);
  });

  it("of a VAE alone is loaded by its kind", async () => {
    const alone = { kind: "vae", vae, shape: [2] } as const;
    const loaded = await loadPipeline(folder(pipelineFiles(alone)), { kind: "vae" });
    expect(loaded).toMatchObject({ kind: "vae", shape: [2], vae: { image: [1, 1, 2] } });
    const run = { backend, count: 3, seed: 2 };
    const [before, after] = [await generate(alone, run), await generate(loaded, run)];
    for (const [i, v] of before.x.entries()) expect(after.x[i]).toBeCloseTo(v, 6);
    await expect(loadPipeline(folder({}), { kind: "vae" })).rejects.toThrow(
      "vae_decoder/model.onnx is missing",
    );
  });

  it("holds a VAE's files alone, too", () => {
    const files = pipelineFiles(whole);
    const names = ["vae_decoder/config.json", "vae_decoder/model.onnx", "vae_encoder/model.onnx"];
    const wanted = Object.fromEntries(names.map((name) => [name, files[name]]));
    expect(pipelineFiles({ kind: "vae", vae, shape: [2] })).toEqual(wanted);
  });

  it("undoes the scaling of another exporter's autoencoder", async () => {
    const files = pipelineFiles(whole);
    const shifted = async (config: object) => {
      const changed = { ...files, "vae_decoder/config.json": text(config) };
      const { vae: loaded } = await loadPipeline(folder(changed));
      const z = constant(tensor([0.1, 0.2], [1, 2]));
      const image = tensor([1, 1], [1, 1, 1, 2]);
      const encoded = loaded?.encode?.(constant(image)) ?? { mean: z, logVariance: z };
      const out = evaluate(graphOf({ y: loaded?.decode(z) ?? z, ...encoded }), {});
      return [out.y, out.mean, out.logVariance].map(({ data }) => Array.from(data, Number));
    };
    const near = (found: number[][], wanted: number[][]) =>
      found.forEach((row, i) => row.forEach((v, k) => expect(v).toBeCloseTo(wanted[i][k], 6)));
    near(await shifted({}), [
      [Math.tanh(0.2), Math.tanh(0.6)],
      [1, 1],
      [0.5, 0.5],
    ]);
    near(await shifted({ scaling_factor: 0.5, shift_factor: 1 }), [
      [Math.tanh(2 * 1.2), Math.tanh(3 * 1.4)],
      [0, 0],
      [0.5 + 2 * Math.log(0.5), 0.5 + 2 * Math.log(0.5)],
    ]);
    near(await shifted({ latents_mean: [1, 2], latents_std: [2, 4] }), [
      [Math.tanh(2 * 1.2), Math.tanh(3 * 2.8)],
      [0, -0.25],
      [0.5 - 2 * Math.log(2), 0.5 - 2 * Math.log(4)],
    ]);
    // As StableDiffusionXLPipeline decodes: z * latents_std / scaling_factor + latents_mean.
    near(await shifted({ latents_mean: [1, 2], latents_std: [2, 4], scaling_factor: 0.5 }), [
      [Math.tanh(2 * 1.4), Math.tanh(3 * 3.6)],
      [0, -0.125],
      [0.5 - 2 * Math.log(4), 0.5 - 2 * Math.log(8)],
    ]);
    await expect(shifted({ scaling_factor: 0 })).rejects.toThrow(/must be positive, got 0/);
  });

  it("names the file that is missing, too large or damaged", async () => {
    const files = pipelineFiles(whole);
    const load = (change: Record<string, Uint8Array | undefined>, limit?: number) =>
      expect(loadPipeline(folder({ ...files, ...change }), { limit })).rejects;
    await load({ "unet/model.onnx": undefined }).toThrow("unet/model.onnx is missing");
    await load({ "vae_decoder/model.onnx": undefined }).toThrow(
      "vae_decoder/model.onnx is missing",
    );
    await load({ "scheduler/scheduler_config.json": undefined }).toThrow(
      "scheduler/scheduler_config.json is missing",
    );
    await load({ "model_index.json": text([1]) }).toThrow(
      "model_index.json: it must hold a JSON object",
    );
    await load({ "model_index.json": new Uint8Array([123]) }).toThrow("model_index.json: ");
    await load({ "unet/model.onnx": files["unet/model.onnx"].slice(0, 300) }).toThrow(
      "unet/model.onnx: ",
    );
    await load({}, 100).toThrow(/^[\w/.]+ has \d+ bytes, at most 100 are allowed$/);
  });

  it.each([
    ["null", null],
    ["[null, null]", [null, null]],
    ["a class whose file is not there", ["diffusers", "OnnxRuntimeModel"]],
    ["nothing", undefined],
  ])("does without an encoder if its index says %s for it", async (_, vae_encoder) => {
    const { "vae_encoder/model.onnx": encoder, ...files } = pipelineFiles(whole);
    const index = JSON.parse(new TextDecoder().decode(files["model_index.json"]));
    const run = { backend, count: 2, steps: 2, condition: [0, 1] };
    const { x: wanted } = await generate(whole, run);
    for (const _gen of [index._gen, undefined]) {
      const changed = { ...index, vae_encoder, ...(_gen === undefined && { _gen }) };
      const loaded = await loadPipeline(folder({ ...files, "model_index.json": text(changed) }), {
        shape: [2],
      });
      expect(loaded.vae?.encode).toBeUndefined();
      expect(loaded.vae?.parameters.map(({ name }) => name)).toEqual(["gain"]);
      const { x, shape } = await generate(loaded, run);
      expect(shape).toEqual([2, 1, 1, 2]);
      for (const [i, v] of wanted.entries()) expect(x[i]).toBeCloseTo(v, 5);
      const again = pipelineFiles(loaded);
      expect(Object.keys(again)).not.toContain("vae_encoder/model.onnx");
      expect((await loadPipeline(folder(again))).vae?.encode).toBeUndefined();
    }
    expect(encoder).toBeDefined();
  });

  it("does without a decoder if its index says null or [null, null] for it", async () => {
    const files = pipelineFiles({ ...whole, vae: undefined });
    const index = JSON.parse(new TextDecoder().decode(files["model_index.json"]));
    for (const part of [null, [null, null]]) {
      const { _gen, ...others } = index;
      for (const own of [{ _gen }, {}]) {
        const changed = { ...others, ...own, vae_decoder: part, vae_encoder: part };
        const read = folder({ ...files, "model_index.json": text(changed) });
        expect((await loadPipeline(read)).vae).toBeUndefined();
      }
    }
    const named = { ...index, vae_decoder: ["diffusers", "OnnxRuntimeModel"] };
    await expect(
      loadPipeline(folder({ ...files, "model_index.json": text(named) })),
    ).rejects.toThrow("vae_decoder/model.onnx is missing");
  });

  it("refuses a file above the limit before it is read", async () => {
    const files = pipelineFiles(whole);
    const largest = Math.max(...Object.values(files).map(({ length }) => length));
    expect(await loadPipeline(folder(files), { limit: largest })).toBeDefined();
    await expect(loadPipeline(folder(files), { limit: largest - 1 })).rejects.toThrow(
      `has ${largest} bytes, at most ${largest - 1} are allowed`,
    );
    const index = (length: number) =>
      folder({ ...files, "model_index.json": { length } as Uint8Array });
    await expect(loadPipeline(index(MAX_FILE_BYTES))).rejects.toThrow(
      "model_index.json: the file must have at most 16777216 bytes",
    );
    await expect(loadPipeline(index(MAX_FILE_BYTES + 1))).rejects.toThrow(
      `model_index.json has ${MAX_FILE_BYTES + 1} bytes, at most ${MAX_FILE_BYTES} are allowed`,
    );
  });

  it("has samples of at most 8 dimensions", async () => {
    const files = pipelineFiles(whole);
    const index = JSON.parse(new TextDecoder().decode(files["model_index.json"]));
    index._gen.image = Array(MAX_SAMPLE_DIMENSIONS).fill(1);
    const { vae } = await loadPipeline(folder({ ...files, "model_index.json": text(index) }));
    expect(vae?.image).toHaveLength(8);
  });

  it.each([
    ["_gen", 5],
    ["_gen", []],
    ["_gen.shape", null],
    ["_gen.shape", "2"],
    ["_gen.shape", [0]],
    ["_gen.shape", [2.5]],
    ["_gen.shape", Array(MAX_SAMPLE_DIMENSIONS + 1).fill(1)],
    ["_gen.image", { length: 1 }],
    ["_gen.classes", 3],
    ["_gen.classes", [1]],
    ["_gen.notes", "points"],
  ])("refuses an index with a wrong %s, %j, by the field's name", async (field, value) => {
    const files = pipelineFiles(whole);
    const index = JSON.parse(new TextDecoder().decode(files["model_index.json"]));
    const [, name] = field.split(".");
    index._gen = name ? { ...index._gen, [name]: value } : value;
    await expect(
      loadPipeline(folder({ ...files, "model_index.json": text(index) })),
    ).rejects.toThrow(
      expect.objectContaining({
        code: "invalid-model",
        message: expect.stringMatching(
          new RegExp(`^model_index\\.json: ${field.replace(".", "\\.")} must be .*, got `),
        ),
      }),
    );
  });

  it("quotes nothing of a file that is no JSON, and names each file", async () => {
    const files = pipelineFiles(whole);
    const secret = new TextEncoder().encode("root:x:0:0:root:/root:/bin/sh");
    for (const path of [
      "model_index.json",
      "scheduler/scheduler_config.json",
      "vae_decoder/config.json",
    ]) {
      await expect(loadPipeline(folder({ ...files, [path]: secret }))).rejects.toThrow(
        expect.objectContaining({
          code: "invalid-model",
          message: expect.stringMatching(
            new RegExp(`^${path}: [\\w ]+ is not JSON: a value is missing at character 1$`),
          ),
        }),
      );
    }
  });

  it("asks for fixed paths only, whatever the index says", async () => {
    const files = pipelineFiles(whole);
    const asked: string[] = [];
    const index = { unet: ["../../etc", "passwd"], vae_decoder: null, extra: "/root" };
    const changed: Record<string, Uint8Array> = { ...files, "model_index.json": text(index) };
    await loadPipeline((path) => {
      asked.push(path);
      return Promise.resolve(changed[path]);
    });
    expect(asked.filter((path) => path.includes("..") || path.startsWith("/"))).toEqual([]);
  });

  it("asks for what our own index names and no more, in two rounds", async () => {
    const files: Record<string, Uint8Array> = pipelineFiles({ ...whole, vae: undefined });
    const rounds: string[][] = [];
    let open: string[] = [];
    const { vae: none } = await loadPipeline(async (path) => {
      if (open.length === 0) rounds.push(open);
      open.push(path);
      await new Promise((later) => setTimeout(later, 5));
      open = [];
      return files[path];
    });
    expect(none).toBeUndefined();
    expect(rounds.map((paths) => paths.sort())).toEqual([
      ["model_index.json", "scheduler/scheduler_config.json"],
      ["unet/model.onnx"],
    ]);
  });

  it("does without model_index.json and without a VAE", async () => {
    const { "model_index.json": _, ...files } = pipelineFiles({ ...whole, vae: undefined });
    const loaded = await loadPipeline(folder(files));
    expect(loaded.vae).toBeUndefined();
    expect(loaded.shape).toEqual([2]);
  });
});
