import {
  add,
  cast,
  concat,
  constant,
  type DType,
  type Expr,
  graphOf,
  mul,
  reshape,
  type Shape,
  type Signature,
  tensor,
  trace,
} from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { toOnnx } from "@gen/graph/onnx";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { type PipelineVae, sample, stepTable } from "@gen/sampling";
import { linearSchedule, writeSchedulerConfig } from "@gen/schedules";
import { expect, it } from "vitest";
import { loadModel, loadPipeline } from "../src/index.ts";
import { MAX_SAMPLE_NUMBERS } from "../src/limits.ts";

const schedule = linearSchedule({ steps: 10 });
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const reader = (files: Record<string, Uint8Array | undefined>) => (path: string) =>
  Promise.resolve(files[path]);

/** A folder whose denoiser gives x + t, as an exporter with these habits would write it. */
function exported(
  time: Signature,
  image: Shape = ["batch", 2, "height", "width"],
  outputs: (y: Expr) => Record<string, Expr> = (y) => ({ anything: y }),
) {
  const unet = trace(
    ({ latent, when }: Record<string, Expr>) => {
      const t = cast(when, "float32");
      return outputs(add(latent, t.shape.length === 0 ? t : reshape(t, [t.shape[0], 1, 1, 1])));
    },
    { latent: { shape: image }, when: time },
  );
  return {
    "unet/model.onnx": toOnnx(unet, { name: "unet" }),
    "scheduler/scheduler_config.json": new TextEncoder().encode(writeSchedulerConfig({ schedule })),
  };
}

/** One row that gives what the denoiser does. */
const row = {
  ...stepTable([{ t: 7, from: schedule.level(7), to: schedule.level(3) }])[0],
  next: { x0: 0, x: 0, prediction: 1, noise: 0 },
};

const times: [shape: Shape, dtype: DType][] = [
  [[], "int64"],
  [[], "float32"],
  [[1], "int64"],
  [["batch"], "int32"],
  [["batch"], "float32"],
];
it.each(times)("a time step of shape %j and dtype %s is told", async (shape, dtype) => {
  const files = exported({ shape, dtype });
  const loaded = await loadPipeline(reader(files), { shape: [undefined, 2, 3] });
  const x = Float32Array.from({ length: 24 }, (_, i) => i / 8);
  const run = { backend: cpuBackend(), denoiser: loaded.denoiser, shape: [2, 2, 2, 3] };
  const { x: out } = await sample({ ...run, steps: [row], x });
  expect([...out]).toEqual([...x].map((v) => v + 7));
});

it("a size that the model leaves open is the caller's, the index's or the config's", async () => {
  const files = exported({ shape: [] });
  const config = { "unet/config.json": text({ sample_size: [8, 6], in_channels: 5 }) };
  const index = { "model_index.json": text({ _gen: { shape: [2, 5, 4] } }) };
  const shape = async (more: object, asked?: (number | undefined)[]) =>
    (await loadPipeline(reader({ ...files, ...more }), { shape: asked })).shape;
  expect(await shape(config)).toEqual([2, 8, 6]);
  expect(await shape({ "unet/config.json": text({ sample_size: 8 }) })).toEqual([2, 8, 8]);
  expect(await shape({ ...config, ...index })).toEqual([2, 5, 4]);
  expect(await shape({ ...config, ...index }, [undefined, 3, 7])).toEqual([2, 3, 7]);
  await expect(shape({})).rejects.toThrow(
    "unet/model.onnx: the sample's shape [batch, 2, height, width] is open: give its size",
  );
  await expect(shape({ "unet/config.json": text({ sample_size: 1.5 }) })).rejects.toThrow(
    "is open",
  );
  await expect(shape({ "model_index.json": text({ _gen: { shape: [3, 5, 4] } }) })).rejects.toThrow(
    "does not fit model_index.json's [3, 5, 4]",
  );
  const rows = MAX_SAMPLE_NUMBERS / 2 ** 15;
  expect(await shape({}, [undefined, 2 ** 14, rows])).toEqual([2, 2 ** 14, rows]);
  await expect(shape({}, [undefined, 2 ** 14, rows + 1])).rejects.toThrow(
    `a sample must have at most ${MAX_SAMPLE_NUMBERS} numbers, got [2, 16384, ${rows + 1}]`,
  );
  const fixed = exported({ shape: [] }, ["batch", 2, 4, 4]);
  expect((await loadPipeline(reader(fixed), { shape: [9, 9, 9] })).shape).toEqual([2, 4, 4]);
});

it("an output called out_sample or sample is taken before others, and may tell a variance", async () => {
  const image = ["batch", 2, 1, 1];
  const several = exported({ shape: [] }, image, (y) => ({
    features: mul(y, 2),
    sample: concat([y, mul(y, 3)], 1),
  }));
  const { denoiser } = await loadPipeline(reader(several));
  const told = { ...row, variance: { of: "variance", offset: 0, slope: 1 } as const };
  const noisy = { ...told, next: { ...row.next, noise: 1 } };
  const run = { backend: cpuBackend(), denoiser, shape: [1, 2, 1, 1] };
  const { x } = await sample({
    ...run,
    steps: [noisy],
    x: [1, 5],
    noise: () => new Float64Array([1, 2]),
  });
  // x + t, and the root of three times that for each unit of noise.
  expect(x[0]).toBeCloseTo(8 + Math.sqrt(24), 5);
  expect(x[1]).toBeCloseTo(12 + 2 * Math.sqrt(36), 5);
});

