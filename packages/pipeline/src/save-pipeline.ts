import { concat, type Expr, type Shape, type Signature, toOnnx, trace } from "@gen/graph";
import type { Conditions, PipelineInput, PipelineVae } from "@gen/sampling";
import { readSchedulerConfig, writeSchedulerConfig } from "@gen/schedules";
import { pipelinePaths } from "./paths.ts";
import { utf8 } from "./utf8.ts";

const MODEL = ["diffusers", "OnnxRuntimeModel"];

/**
 * A pipeline as the files of a folder, by path, laid out as diffusers does.
 *
 * `unet/model.onnx` takes `sample` `[batch, ...]` float32, `timestep` `[batch]` int64 and, where the
 * denoiser is conditional, `class_labels` `[batch]` int64 or `encoder_hidden_states`
 * `[batch, tokens, features]` (other conditions beside these by their own names), and gives `out_sample`; `vae_decoder/model.onnx` takes
 * `latent_sample` and gives `sample`; `vae_encoder/model.onnx` takes `sample` and gives
 * `latent_parameters`, mean and log variance joined along axis 1. The denoiser's `predicts` goes
 * into `scheduler/scheduler_config.json`, which carries the schedule.
 */
export function savePipeline(pipeline: PipelineInput): Record<string, Uint8Array> {
  const { denoiser, shape, vae, classes, notes } = pipeline;
  const scheduler = writeSchedulerConfig({
    ...pipeline.scheduler,
    predictionType: denoiser.predicts,
  });
  const labels: Signature = { shape: ["batch"], dtype: "int64" };
  const told = toldAs(denoiser.condition ?? (classes && labels));
  const signature: Record<string, Signature> = {
    sample: { shape: ["batch", ...shape] },
    timestep: { shape: ["batch"], dtype: "int64" },
    ...Object.fromEntries(
      told.map(({ as, like }) => [as, { ...like, shape: ["batch", ...like.shape.slice(1)] }]),
    ),
  };
  const unet = trace(({ sample, timestep, ...given }: Record<string, Expr>) => {
    const named = told.map(({ name, as }) => [name, given[as]]);
    const condition = told[0]?.name === "" ? given[told[0].as] : Object.fromEntries(named);
    return {
      out_sample: denoiser.apply(sample, timestep, told.length > 0 ? condition : undefined),
    };
  }, signature);
  const index = {
    _class_name: vae ? "LDMPipeline" : "DDPMPipeline",
    _diffusers_version: "0.30.0",
    scheduler: ["diffusers", readSchedulerConfig(scheduler).className],
    unet: MODEL,
    ...(vae?.encode && { vae_encoder: MODEL }),
    ...(vae && { vae_decoder: MODEL }),
    _gen: { version: 1, shape, image: vae?.image, classes, notes },
  };
  return {
    [pipelinePaths.index]: json(index),
    [pipelinePaths.scheduler]: utf8(scheduler),
    [pipelinePaths.unet]: toOnnx(unet, { name: "unet" }),
    ...(vae && savePipelineVae(vae, shape)),
  };
}

/** Conditions by their own names, where they have some, and as the file's inputs. */
function toldAs(condition: Conditions<Signature> | undefined) {
  if (condition === undefined) return [];
  const entries = Array.isArray(condition.shape)
    ? [["", condition as Signature] as const]
    : Object.entries(condition as Readonly<Record<string, Signature>>);
  const usual = (like: Signature) =>
    like.shape.length === 1 ? "class_labels" : "encoder_hidden_states";
  const alike = (as: string) => entries.filter(([, like]) => usual(like) === as).length;
  return entries.map(([name, like]) => {
    const as = usual(like);
    return { name, like, as: name === "" || alike(as) === 1 ? as : name };
  });
}

/** The VAE's part of a pipeline's files, on latents `[batch, ...shape]`. */
export function savePipelineVae(vae: PipelineVae, shape: Shape): Record<string, Uint8Array> {
  const { encode, decode, image } = vae;
  const decoder = trace(({ latent_sample }) => ({ sample: decode(latent_sample) }), {
    latent_sample: { shape: ["batch", ...shape] },
  });
  const files = {
    [pipelinePaths.decoder]: toOnnx(decoder, { name: "vae_decoder" }),
    // Latents are scaled inside the two models.
    [pipelinePaths.decoderConfig]: json({ _class_name: "AutoencoderKL", scaling_factor: 1 }),
  };
  if (!encode) return files;
  const encoder = trace(
    ({ sample }) => {
      const { mean, logVariance } = encode(sample);
      return { latent_parameters: concat([mean, logVariance], 1) };
    },
    { sample: { shape: ["batch", ...image] } },
  );
  return { ...files, [pipelinePaths.encoder]: toOnnx(encoder, { name: "vae_encoder" }) };
}

const json = (value: unknown) => utf8(`${JSON.stringify(value, null, 2)}\n`);
