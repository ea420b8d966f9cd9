import {
  cast,
  type Expr,
  fromOnnx,
  type OnnxModel,
  reshape,
  type Shape,
  shapeText,
  slice,
} from "@gen/graph";
import { readSchedulerConfig } from "@gen/schedules";
import { denoiser } from "./denoiser.ts";
import { latentScaling } from "./latent-scaling.ts";
import { type Pipeline, type PipelineVae, pipelinePaths } from "./pipeline.ts";
import { utf8Text } from "./utf8.ts";

/** Gives the bytes of a file of the folder, or undefined where there is none. */
export type ReadFile = (path: string) => Promise<Uint8Array | undefined>;

/** Limits on what is loaded. */
export interface LoadPipelineOptions {
  /** The largest file, in bytes; 2 GiB unless told. */
  readonly limit?: number;
}

/**
 * Loads a folder in diffusers' layout, our own or another exporter's.
 *
 * Needed are `unet/model.onnx` and `scheduler/scheduler_config.json`;
 * `model_index.json` and the VAE's parts are read where they are. Only fixed paths inside the
 * folder are asked for.
 *
 * @throws Error naming the file that is missing, too large or damaged; RangeError on a scheduler
 * or a model that cannot be used, with the reason.
 */
export async function loadPipeline(
  read: ReadFile,
  { limit = 2 ** 31 }: LoadPipelineOptions = {},
): Promise<Pipeline> {
  const bytes = async (path: string) => {
    const found = await read(path);
    if (found && found.length > limit) {
      throw new Error(`${path} has ${found.length} bytes, at most ${limit} are allowed`);
    }
    return found;
  };
  const needed = async (path: string) => {
    const found = await bytes(path);
    if (found) return found;
    throw new Error(`${path} is missing from the pipeline folder`);
  };
  const json = async (path: string) => {
    const found = await bytes(path);
    return found && named(path, () => objectOf(found));
  };
  const index = (await json(pipelinePaths.index)) ?? {};
  const ours = (index._gen ?? {}) as { shape?: number[]; image?: number[] } & Partial<Pipeline>;
  const schedulerBytes = await needed(pipelinePaths.scheduler);
  const scheduler = named(pipelinePaths.scheduler, () =>
    readSchedulerConfig(utf8Text(schedulerBytes)),
  );
  const unetBytes = await needed(pipelinePaths.unet);
  const unet = named(pipelinePaths.unet, () => fromOnnx(unetBytes));
  const config = (await json(pipelinePaths.unetConfig)) ?? {};
  const { apply, shape } = named(pipelinePaths.unet, () => unetOf(unet, ours.shape, config));
  const model = denoiser({ apply, parameters: unet.parameters }, scheduler.predictionType);

  const hasVae = "vae_decoder" in index && index.vae_decoder !== null;
  const decoderBytes = await (hasVae ? needed : bytes)(pipelinePaths.decoder);
  const vae = decoderBytes && (await loadVae(decoderBytes));
  return { denoiser: model, scheduler, shape, vae, classes: ours.classes, notes: ours.notes };

  async function loadVae(decoderBytes: Uint8Array): Promise<PipelineVae> {
    const wanted = "vae_encoder" in index && index.vae_encoder !== null;
    const encoderBytes = await (wanted ? needed : bytes)(pipelinePaths.encoder);
    const scaling = latentScaling((await json(pipelinePaths.decoderConfig)) ?? {});
    const decoder = named(pipelinePaths.decoder, () => fromOnnx(decoderBytes));
    const encoder = encoderBytes && named(pipelinePaths.encoder, () => fromOnnx(encoderBytes));
    const input = onlyInput(decoder, pipelinePaths.decoder);
    const encoded = encoder && onlyInput(encoder, pipelinePaths.encoder);
    const image = ours.image ?? staticPart(encoder?.signature[encoded as string].shape) ?? [];
    return {
      image,
      parameters: [...decoder.parameters, ...(encoder?.parameters ?? [])],
      decode: (latent) => first(decoder, { [input]: scaling.undo(latent) }),
      encode:
        encoder &&
        ((sample) => {
          const joined = first(encoder, { [encoded as string]: sample });
          const half = Number(joined.shape[1]) / 2;
          const mean = slice(joined, 1, 0, half);
          const logVariance = slice(joined, 1, half, 2 * half);
          return scaling.apply(mean, logVariance);
        }),
    };
  }
}

function objectOf(bytes: Uint8Array): Record<string, unknown> {
  const value = JSON.parse(utf8Text(bytes));
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  throw new SyntaxError("it must hold a JSON object");
}

/** Runs `f`; what it throws names the file. */
function named<R>(path: string, f: () => R): R {
  try {
    return f();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${path}: ${reason}`, { cause });
  }
}

const first = (model: OnnxModel, inputs: Record<string, Expr>): Expr => {
  const outputs = model.apply(inputs);
  return outputs[model.outputNames[0]];
};

function onlyInput({ signature }: OnnxModel, path: string): string {
  const names = Object.keys(signature);
  if (names.length === 1) return names[0];
  throw new RangeError(`${path}: the model must have one input, got ${names.join(", ")}`);
}

const staticPart = (shape: Shape | undefined): number[] | undefined =>
  shape?.slice(1).every((d) => typeof d === "number") ? (shape.slice(1) as number[]) : undefined;

/** A UNet's three inputs by the names that exporters give them, as a function of (x, t, condition). */
function unetOf(model: OnnxModel, known: number[] | undefined, config: Record<string, unknown>) {
  const { signature } = model;
  const names = Object.keys(signature);
  const pick = (wanted: string[], place: number) =>
    wanted.find((name) => name in signature) ?? names[place];
  const [x, t] = [pick(["sample", "x"], 0), pick(["timestep", "t"], 1)];
  const others = names.filter((name) => name !== x && name !== t);
  if (t === undefined || others.length > 1) {
    throw new RangeError(
      `a denoiser takes a sample, a timestep and at most one condition, got ${names.join(", ")}`,
    );
  }
  const side = config.sample_size;
  const [height, width] = Array.isArray(side) ? side : [side, side];
  const shape =
    known ?? staticPart(signature[x].shape) ?? [config.in_channels, height, width].map(Number);
  if (!(shape.length > 0 && shape.every((d) => Number.isInteger(d) && d > 0))) {
    throw new RangeError(
      `the sample's shape ${shapeText(signature[x].shape)} must be static after the batch, or told by unet/config.json`,
    );
  }
  const apply = (...[sample, timestep, condition]: Expr[]): Expr => {
    const time = signature[t].shape.length === 0 ? reshape(slice(timestep, 0, 0, 1), []) : timestep;
    const inputs: Record<string, Expr> = {
      [x]: cast(sample, signature[x].dtype),
      [t]: cast(time, signature[t].dtype),
    };
    if (others.length > 0 && !condition) {
      throw new RangeError(`the denoiser needs a condition, its input ${others[0]}`);
    }
    if (others.length > 0) inputs[others[0]] = cast(condition, signature[others[0]].dtype);
    return cast(first(model, inputs), sample.dtype);
  };
  return { apply, shape };
}