it("a model alone is loaded, or is not there", async () => {
  const files = exported({ shape: [] });
  expect((await loadModel(reader(files), "unet/model.onnx"))?.outputNames).toEqual(["anything"]);
  expect(await loadModel(reader(files), "vae/model.onnx")).toBeUndefined();
  await expect(loadModel(reader(files), "unet/model.onnx", { limit: 9 })).rejects.toThrow(
    /^unet\/model\.onnx has \d+ bytes, at most 9 are allowed$/,
  );
});

/** A folder with a VAE, the encoder's output with this name and these channels. */
function withVae(
  { latent = 4 as Shape[number], name = "latent_parameters", channels = 8 } = {},
  more: Record<string, Uint8Array | undefined> = {},
) {
  const side = ["batch", latent, "height", "width"] as const;
  const decoder = trace(({ z }: Record<string, Expr>) => ({ sample: z }), { z: { shape: side } });
  const image = ["batch", 1, "height", "width"];
  const encode = ({ sample }: Record<string, Expr>) => {
    const whole = concat(
      Array.from({ length: channels }, (_, i) => mul(sample, i + 1)),
      1,
    );
    return { [name]: whole };
  };
  const encoder = trace(encode, { sample: { shape: image } });
  return {
    ...exported({ shape: [] }, ["batch", 4, 2, 2]),
    "vae_decoder/model.onnx": toOnnx(decoder),
    "vae_encoder/model.onnx": toOnnx(encoder),
    ...more,
  };
}

/**
 * An encoder that samples, built with onnx-buf: RandomNormalLike of scale 1e-30, Add to the image,
 * Concat of four copies to `latent_sample` [batch, 4, height, width].
 */
const noisyEncoder = Buffer.from(
  [
    "CAg6iwIKNAoGc2FtcGxlEgVub2lzZSIQUmFuZG9tTm9ybWFsTGlrZSoPCgVzY2FsZRVgQqINoAEBOgAKHQoG",
    "c2FtcGxlCgVub2lzZRIFbm9pc3kiA0FkZDoACkIKBW5vaXN5CgVub2lzeQoFbm9pc3kKBW5vaXN5Eg1sYXRl",
    "bnRfc2FtcGxlIgZDb25jYXQqCwoEYXhpcxgBoAECOgASBW90aGVyWjAKBnNhbXBsZRImCiQIARIgCgcSBWJh",
    "dGNoCgIIAQoIEgZoZWlnaHQKBxIFd2lkdGhiNwoNbGF0ZW50X3NhbXBsZRImCiQIARIgCgcSBWJhdGNoCgII",
    "BAoIEgZoZWlnaHQKBxIFd2lkdGhCBAoAEBFCEQoNY29tLm1pY3Jvc29mdBAB",
  ].join(""),
  "base64",
);

/**
 * An encoder that multiplies the image by w of 4 channels, `latent_sample`; its w is kept in the file
 * "weights" (written by `toOnnx`, then w moved outside with onnx-buf).
 */
const outsideEncoder = Buffer.from(
  [
    "CAgSA2dlbjrKAQowCgZzYW1wbGUKAXcSDWxhdGVudF9zYW1wbGUaDWxhdGVudF9zYW1wbGUiA011bDoAEgNnZW4q",
    "JggBCAQIAQgBEAFCAXdKAGoTCghsb2NhdGlvbhIHd2VpZ2h0c3ABWjAKBnNhbXBsZRImCiQIARIgCgcSBWJhdGNo",
    "CgIIAQoIEgZoZWlnaHQKBxIFd2lkdGhiNwoNbGF0ZW50X3NhbXBsZRImCiQIARIgCgcSBWJhdGNoCgIIBAoIEgZo",
    "ZWlnaHQKBxIFd2lkdGhCBAoAEBE=",
  ].join(""),
  "base64",
);

it("leaves an encoder out whose weights are missing", async () => {
  const files = withVae({}, { "vae_encoder/model.onnx": outsideEncoder });
  const { vae, warnings } = await loadPipeline(reader(files));
  expect(vae?.encode).toBeUndefined();
  expect(warnings).toContain(
    "vae_encoder/model.onnx is left out, as its weights in vae_encoder/weights are missing: the VAE only decodes",
  );
  const weights = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  const whole = await loadPipeline(reader({ ...files, "vae_encoder/weights": weights }));
  expect(whole.vae?.encode).toBeTypeOf("function");
});

/** A latent of ones decoded, and what the loader assumed. */
async function decoded(files: Record<string, Uint8Array | undefined>) {
  const { vae, warnings } = await loadPipeline(reader(files));
  const z = constant(tensor(new Float32Array(16).fill(1), [1, 4, 2, 2]));
  const { y } = evaluate(graphOf({ y: (vae as PipelineVae).decode(z) }), {});
  return { value: Number(y.data[0]), warnings };
}

