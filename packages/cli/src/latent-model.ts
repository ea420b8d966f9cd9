/*
 * A VAE as the verbs on latents use it, from one of two folders:
 *
 *   gen train vae --out DIR     the model with its likelihood and prior, so that errors are in nats too
 *   vae_encoder/, vae_decoder/  the VAE of a pipeline, ours or diffusers', with its scale factor
 */
import type { Dataset } from "@gen/data";
import { add, mul, sub } from "@gen/graph";
import { loadPipeline } from "@gen/pipeline";
import type { PipelineVae } from "@gen/sampling";
import type { Vae } from "@gen/vae";
import { usageError } from "./errors.ts";
import { isOnline, parseJson } from "./files.ts";
import { loadFrom, readersOf, shownFolder } from "./model-folder.ts";
import type { VaeSettings } from "./models.ts";
import { openSplit, type Split } from "./open-data.ts";
import { note } from "./terminal.ts";
import { readTrainedVae } from "./trained-vae.ts";
import type { DataFlags } from "./training-options.ts";

/** A VAE of a folder. Its images are in [0, 1]. */
export interface LatentModel {
  readonly model: Vae;
  /** The settings of its training; undefined for the VAE of a pipeline, which has no likelihood. */
  readonly settings?: VaeSettings;
  /** Items at once. */
  readonly batchSize: number;
}

/** How a folder is read. */
export interface LatentReading {
  readonly signal?: AbortSignal;
  readonly backend?: string;
  /** Height and width of the images, for a pipeline's VAE that leaves them open. */
  readonly size?: readonly [height: number, width: number];
  /** The shape of one latent, for the same. */
  readonly latent?: readonly number[];
}

/** Whether a folder holds a VAE and no denoiser. */
export async function isVaeFolder(folder: string, signal?: AbortSignal): Promise<boolean> {
  if (isOnline(folder)) return false;
  const { read } = await readersOf(folder, signal);
  const [training, scheduler, decoder] = await Promise.all([
    read("training/training.json"),
    read("scheduler/scheduler_config.json"),
    read("vae_decoder/model.onnx"),
  ]);
  if (scheduler) return false;
  const { kind } = (training && parseJson<{ kind?: unknown }>(training)) || {};
  return kind === "vae" || decoder !== undefined;
}

/** Opens the VAE of a folder. @throws GenError `usage` when there is none, or it is damaged. */
export async function openLatentModel(
  folder: string,
  reading: LatentReading = {},
): Promise<LatentModel> {
  const trained = await readTrainedVae("--model", folder);
  if (trained) {
    const { model, settings } = trained;
    return { model, settings, batchSize: batchSizeOf(model.shape) };
  }
  const { vae, shape } = await loadFrom(folder, reading, async (read, options) => {
    const config = await read("vae_decoder/config.json");
    const open = reading.latent ?? latentShape(config && parseJson(config), reading.size);
    const pipeline = await loadPipeline(read, { ...options, kind: "vae", shape: open });
    for (const warning of pipeline.warnings ?? []) note(warning);
    return pipeline;
  });
  if (vae.batch !== undefined)
    throw usageError(
      `--model ${shownFolder(folder)} must have a VAE for batches of any size, got one for ${vae.batch}; export it with a dynamic batch`,
    );
  return { model: inUnits(vae, shape), batchSize: batchSizeOf(vae.image) };
}

/** The shape of one latent by the config of a diffusers VAE: its levels halve the sides. */
function latentShape(
  config: Readonly<Record<string, unknown>> | undefined,
  size?: readonly [number, number],
): (number | undefined)[] | undefined {
  const { latent_channels, block_out_channels, sample_size } = config ?? {};
  if (!Array.isArray(block_out_channels)) return undefined;
  const factor = 2 ** (block_out_channels.length - 1);
  const sides = size ?? [sample_size, sample_size];
  const isWhole = (n: unknown): n is number => Number.isInteger(n) && (n as number) > 0;
  if (size && sides.some((side) => Number(side) % factor !== 0))
    throw usageError(
      `--size must have sides divisible by ${factor}, got ${size.toReversed().join("x")}`,
    );
  return [latent_channels, ...sides.map((side) => Number(side) / factor)].map((n) =>
    isWhole(n) ? n : undefined,
  );
}

/** A pipeline's VAE with images in [0, 1] in place of [-1, 1]. */
function inUnits(vae: PipelineVae, latent: readonly number[]): Vae {
  const lacks = (what: string) => usageError(`--model must have ${what}, got a VAE without`);
  const decode: Vae["decode"] = (z) => mul(add(vae.decode(z), 1), 0.5);
  return {
    likelihood: { sigma: 1 },
    shape: vae.image,
    latent,
    parameters: vae.parameters,
    encode(x) {
      if (!vae.encode) throw lacks("vae_encoder/model.onnx");
      return vae.encode(sub(mul(x, 2), 1));
    },
    decode,
    reconstruct: decode,
    logProb() {
      throw lacks("a likelihood");
    },
  };
}

/** Fewer large images at once, which bounds the memory. */
const batchSizeOf = (shape: readonly number[]): number =>
  Math.max(1, Math.min(250, Math.floor(2 ** 18 / shape.reduce((a, b) => a * b, 1))));

/** The flags of the items that a verb reads. */
export interface ItemFlags extends DataFlags {
  readonly data?: string;
  readonly split: Split;
}

/**
 * The items of --data, or those that the VAE was trained on. Pictures of a folder are scaled to the
 * model's size.
 * @throws GenError `usage` when they do not fit the model, and as {@link openSplit}.
 */
export async function openItems(
  {
    model,
    settings,
  }: {
    readonly model: Pick<Vae, "shape" | "classes">;
    readonly settings?: { readonly data?: string };
  },
  { data = settings?.data, split, ...flags }: ItemFlags,
): Promise<Dataset> {
  if (data === undefined) throw usageError("--data must be given: this model names no data");
  const [channels, ...size] = model.shape;
  const dataset = await openSplit(data, split, flags, {
    size: [size[0], size[1]],
    channels: channels === 1 ? "1" : "3",
  });
  if (!dataset.range)
    throw usageError(`--data ${data} has no range of values, and a VAE takes images`);
  const { shape, labels, length } = dataset;
  if (shape.join() !== model.shape.join())
    throw usageError(
      `--data ${data} must hold items [${model.shape.join(", ")}] as the model takes them, got [${shape.join(", ")}]`,
    );
  if (model.classes !== undefined && !labels)
    throw usageError(`--data ${data} must have classes, as the model takes them with each item`);
  if (length === 0) throw usageError(`--split ${split} of --data ${data} is empty`);
  return dataset;
}

/** The label of a class by its name or number. @throws GenError `usage` when there is none. */
export function classOf(
  flag: string,
  text: string,
  { classes = [], count = classes.length }: { classes?: readonly string[]; count?: number },
): number {
  const named = classes.indexOf(text);
  const label = named >= 0 ? named : /^\d+$/.test(text.trim()) ? Number(text) : -1;
  if (label >= 0 && label < count) return label;
  const known = classes.length > 0 ? ` or one of ${classes.slice(0, 20).join(", ")}` : "";
  throw usageError(`${flag} must be a number in [0, ${count - 1}]${known}, got ${text}`);
}
