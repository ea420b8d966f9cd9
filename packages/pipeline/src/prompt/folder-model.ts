/*
 * What the pictures of a folder are made with, loaded once for several calls:
 *
 *   model_index.json and configs -> kind of folder -> denoiser, VAEs, tokenizers
 *
 * Text encoders are read in each call, and dropped when its texts are encoded.
 */
import type { Signature } from "@gen/graph";
import { checkArguments, checkOptions, rules } from "@gen/math/arguments";
import type { Backend } from "@gen/runtime-gpu";
import { type DiffusionPipeline, type PipelineSampler, pipelineSampler } from "@gen/sampling";
import type { SchedulerConfig } from "@gen/schedules";
import type { ControlFacts } from "../control/control-conditions.ts";
import { controlledUnet, controlNames } from "../control/controlled-unet.ts";
import { loadControlNets } from "../control/load-control.ts";
import { vaeConfig } from "../describe-folder.ts";
import { type ReadFile, readJson } from "../folder-files.ts";
import { classNameOf, type Fields, type FolderKind } from "../folder-kind.ts";
import { required } from "../folder-parts.ts";
import { folderSizes } from "../folder-sizes.ts";
import { type LoadModelOptions, loadRules, modelLayout } from "../load-model.ts";
import { loadPipeline } from "../load-pipeline.ts";
import { folderLoras } from "../lora/folder-loras.ts";
import { pipelinePaths } from "../paths.ts";
import type { PromptTokenizer } from "../text/load-tokenizer.ts";
import { requireTextKind } from "./folder-use.ts";
import { type FolderVaes, folderVaes, withoutEncoder } from "./folder-vaes.ts";
import { learnedWords, withWords } from "./learned-words.ts";
import { BACKEND, learnedRules, type OpenImageModelOptions } from "./options.ts";
import { pastedDenoiser } from "./pasted-denoiser.ts";
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
  /** The programs of the denoiser, and of the one that known latents are pasted before. */
  readonly samplers: { readonly plain: PipelineSampler; readonly pasting: PipelineSampler };
  /** What the denoiser takes beside x and t. */
  readonly conditions: Readonly<Record<string, Signature>>;
  readonly vaes: FolderVaes;
  /** By the names of their folders. */
  readonly tokenizers: ReadonlyMap<string, PromptTokenizer>;
  /** Pixels for each of a latent, along one side. */
  readonly factor: number;
  /** Height and width of latents are multiples of this number. */
  readonly multiple: number;
  /** Frees the programs, after the calls under way. */
  dispose(): Promise<void>;
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
    decoder: rules.optional(rules.FUNCTION),
    previewDecoder: rules.optional(rules.FUNCTION),
    shape: rules.optional(rules.listOf(rules.optional(rules.COUNT))),
  });
  const backend = await options.backend;
  checkArguments({ backend }, { backend: rules.BACKEND });
  const json = async (path: string): Promise<Fields> =>
    (await readJson(read, path, options.limit)) ?? {};
  const configs = ["index", "unetConfig", "transformerConfig", "decoderConfig", "encoderConfig"];
  const [named, unet, transformer, ofDecoder, ofEncoder] = await Promise.all(
    configs.map((name) => json(pipelinePaths[name as keyof typeof pipelinePaths])),
  );
  const config = Object.keys(unet).length > 0 ? unet : transformer;
  const index = Object.keys(named).length > 0 ? named : await encodersThere(json);
  const kind = requireTextKind(index, config);
  // No other backend runs a file as it is.
  const open = backend.name.startsWith("onnx/") ? (options.open ?? read.open) : undefined;
  const reading = { ...options, open };
  const layoutOf = (path: string) => modelLayout(read, path, reading);
  const { loras = [], embeddings = {} } = options;
  const { notes, changes: merged } = await folderLoras(layoutOf, loras);
  const controlNets = await loadControlNets(options.controlNets ?? [], reading);
  const pipeline = await loadPipeline(withoutEncoder(read), {
    ...reading,
    loras: undefined,
    changes: merged,
    around: (unet, config) => controlledUnet(unet, controlNets, config),
    ...(open && { open: withoutEncoder(open) }),
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
  const { multiple } = folderSizes(config, vaeConfig(ofDecoder, ofEncoder), classNameOf(index));
  const factor = vae.image[1] / pipeline.shape[1];
  const controls = controlNets.map(({ isPooled }, k) => ({
    isPooled,
    residuals: Number(conditions[controlNames(k).scales].shape[1]),
  }));
  const vaes = await folderVaes({
    ...{ read, vae, latents: pipeline.shape, isXl: text.name === "sdxl" },
    options: { ...reading, backend },
    configs: [ofDecoder, ofEncoder],
  });
  const drawn = { ...pipeline, vae: undefined };
  const samplers = {
    plain: pipelineSampler(drawn, { backend }),
    pasting: pipelineSampler(
      { ...drawn, denoiser: pastedDenoiser(pipeline.denoiser) },
      { backend },
    ),
  };
  return {
    ...{
      read,
      reading: { ...reading, changes },
      controls,
      notes,
      backend,
      kind,
      text,
      index,
      config,
    },
    ...{ pipeline, samplers, conditions, vaes, tokenizers, factor, multiple },
    async dispose() {
      const all = [samplers.plain, samplers.pasting, vaes];
      await Promise.all(all.map((each) => each.dispose()));
    },
  };
}

/** The text encoders whose tokenizers are there, as an index names them; none where none is told. */
async function encodersThere(json: (path: string) => Promise<Fields>): Promise<Fields> {
  const ends = ["", "_2", "_3"];
  const configs = await Promise.all(
    ends.map((end) => json(`tokenizer${end}/tokenizer_config.json`)),
  );
  const there = ends.filter((_, i) => Object.keys(configs[i]).length > 0);
  return Object.fromEntries(there.map((end) => [`text_encoder${end}`, ["transformers"]]));
}