it.each([
  [undefined, 0.18215],
  [{}, 0.18215],
  [{ scaling_factor: null }, 0.18215],
  [{ _class_name: "AutoencoderKL", latent_channels: 4 }, 0.18215],
  [{ _class_name: "AutoencoderTiny" }, 1],
  [{ scaling_factor: 0.5 }, 0.5],
  [{ scaling_factor: 1 }, 1],
  [{ latents_mean: [0, 0, 0, 0], latents_std: [2, 2, 2, 2] }, 0.5],
])("latents of 4 channels with the VAE's config %j are divided by %d", async (config, factor) => {
  const files = withVae({}, { "vae_decoder/config.json": config && text(config) });
  const { value, warnings } = await decoded(files);
  expect(value).toBeCloseTo(1 / factor, 5);
  const note = `vae_decoder/config.json has no scaling_factor: latents are divided by ${factor}, the default of AutoencoderKL`;
  expect(warnings).toEqual(factor === 0.18215 ? [note] : undefined);
});

it("a VAE whose latents are scaled in an unknown way is refused by its class", async () => {
  const config = { _class_name: "AutoencoderKLFlux2", latent_channels: 4 };
  const files = withVae({}, { "vae_decoder/config.json": text(config) });
  await expect(decoded(files)).rejects.toThrow(/^how latents of AutoencoderKLFlux2 are scaled/);
});

it("our own folders, a VAE alone and latents of other channels keep the factor 1", async () => {
  const ours = withVae(
    {},
    { "model_index.json": text({ _gen: { shape: [4, 2, 2] }, vae_decoder: [] }) },
  );
  expect((await decoded(ours)).value).toBe(1);
  const wide = withVae({ latent: "channels" });
  expect((await decoded(wide)).value).toBe(1);
  const alone = trace(({ z }: Record<string, Expr>) => ({ sample: z }), {
    z: { shape: ["n", 4, 2, 2] },
  });
  const { vae } = await loadPipeline(reader({ "vae_decoder/model.onnx": toOnnx(alone) }), {
    kind: "vae",
  });
  const z = constant(tensor(new Float32Array(16).fill(1), [1, 4, 2, 2]));
  expect(Number(evaluate(graphOf({ y: vae.decode(z) }), {}).y.data[0])).toBe(1);
});

const one = { "vae_decoder/config.json": text({ scaling_factor: 1 }) };

it.each([
  [{ name: "latent_parameters", channels: 8 }, [5, 6, 7, 8]],
  [{ name: "latent_sample", channels: 4 }, [-30, -30, -30, -30]],
  // The channels tell, whatever the name.
  [{ name: "latent_sample", channels: 8 }, [5, 6, 7, 8]],
  [{ name: "latent_dist", channels: 4 }, [-30, -30, -30, -30]],
  // The name tells if the channels do not.
  [{ latent: "c", name: "latent_sample", channels: 4 }, [-30, -30, -30, -30]],
  [{ latent: "c", name: "latent_parameters", channels: 8 }, [5, 6, 7, 8]],
])("an encoder that gives %j has a mean of 4 channels", async (form, logVariances) => {
  const { vae } = await loadPipeline(reader(withVae(form, one)));
  const image = constant(tensor([1, 1, 1, 1], [1, 1, 2, 2]));
  const out = evaluate(graphOf({ ...vae?.encode?.(image) }), {});
  const channels = (data: ArrayLike<number | bigint>) => [0, 4, 8, 12].map((i) => Number(data[i]));
  expect(channels(out.mean.data)).toEqual([1, 2, 3, 4]);
  expect(channels(out.logVariance.data)).toEqual(logVariances);
});

it("an encoder of other channels is refused, and one that draws random numbers is named", async () => {
  const { vae } = await loadPipeline(reader(withVae({ channels: 6 }, one)));
  const image = constant(tensor([1, 1, 1, 1], [1, 1, 2, 2]));
  expect(() => vae?.encode?.(image)).toThrow(
    "vae_encoder/model.onnx: the output must have 4 channels, a sample, or twice as many, its mean and log variance, got [1, 6, 2, 2]",
  );
  const noisy = withVae({}, { ...one, "vae_encoder/model.onnx": noisyEncoder });
  const { warnings } = await loadPipeline(reader(noisy));
  const fixed = trace(({ z }: Record<string, Expr>) => ({ sample: z }), {
    z: { shape: ["n", 4, 2, 2] },
  });
  const alone = { "vae_encoder/model.onnx": noisyEncoder, "vae_decoder/model.onnx": toOnnx(fixed) };
  const loaded = await loadPipeline(reader(alone), { kind: "vae" });
  expect(loaded.warnings).toEqual(warnings);
  expect(warnings).toEqual([
    "vae_encoder/model.onnx draws random numbers itself (RandomNormalLike): its results change from run to run, whatever the seed",
  ]);
});
