import { concat, type Expr, isFloat, type Shape, type Signature, trace } from "@gen/graph";
import { toOnnx } from "@gen/graph/onnx";
import { checkArguments, rules } from "@gen/math/arguments";
import type { Conditions, DiffusionPipeline, Pipeline, PipelineVae } from "@gen/sampling";
import { readSchedulerConfig, writeSchedulerConfig } from "@gen/schedules";
import { checkCard, type ModelCard, modelCard } from "./model-card.ts";
import { pipelinePaths } from "./paths.ts";
import { utf8 } from "./utf8.ts";

const MODEL = ["diffusers", "OnnxRuntimeModel"];

/**
 * Writes a file of the folder; a promise that it returns is awaited.
 *
 * @param path The path in the folder, with slashes.
 * @param bytes The bytes of the file.
 */
export type WriteFile = (path: string, bytes: Uint8Array) => unknown;

/**
 * Writes the files of a pipeline, as {@link pipelineFiles} gives them, one after the other. With a
 * card also README.md, which says what the model is and how to sample it.
 *
 * @param pipeline The model, of training or of a folder.
 * @param write Writes one file.
 * @param card What README.md says beside what follows from the model. Default: no README.md.
 * @throws as a rejection: what `pipelineFiles` or `write` throws.
 */
export async function savePipeline(
  pipeline: Pipeline,
  write: WriteFile,
  card?: ModelCard,
): Promise<void> {
  checkArguments({ write }, { write: rules.FUNCTION });
  if (card !== undefined) checkCard(card);
  const files = pipelineFiles(pipeline);
  for (const [path, bytes] of Object.entries(files)) await write(path, bytes);
  const text = card && (await modelCard(pipeline, files, card));
  if (text !== undefined) await write("README.md", utf8(text));
}

/**
 * A pipeline as the files of a folder, by path, laid out as diffusers does.
 *
 * `unet/model.onnx` takes `sample` `[batch, ...]` float32, `timestep` `[batch]` int64 (float32 where
 * the denoiser takes fractions, `[1]` where one time serves a batch) and, where the denoiser is
 * conditional, `class_labels` `[batch]` int64 or `encoder_hidden_states`
 * `[batch, tokens, features]` (other conditions beside these by their own names), and gives `out_sample`; `vae_decoder/model.onnx` takes
 * `latent_sample` and gives `sample`; `vae_encoder/model.onnx` takes `sample` and gives
 * `latent_parameters`, mean and log variance joined along axis 1. The denoiser's `predicts` goes
 * into `scheduler/scheduler_config.json`, which carries the schedule. A VAE alone has its own files
 * and no others. A network that is fixed to a batch is written with this batch.
 *
 * @param pipeline The model, of training or of a folder.
 * @throws RangeError when the schedule has no place in a scheduler's config.
 */
export function pipelineFiles(pipeline: Pipeline): Record<string, Uint8Array> {
  checkArguments({ pipeline }, { pipeline: rules.OBJECT });
  checkArguments(pipeline, { kind: KIND });
  checkArguments(pipeline, pipeline.kind === "vae" ? vaeRules : diffusionRules);
  return pipeline.kind === "vae"
    ? vaeFiles(pipeline.vae, pipeline.shape)
    : diffusionFiles(pipeline);
}

// A pipeline made before the VAE alone had its own kind has none.
const KIND = rules.optional(rules.oneOf("diffusion", "vae"));

const VAE = rules.having("a VAE, such as pipelineVae gives", {
  decode: rules.FUNCTION,
  encode: rules.optional(rules.FUNCTION),
  parameters: rules.LIST,
});

const vaeRules = { vae: VAE, shape: rules.SIZES };

const diffusionRules = {
  denoiser: rules.DENOISER,
  scheduler: rules.having("{ schedule }, with the schedule of the training", {
    schedule: rules.SCHEDULE,
  }),
  shape: rules.SIZES,
  vae: rules.optional(VAE),
  classes: rules.optional(rules.listOf(rules.TEXT)),
  notes: rules.optional(rules.OBJECT),
  sigmas: rules.optional(rules.oneOf("even")),
};

function diffusionFiles(pipeline: DiffusionPipeline): Record<string, Uint8Array> {
  const { denoiser, shape, vae, classes, notes, sigmas } = pipeline;
  const { batch = "batch" } = denoiser;
  const scheduler = writeSchedulerConfig({
    ...pipeline.scheduler,
    predictionType: denoiser.predicts,
  });
  const labels: Signature = { shape: ["batch"], dtype: "int64" };
  const conditions = fileInputs(denoiser.condition ?? (classes && { condition: labels }));
  const signature: Record<string, Signature> = {
    sample: { shape: [batch, ...shape] },
    timestep: {
      shape: [denoiser.sharedTime ? 1 : batch],
      dtype: denoiser.fractionalTime ? "float32" : "int64",
    },
    ...Object.fromEntries(
      conditions.map(({ name, input, like }) => {
        // What is joined to a sample is as high and as wide.
        const sides = name === "concat" ? [like.shape[1], ...shape.slice(1)] : like.shape.slice(1);
        return [input, { ...like, shape: [batch, ...sides] }];
      }),
    ),
  };
  const unet = trace(({ sample, timestep, ...given }: Record<string, Expr>) => {
    const condition = conditions.map(({ name, input }) => [name, given[input]]);
    return {
      out_sample: denoiser.apply(
        sample,
        timestep,
        condition.length > 0 ? Object.fromEntries(condition) : undefined,
      ),
    };
  }, signature);
  const index = {
    _class_name: vae ? "LDMPipeline" : "DDPMPipeline",
    _diffusers_version: "0.30.0",
    scheduler: ["diffusers", readSchedulerConfig(scheduler).className],
    unet: MODEL,
    ...(vae?.encode && { vae_encoder: MODEL }),
    ...(vae && { vae_decoder: MODEL }),
    _gen: { version: 1, shape, image: vae?.image, classes, notes, sigmas },
  };
  return {
    [pipelinePaths.index]: json(index),
    [pipelinePaths.scheduler]: utf8(scheduler),
    [pipelinePaths.unet]: toOnnx(unet, { name: "unet" }),
    ...(vae && vaeFiles(vae, shape)),
  };
}

/** Conditions with the names of the file's inputs: diffusers' names where these tell them apart. */
function fileInputs(conditions: Conditions<Signature> = {}) {
  const usual = ({ shape, dtype = "float32" }: Signature) => {
    if (shape.length > 1) return "encoder_hidden_states";
    return isFloat(dtype) ? undefined : "class_labels";
  };
  const all = Object.entries(conditions);
  return all.map(([name, like]) => {
    const input = usual(like);
    const alike = all.filter(([, other]) => usual(other) === input);
    return { name, like, input: alike.length === 1 && input ? input : name };
  });
}

/** A VAE's files, on latents `[batch, ...shape]`. */
function vaeFiles(vae: PipelineVae, shape: Shape): Record<string, Uint8Array> {
  const { encode, decode, image, batch = "batch" } = vae;
  const decoder = trace(({ latent_sample }) => ({ sample: decode(latent_sample) }), {
    latent_sample: { shape: [batch, ...shape] },
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
    { sample: { shape: [batch, ...image] } },
  );
  return { ...files, [pipelinePaths.encoder]: toOnnx(encoder, { name: "vae_encoder" }) };
}

const json = (value: unknown) => utf8(`${JSON.stringify(value, null, 2)}\n`);
