import { add, cast, type Expr, mul, type Shape, shapeText, slice, trace } from "@gen/graph";
import type { OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { type PipelineVae, runInParts } from "@gen/sampling";
import { latentScaling } from "@gen/vae";
import { vaeConfig } from "./describe-folder.ts";
import { naming, type ReadFile } from "./folder-files.ts";
import { type Fields, numberOf } from "./folder-kind.ts";
import { mayHold, randomness, required } from "./folder-parts.ts";
import { type LoadModelOptions, loadModel } from "./load-model.ts";
import { pipelinePaths } from "./paths.ts";
import { firstOutput, fixedPart } from "./unet-network.ts";
import { requireKnownVae } from "./vae/known-vae.ts";

/** Between an autoencoder's latents and a denoiser's. */
export type LatentScaling = ReturnType<typeof latentScaling>;

/** How a VAE's files are read. */
interface VaeFiles {
  readonly read: ReadFile;
  readonly json: (path: string) => Promise<Fields | undefined>;
  readonly options: LoadModelOptions;
  /** Whether the folder is a VAE alone, one of our own. */
  readonly isAlone: boolean;
}

interface LoadedVae {
  readonly vae: PipelineVae;
  /** `[batch, ...]`, as the decoder's file has it. */
  readonly latent: Shape;
  readonly warnings: readonly string[];
  readonly config: Fields;
}

/** The VAE of a folder; `known` is the shape of its images. Undefined where there is no decoder. */
export async function loadVae(
  { read, json, options, isAlone }: VaeFiles,
  index: Fields,
  known?: readonly number[],
): Promise<LoadedVae | undefined> {
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
  const decoder = isNamed ? required(pipelinePaths.decoder, found, ofDecoder !== undefined) : found;
  if (!decoder) return undefined;
  const input = onlyInput(decoder, pipelinePaths.decoder);
  const latent = decoder.signature[input].shape;
  warnings.push(...randomness(decoder, pipelinePaths.decoder));
  if (encoder) warnings.push(...randomness(encoder, pipelinePaths.encoder));
  if (!isAlone && !index._gen) requireKnownVae(config);
  const scaling = await naming(pipelinePaths.decoderConfig, () =>
    isAlone || index._gen ? latentScaling(config) : scalingOf(config, latent, warnings),
  );
  const sample = encoder?.signature[onlyInput(encoder, pipelinePaths.encoder)].shape;
  const image = known ?? fixedPart(sample) ?? [];
  const channels = typeof latent[1] === "number" ? latent[1] : numberOf(config, "latent_channels");
  const encode = encoder && encoderOf(encoder, scaling, channels);
  const vae: PipelineVae = {
    image,
    parameters: [...decoder.parameters, ...(encoder?.parameters ?? [])],
    batch: [latent[0], sample?.[0]].find((rows) => typeof rows === "number"),
    decode: (x) =>
      runInParts(latent[0], [scaling.undo(x)], (z) =>
        cast(firstOutput(decoder, { [input]: cast(z, decoder.signature[input].dtype) }), x.dtype),
      ),
    encode:
      encode &&
      ((images: Expr) => {
        const { mean, logVariance } = encode(images);
        return { mean, logVariance };
      }),
  };
  return { vae, latent, warnings, config };
}

/** The scaling of a folder's VAE, whose latents are `[batch, ...]`; a factor that is assumed is noted. */
export function scalingOf(config: Fields, latent: Shape, notes: string[] = []): LatentScaling {
  const assumed = assumedFactor(config, latent);
  if (assumed === undefined) return latentScaling(config);
  notes.push(
    `${pipelinePaths.decoderConfig} has no scaling_factor: latents are divided by ${assumed}, the default of AutoencoderKL`,
  );
  return latentScaling({ ...config, scaling_factor: assumed });
}

/** The mean and log variance of latents, or a sample without variance. */
interface Moments {
  readonly mean: Expr;
  readonly logVariance: Expr;
  readonly isSample: boolean;
}

/** The encoder of a VAE whose latents have so many channels, if known. */
export function encoderOf(
  model: OnnxModel,
  scaling: LatentScaling,
  channels: number | undefined,
): (images: Expr) => Moments {
  const input = onlyInput(model, pipelinePaths.encoder);
  const { shape, dtype } = model.signature[input];
  return (images: Expr) => {
    const output = runInParts(shape[0], [images], (x) =>
      firstOutput(model, { [input]: cast(x, dtype) }),
    );
    const { mean, logVariance, isSample } = encodedMoments(
      cast(output, images.dtype),
      channels,
      model.outputNames[0],
    );
    return { ...scaling.apply(mean, logVariance), isSample };
  };
}

/** A VAE with the shape of its images, which a latent's shape tells where the files leave it open. */
export function withImage(vae: PipelineVae, latent: readonly number[]): PipelineVae {
  if (vae.image.length > 0) return vae;
  const { outputs } = trace(({ z }) => ({ x: vae.decode(z) }), {
    z: { shape: [vae.batch ?? 1, ...latent] },
  });
  return { ...vae, image: fixedPart(outputs.x.shape) ?? [] };
}

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
function encodedMoments(output: Expr, latent: number | undefined, name: string): Moments {
  const channels = Number(output.shape[1]);
  const isSample = typeof latent === "number" ? channels === latent : name === "latent_sample";
  if (isSample) {
    return { mean: output, logVariance: add(mul(output, 0), NO_VARIANCE), isSample };
  }
  const half = channels / 2;
  if (typeof latent === "number" ? half !== latent : !Number.isInteger(half)) {
    throw new ArgumentError(
      `${pipelinePaths.encoder}: the output must have ${latent} channels, a sample, or twice as many, its mean and log variance, got ${shapeText(output.shape)}`,
    );
  }
  const logVariance = slice(output, 1, half, channels);
  return { mean: slice(output, 1, 0, half), logVariance, isSample };
}

function onlyInput({ signature }: OnnxModel, path: string): string {
  const names = Object.keys(signature);
  if (names.length === 1) return names[0];
  throw new GenError(
    "invalid-model",
    `${path}: the model must have one input, got ${names.join(", ")}`,
  );
}
