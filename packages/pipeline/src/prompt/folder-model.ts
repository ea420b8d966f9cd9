/*
 * What the pictures of a folder are made with, loaded once for several calls:
 *
 *   model_index.json and configs -> kind of folder -> denoiser, VAE's decoder, tokenizers
 *
 * Text encoders are read in each call, and dropped when its texts are encoded.
 */
import type { Signature } from "@gen/graph";
import { checkArguments, checkOptions, rules } from "@gen/math/arguments";
import type { Backend } from "@gen/runtime-gpu";
import type { DiffusionPipeline, PipelineVae } from "@gen/sampling";
import type { SchedulerConfig } from "@gen/schedules";
import type { ControlFacts } from "../control/control-conditions.ts";
import { controlledUnet, controlNames } from "../control/controlled-unet.ts";
import { loadControlNets } from "../control/load-control.ts";
import { vaeConfig } from "../describe-folder.ts";
import { classNameOf, type Fields, type FolderKind } from "../folder-kind.ts";
import { required } from "../folder-parts.ts";
import { folderSizes } from "../folder-sizes.ts";
import {
  type LoadModelOptions,
  loadModel,
  loadRules,
  modelLayout,
  type ReadFile,
  readJson,
} from "../load-model.ts";
import { loadPipeline } from "../load-pipeline.ts";
import { encoderOf, type LatentScaling, scalingOf } from "../load-vae.ts";
import { folderLoras } from "../lora/folder-loras.ts";
import { pipelinePaths } from "../paths.ts";
import type { PromptTokenizer } from "../text/load-tokenizer.ts";
import { requireTextKind } from "./folder-use.ts";
import { learnedWords, withWords } from "./learned-words.ts";
import { BACKEND, learnedRules, type OpenImageModelOptions } from "./options.ts";
import { type TextKind, textKind } from "./text-kind.ts";
import { tokenizerOf } from "./text-parts.ts";

/** A loaded folder. */
export interface FolderModel<T = unknown> {
  readonly read: ReadFile;
  /** How the text encoders are read. */
  readonly reading: LoadModelOptions;
  readonly controls: readonly ControlFacts[];
  /** What was left out of LoRAs. */
  readonly notes: readonly string[];
  readonly backend: Backend<T>;
  readonly kind: FolderKind;
  readonly text: TextKind;
  readonly index: Fields;
  /** The config of the denoiser. */
  readonly config: Fields;
  readonly pipeline: DiffusionPipeline<SchedulerConfig>;
  /** What the denoiser takes beside x and t. */
  readonly conditions: Readonly<Record<string, Signature>>;
  readonly vae: PipelineVae;
  /** By the names of their folders. */
  readonly tokenizers: ReadonlyMap<string, PromptTokenizer>;
  /** Pixels for each of a latent, along one side. */
  readonly factor: number;
  /** Height and width of latents are multiples of this number. */
  readonly multiple: number;
  /** Between the VAE's latents and the denoiser's. */
  readonly scaling: LatentScaling;
  /** Reads the VAE's encoder, once. @throws GenError `invalid-model` where there is none. */
  encoder(): Promise<ReturnType<typeof encoderOf>>;
}

/** Loads a folder that takes prompts, of any kind. */
export async function loadFolderModel<T>(
  read: ReadFile,
  options: OpenImageModelOptions<T>,
): Promise<FolderModel<T>> {
  checkArguments({ read }, { read: rules.FUNCTION });
  checkOptions(options, {
    ...loadRules,
    ...learnedRules,
    backend: BACKEND,
    shape: rules.optional(rules.listOf(rules.optional(rules.COUNT))),
  });
  const backend = await options.backend;
  checkArguments({ backend }, { backend: rules.BACKEND });
  const json = async (path: string): Promise<Fields> =>
    (await readJson(read, path, options.limit)) ?? {};
  const configs = ["index", "unetConfig", "transformerConfig", "decoderConfig", "encoderConfig"];
  const [index, unet, transformer, ofDecoder, ofEncoder] = await Promise.all(
    configs.map((name) => json(pipelinePaths[name as keyof typeof pipelinePaths])),
  );
  const config = Object.keys(unet).length > 0 ? unet : transformer;
  const kind = requireTextKind(index, config);
  const layoutOf = (path: string) => modelLayout(read, path, options);
  const { loras = [], embeddings = {} } = options;
  const { notes, changes: merged } = await folderLoras(layoutOf, loras);
  const controlNets = await loadControlNets(options.controlNets ?? [], options);
  const pipeline = await loadPipeline(unlessEncoder(read), {
    ...options,
    changes: merged,
    around: (unet, config) => controlledUnet(unet, controlNets, config),
    ...(options.open && { open: unlessEncoder(options.open) }),
  });
  const conditions = pipeline.denoiser.condition ?? {};
  const text = textKind(index, config, conditions);
  const vae = required(pipelinePaths.decoder, pipeline.vae);
  const tokenizers = new Map<string, PromptTokenizer>();
  const words = await learnedWords(layoutOf, text.parts, embeddings);
  let changes = merged;
  for (const part of text.parts) {
    const own = words.get(part) ?? [];
    const tokenizer = await tokenizerOf(read, part, own);
    tokenizers.set(part.tokenizer, tokenizer);
    changes = withWords(changes, part, own, tokenizer.size);
  }
  const ofVae = vaeConfig(ofDecoder, ofEncoder);
  const { multiple } = folderSizes(config, ofVae, classNameOf(index));
  const factor = vae.image[1] / pipeline.shape[1];
  const reading = { ...options, changes };
  const controls = controlNets.map(({ isPooled }, k) => ({
    isPooled,
    residuals: Number(conditions[controlNames(k).scales].shape[1]),
  }));
  const scaling = scalingOf(ofVae, [1, ...pipeline.shape]);
  let encoder: ReturnType<FolderModel["encoder"]> | undefined;
  const loadEncoder = async () => {
    const path = pipelinePaths.encoder;
    const model = await loadModel(read, path, reading);
    const found = required(path, model, Object.keys(ofEncoder).length > 0);
    return encoderOf(found, scaling, pipeline.shape[0]);
  };
  const loaded = { read, reading, controls, notes, backend, kind, text, index, config, pipeline };
  return {
    ...loaded,
    ...{ conditions, vae, tokenizers, factor, multiple, scaling },
    encoder() {
      encoder ??= loadEncoder().catch((error) => {
        encoder = undefined;
        throw error;
      });
      return encoder;
    },
  };
}

/** Files of a folder but for the VAE's encoder, which only pictures that start from one need. */
const unlessEncoder =
  <R>(get: (path: string) => Promise<R | undefined>) =>
  async (path: string): Promise<R | undefined> =>
    path.startsWith("vae_encoder/model") ? undefined : get(path);
