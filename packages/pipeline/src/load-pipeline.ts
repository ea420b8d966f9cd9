import { add, cast, type Expr, mul, type Shape, shapeText, slice, trace } from "@gen/graph";
import { MAX_FILE_BYTES, type OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import {
  type DiffusionPipeline,
  denoiser,
  type Pipeline,
  type PipelineVae,
  runInParts,
  type VaePipeline,
} from "@gen/sampling";
import { numpyLinspace, readSchedulerConfig, type SchedulerConfig } from "@gen/schedules";
import { latentScaling } from "@gen/vae";
import { isWanted, vaeConfig } from "./describe-folder.ts";
import { classNameOf, extraChannels, type Fields } from "./folder-kind.ts";
import { folderSizes } from "./folder-sizes.ts";
import { jsonObject, ownFields } from "./index-file.ts";
import {
  type LoadModelOptions,
  loadModel,
  loadRules,
  naming,
  type ReadFile,
  readWithin,
} from "./load-model.ts";
import { missingText, pipelinePaths } from "./paths.ts";
import { firstOutput, fixedPart, unetNetwork } from "./unet-network.ts";
import { utf8Text } from "./utf8.ts";

/** Limits on what is loaded, and what the folder leaves open. */
export interface LoadPipelineOptions extends LoadModelOptions {
  /**
   * The shape of one sample, such as [1, 64, 64], for what the model's file leaves open.
   * @defaultValue for undefined entries and for all, as `unet/config.json` has them
   */
  readonly shape?: readonly (number | undefined)[];
}

/**
 * Loads a folder in diffusers' layout, our own or another exporter's.
 *
 * `unet/model.onnx` or `transformer/model.onnx`, and `scheduler/scheduler_config.json` must be there, and
 * a VAE's decoder that `model_index.json` names. Without its encoder, or the encoder's weights, a VAE only
 * decodes. With `kind: "vae"` only the VAE's parts are read. No other paths are read than these and the files of a model's weights.
 *
 * @throws GenError `invalid-model` naming the file that is missing, too large or damaged, or the
 * scheduler or model that cannot be used, with the reason.
 */
export async function loadPipeline(
  read: ReadFile,
  options: LoadPipelineOptions & { readonly kind: "vae" },
): Promise<VaePipeline>;
export async function loadPipeline(
  read: ReadFile,
  options?: LoadPipelineOptions & { readonly kind?: "diffusion" },
): Promise<DiffusionPipeline<SchedulerConfig>>;
export async function loadPipeline(
  read: ReadFile,
  options: LoadPipelineOptions & { readonly kind?: Pipeline["kind"] } = {},
): Promise<Pipeline> {
  checkArguments({ read }, { read: rules.FUNCTION });
  checkOptions(options, {
    ...loadRules,
    shape: rules.optional(rules.listOf(rules.optional(rules.COUNT))),
    kind: rules.optional(rules.oneOf("vae", "diffusion")),
  });
  const { limit = MAX_FILE_BYTES, shape: open } = options;
  const json = async (path: string) => {
    const found = await readWithin(read, path, limit);
    return found && naming(path, () => jsonObject(found));
  };
  if (options.kind === "vae") {
    const { vae, latent, warnings } = required(pipelinePaths.decoder, await loadVae({}));
    const shape = fixedPart(latent);
    if (shape) return { kind: "vae", vae, shape, ...withWarnings(warnings) };
    throw new GenError(
      "invalid-model",
      `${pipelinePaths.decoder}: latents must have a fixed shape, got ${shapeText(latent)}`,
    );
  }
  // Files are asked for together, so that a folder far away is not waited for one by one.
  const [index = {}, schedulerRead] = await Promise.all([
    json(pipelinePaths.index),
    readWithin(read, pipelinePaths.scheduler, limit),
  ]);
  const ours = await naming(pipelinePaths.index, () => ownFields(index));
  const schedulerBytes = required(pipelinePaths.scheduler, schedulerRead);
  const scheduler = await naming(pipelinePaths.scheduler, () =>
    readSchedulerConfig(utf8Text(schedulerBytes)),
  );
  const foreign = index._gen === undefined;
  const [{ path, model: unet, config }, vae] = await Promise.all([
    loadDenoiser(foreign),
    mayHold(index, "vae_decoder") ? loadVae(index, ours.image) : undefined,
  ]);
  const className = classNameOf(index);
  const sizes = foreign ? folderSizes(config, vae?.config, className) : undefined;
  const channels = foreign ? vae?.latent[1] : undefined;
  const { shape, ...network } = await naming(path, () =>
    unetNetwork(unet, {
      open,
      known: ours.shape,
      sizes,
      joined: foreign ? extraChannels(config) : 0,
      latentChannels: typeof channels === "number" ? channels : undefined,
    }),
  );
  const warnings = [...randomness(unet, path), ...(vae?.warnings ?? [])];
  if (!vae && isWanted(index, "vae_decoder")) {
    warnings.push(`${missingText(pipelinePaths.decoder, false)}. Samples are latents`);
  }
  return {
    kind: "diffusion",
    denoiser: denoiser({ ...network, parameters: unet.parameters }, scheduler.predictionType),
    scheduler,
    shape,
    vae: vae && withImage(vae.vae, shape),
    classes: ours.classes,
    notes: ours.notes,
    ...(scheduler.flow && givesSigmas(className, unet.signature) && { sigmas: evenSigmas }),
    ...withWarnings(warnings),
  };

  /** The UNet or, where there is none, the transformer, and its config. */
  async function loadDenoiser(foreign: boolean) {
    const [unet, config] = await Promise.all([
      loadModel(read, pipelinePaths.unet, options),
      foreign ? json(pipelinePaths.unetConfig) : undefined,
    ]);
    if (unet) return { path: pipelinePaths.unet, model: unet, config: config ?? {} };
    const [transformer, other] = foreign
      ? await Promise.all([
          loadModel(read, pipelinePaths.transformer, options),
          json(pipelinePaths.transformerConfig),
        ])
      : [];
    const path = other ? pipelinePaths.transformer : pipelinePaths.unet;
    const model = required(path, transformer, (config ?? other) !== undefined);
    return { path: pipelinePaths.transformer, model, config: other ?? {} };
  }

  async function loadVae(index: Fields, known?: readonly number[]): Promise<LoadedVae | undefined> {
    const warnings: string[] = [];
    const onMissing = (file: string) =>
      warnings.push(
        `${pipelinePaths.encoder} is left out, as its weights in ${file} are missing: the VAE only decodes`,
      );
    const [found, encoder, ofDecoder, ofEncoder] = await Promise.all([
      loadModel(read, pipelinePaths.decoder, options),
      mayHold(index, "vae_encoder")
        ? loadModel(read, pipelinePaths.encoder, options, onMissing)
        : undefined,
      json(pipelinePaths.decoderConfig),
      index._gen ? undefined : json(pipelinePaths.encoderConfig),
    ]);
    const config = vaeConfig(ofDecoder ?? {}, ofEncoder ?? {});
    const isNamed = [index.vae_decoder].flat().some((part) => part != null);
    const decoder = isNamed
      ? required(pipelinePaths.decoder, found, ofDecoder !== undefined)
      : found;
    if (!decoder) return undefined;
    const input = onlyInput(decoder, pipelinePaths.decoder);
    const latent = decoder.signature[input].shape;
    warnings.push(...randomness(decoder, pipelinePaths.decoder));
    if (encoder) warnings.push(...randomness(encoder, pipelinePaths.encoder));
    const assumed =
      options.kind === "vae" || index._gen ? undefined : assumedFactor(config, latent);
    if (assumed !== undefined) {
      warnings.push(
        `${pipelinePaths.decoderConfig} has no scaling_factor: latents are divided by ${assumed}, the default of AutoencoderKL`,
      );
    }
    const scaling = await naming(pipelinePaths.decoderConfig, () =>
      latentScaling(assumed === undefined ? config : { ...config, scaling_factor: assumed }),
    );
    const encoded = encoder && onlyInput(encoder, pipelinePaths.encoder);
    const sample = encoder?.signature[encoded as string].shape;
    const image = known ?? fixedPart(sample) ?? [];
    const vae: PipelineVae = {
      image,
      parameters: [...decoder.parameters, ...(encoder?.parameters ?? [])],
      batch: [latent[0], sample?.[0]].find((rows) => typeof rows === "number"),
      decode: (x) =>
        runInParts(latent[0], [scaling.undo(x)], (z) =>
          cast(firstOutput(decoder, { [input]: cast(z, decoder.signature[input].dtype) }), x.dtype),
        ),
      encode:
        encoder &&
        ((images: Expr) => {
          const output = runInParts(sample?.[0], [images], (x) =>
            firstOutput(encoder, {
              [encoded as string]: cast(x, encoder.signature[encoded as string].dtype),
            }),
          );
          const { mean, logVariance } = encodedMoments(
            cast(output, images.dtype),
            latent[1],
            encoder.outputNames[0],
          );
          return scaling.apply(mean, logVariance);
        }),
    };
    return { vae, latent, warnings, config };
  }
}

interface LoadedVae {
  readonly vae: PipelineVae;
  /** `[batch, ...]`, as the decoder's file has it. */
  readonly latent: Shape;
  readonly warnings: readonly string[];
  readonly config: Fields;
}

/** A VAE with the shape of its images, which a latent's shape tells where the files leave it open. */
function withImage(vae: PipelineVae, latent: readonly number[]): PipelineVae {
  if (vae.image.length > 0) return vae;
  const { outputs } = trace(({ z }) => ({ x: vae.decode(z) }), {
    z: { shape: [vae.batch ?? 1, ...latent] },
  });
  return { ...vae, image: fixedPart(outputs.x.shape) ?? [] };
}

/** Classes that give their scheduler even sigmas, whatever its config says (diffusers 0.39). */
const EVEN_SIGMAS = /^(Flux|Chroma|QwenImage|Lumina2|HunyuanVideo)/;

const givesSigmas = (className: string | undefined, signature: OnnxModel["signature"]): boolean =>
  className === undefined ? "img_ids" in signature : EVEN_SIGMAS.test(className);

/** 1, 1 - 1/n, ..., 1/n, which the scheduler then shifts. */
const evenSigmas = (steps: number): number[] => numpyLinspace(1, 1 / steps, steps);

/**
 * diffusers' default of `scaling_factor`, for a config without it: 0.18215 for classes with that
 * default and for latents `[batch, 4, height, width]` of an unnamed class.
 */
function assumedFactor(config: Fields, latent: Shape): number | undefined {
  const { scaling_factor, latents_std, _class_name: name } = config;
  if ((scaling_factor ?? latents_std ?? undefined) !== undefined) return undefined;
  const ofClass = typeof name === "string" && /^(Asymmetric)?AutoencoderKL$|^VQModel$/.test(name);
  return ofClass || (name === undefined && latent.length === 4 && latent[1] === 4)
    ? 0.18215
    : undefined;
}

/** The log variance of latents that are samples already: the least that diffusers has. */
const NO_VARIANCE = -30;

/**
 * The mean and the log variance `[batch, channels, ...]` from an encoder's output, which has both,
 * or a sample. The output's name decides if the latent's channels are unknown.
 *
 * @throws RangeError when the output has neither as many channels as the latent nor twice as many.
 */
function encodedMoments(output: Expr, latent: Shape[number], name: string) {
  const channels = Number(output.shape[1]);
  const isSample = typeof latent === "number" ? channels === latent : name === "latent_sample";
  if (isSample) return { mean: output, logVariance: add(mul(output, 0), NO_VARIANCE) };
  const half = channels / 2;
  if (typeof latent === "number" ? half !== latent : !Number.isInteger(half)) {
    throw new ArgumentError(
      `${pipelinePaths.encoder}: the output must have ${latent} channels, a sample, or twice as many, its mean and log variance, got ${shapeText(output.shape)}`,
    );
  }
  return { mean: slice(output, 1, 0, half), logVariance: slice(output, 1, half, channels) };
}

const withWarnings = (warnings: readonly string[]) => (warnings.length > 0 ? { warnings } : {});

/** A warning for a model that draws random numbers. */
const randomness = ({ randomOperations }: OnnxModel, path: string): string[] =>
  randomOperations.length === 0
    ? []
    : [
        `${path} draws random numbers itself (${randomOperations.join(", ")}): its results change from run to run, whatever the seed`,
      ];

/** Our own index names all that a folder has; others' may be written for another kind of files. */
const mayHold = (index: Fields, name: string): boolean => name in index || !index._gen;

function required<R>(path: string, found: R | undefined, isUnconverted = false): R {
  if (found !== undefined) return found;
  throw new GenError("invalid-model", missingText(path, isUnconverted));
}

function onlyInput({ signature }: OnnxModel, path: string): string {
  const names = Object.keys(signature);
  if (names.length === 1) return names[0];
  throw new GenError(
    "invalid-model",
    `${path}: the model must have one input, got ${names.join(", ")}`,
  );
}
