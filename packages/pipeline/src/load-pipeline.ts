import { type Expr, type Shape, shapeText, slice } from "@gen/graph";
import type { OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import {
  type DiffusionPipeline,
  denoiser,
  type Pipeline,
  type PipelineVae,
  type VaePipeline,
} from "@gen/sampling";
import { readSchedulerConfig, type SchedulerConfig } from "@gen/schedules";
import { latentScaling } from "@gen/vae";
import {
  fileLimit,
  type LoadModelOptions,
  loadModel,
  naming,
  type ReadFile,
  readWithin,
} from "./load-model.ts";
import { pipelinePaths } from "./paths.ts";
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
 * Needed are `unet/model.onnx` and `scheduler/scheduler_config.json`; `model_index.json` and the
 * VAE's parts are read where they are. With `kind: "vae"` only the VAE's parts are read. Only fixed paths inside the folder are asked for, and the
 * files beside a model that it keeps its weights in.
 *
 * @throws Error naming the file that is missing, too large or damaged; RangeError on a scheduler
 * or a model that cannot be used, with the reason.
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
  const { limit = fileLimit, shape: open } = options;
  const json = async (path: string) => {
    const found = await readWithin(read, path, limit);
    return found && naming(path, () => objectOf(found));
  };
  if (options.kind === "vae") {
    const { vae, latent } = required(pipelinePaths.decoder, await loadVae({}));
    const shape = fixedPart(latent);
    if (shape) return { kind: "vae", vae, shape };
    throw new RangeError(
      `${pipelinePaths.decoder}: latents must have a fixed shape, got ${shapeText(latent)}`,
    );
  }
  // Files are asked for together, so that a folder far away is not waited for one by one.
  const [index = {}, schedulerRead] = await Promise.all([
    json(pipelinePaths.index),
    readWithin(read, pipelinePaths.scheduler, limit),
  ]);
  const ours = (index._gen ?? {}) as {
    shape?: number[];
    image?: number[];
  } & Partial<DiffusionPipeline>;
  const schedulerBytes = required(pipelinePaths.scheduler, schedulerRead);
  const scheduler = await naming(pipelinePaths.scheduler, () =>
    readSchedulerConfig(utf8Text(schedulerBytes)),
  );
  const [unet, config = {}, vae] = await Promise.all([
    loadModel(read, pipelinePaths.unet, options).then((found) =>
      required(pipelinePaths.unet, found),
    ),
    index._gen ? undefined : json(pipelinePaths.unetConfig),
    mayHold(index, "vae_decoder") ? loadVae(index, ours.image) : undefined,
  ]);
  const { shape, ...network } = await naming(pipelinePaths.unet, () =>
    unetNetwork(unet, { open, known: ours.shape, config }),
  );
  return {
    kind: "diffusion",
    denoiser: denoiser({ ...network, parameters: unet.parameters }, scheduler.predictionType),
    scheduler,
    shape,
    vae: vae?.vae,
    classes: ours.classes,
    notes: ours.notes,
  };

  /** A part of the VAE, which must be there where the index names it. */
  async function part(index: object, name: "vae_decoder" | "vae_encoder", path: string) {
    const found = await loadModel(read, path, options);
    const named = name in index && index[name as keyof typeof index] !== null;
    return named ? required(path, found) : found;
  }

  async function loadVae(index: Fields, known?: number[]): Promise<LoadedVae | undefined> {
    const [decoder, encoder, config = {}] = await Promise.all([
      part(index, "vae_decoder", pipelinePaths.decoder),
      mayHold(index, "vae_encoder") ? part(index, "vae_encoder", pipelinePaths.encoder) : undefined,
      json(pipelinePaths.decoderConfig),
    ]);
    if (!decoder) return undefined;
    const scaling = latentScaling(config);
    const input = onlyInput(decoder, pipelinePaths.decoder);
    const encoded = encoder && onlyInput(encoder, pipelinePaths.encoder);
    const image = known ?? fixedPart(encoder?.signature[encoded as string].shape) ?? [];
    const vae: PipelineVae = {
      image,
      parameters: [...decoder.parameters, ...(encoder?.parameters ?? [])],
      decode: (latent) => firstOutput(decoder, { [input]: scaling.undo(latent) }),
      encode:
        encoder &&
        ((sample: Expr) => {
          const joined = firstOutput(encoder, { [encoded as string]: sample });
          const half = Number(joined.shape[1]) / 2;
          const mean = slice(joined, 1, 0, half);
          const logVariance = slice(joined, 1, half, 2 * half);
          return scaling.apply(mean, logVariance);
        }),
    };
    return { vae, latent: decoder.signature[input].shape };
  }
}

type Fields = Readonly<Record<string, unknown>>;

interface LoadedVae {
  readonly vae: PipelineVae;
  /** `[batch, ...]`, as the decoder's file has it. */
  readonly latent: Shape;
}

/** Our own index names all that a folder has; others' may be written for another kind of files. */
const mayHold = (index: Fields, name: string): boolean => name in index || !index._gen;

function required<R>(path: string, found: R | undefined): R {
  if (found !== undefined) return found;
  throw new GenError("invalid-model", `${path} is missing from the pipeline folder`);
}

function objectOf(bytes: Uint8Array): Record<string, unknown> {
  const value = JSON.parse(utf8Text(bytes));
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  throw new SyntaxError("it must hold a JSON object");
}

function onlyInput({ signature }: OnnxModel, path: string): string {
  const names = Object.keys(signature);
  if (names.length === 1) return names[0];
  throw new RangeError(`${path}: the model must have one input, got ${names.join(", ")}`);
}
