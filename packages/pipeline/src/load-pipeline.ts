import { shapeText } from "@gen/graph";
import { MAX_FILE_BYTES, type OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { type DiffusionPipeline, denoiser, type Pipeline, type VaePipeline } from "@gen/sampling";
import { readSchedulerConfig, type SchedulerConfig } from "@gen/schedules";
import { folderClasses } from "./folder-classes.ts";
import { naming, type ReadFile, readJson, readPlaced } from "./folder-files.ts";
import { classNameOf, extraChannels, type Fields, isWanted } from "./folder-kind.ts";
import { mayHold, randomness, required } from "./folder-parts.ts";
import { folderSizes } from "./folder-sizes.ts";
import { ownFields } from "./index-file.ts";
import { type LoadModelOptions, loadModel, loadRules, modelLayout } from "./load-model.ts";
import { loadVae, withImage } from "./load-vae.ts";
import { folderLoras, LORAS, type LoraOption } from "./lora/folder-loras.ts";
import { missingText, pipelinePaths } from "./paths.ts";
import { fixedPart, unetNetwork } from "./unet-network.ts";
import { utf8Text } from "./utf8.ts";

/** Limits on what is loaded, and what the folder leaves open. */
export interface LoadPipelineOptions extends LoadModelOptions {
  /**
   * The shape of one sample, such as [1, 64, 64], for what the model's file leaves open.
   * @defaultValue for undefined entries and for all, as `unet/config.json` has them
   */
  readonly shape?: readonly (number | undefined)[];
  /**
   * What stands in for the denoiser's model, such as a UNet with ControlNets, from the model and its
   * config.
   *
   * @param denoiser The denoiser's model, as the folder has it.
   * @param config The denoiser's config.json.
   * @defaultValue the model
   */
  readonly around?: (denoiser: OnnxModel, config: Fields) => OnnxModel;
  /**
   * LoRAs that are merged into the denoiser, and how much of each is added. `warnings` says what was
   * left out of them.
   * @defaultValue none
   */
  readonly loras?: readonly LoraOption[];
}

/**
 * Loads a folder in diffusers' layout, our own or another exporter's.
 *
 * `unet/model.onnx` or `transformer/model.onnx`, and `scheduler/scheduler_config.json` must be there, and
 * a VAE's decoder that `model_index.json` names. Without its encoder, or the encoder's weights, a VAE only
 * decodes. With `kind: "vae"` only the VAE's parts are read. What the folder lacks is looked for below
 * `onnx/`, where repositories have an export beside PyTorch's files. No other paths are read than these
 * and the files of a model's weights.
 *
 * @param read Gives a file's bytes by its path, or undefined.
 * @param options `kind: "vae"`, limits and shapes.
 * @throws GenError `invalid-model` naming the file that is missing, too large or damaged, or the
 * scheduler or model that cannot be used, with the reason.
 */
export async function loadPipeline(
  read: ReadFile,
  options: LoadPipelineOptions & {
    /** Loads the VAE alone. */
    readonly kind: "vae";
  },
): Promise<VaePipeline>;
/**
 * {@link loadPipeline} of a denoiser with its scheduler and, where the folder has one, its VAE.
 *
 * @param read Gives a file's bytes by its path, or undefined.
 * @param options Limits and shapes. Default: what the folder says.
 */
export async function loadPipeline(
  read: ReadFile,
  options?: LoadPipelineOptions & {
    /** Loads the denoiser. @defaultValue "diffusion" */
    readonly kind?: "diffusion";
  },
): Promise<DiffusionPipeline<SchedulerConfig>>;
export async function loadPipeline(
  read: ReadFile,
  given: LoadPipelineOptions & { readonly kind?: Pipeline["kind"] } = {},
): Promise<Pipeline> {
  checkArguments({ read }, { read: rules.FUNCTION });
  checkOptions(given, {
    ...loadRules,
    shape: rules.optional(rules.listOf(rules.optional(rules.COUNT))),
    around: rules.optional(rules.FUNCTION),
    kind: rules.optional(rules.oneOf("vae", "diffusion")),
    loras: LORAS,
  });
  const { notes: left, options } = await withLoras(read, given);
  const { limit = MAX_FILE_BYTES, shape: open } = options;
  const json = (path: string) => readJson(read, path, limit);
  const files = { read, json, options, isAlone: false };
  if (options.kind === "vae") {
    const index = await json(pipelinePaths.index);
    const { image } = index?._gen ? await naming(pipelinePaths.index, () => ownFields(index)) : {};
    const found = await loadVae({ ...files, isAlone: !index }, index ?? {}, image);
    const { vae, latent, warnings } = required(pipelinePaths.decoder, found);
    const shape = fixedPart(
      latent.map((d, i) => (typeof d === "number" ? d : (open?.[i - 1] ?? d))),
    );
    if (shape) return { kind: "vae", vae: withImage(vae, shape), shape, ...withWarnings(warnings) };
    throw new GenError(
      "invalid-model",
      `${pipelinePaths.decoder}: latents must have a fixed shape, got ${shapeText(latent)}`,
    );
  }
  // Files are asked for together, so that a folder far away is not waited for one by one.
  const [index = {}, schedulerRead] = await Promise.all([
    json(pipelinePaths.index),
    readPlaced(read, pipelinePaths.scheduler, limit),
  ]);
  const ours = await naming(pipelinePaths.index, () => ownFields(index));
  const { place, bytes } = required(pipelinePaths.scheduler, schedulerRead);
  const scheduler = await naming(place, () => readSchedulerConfig(utf8Text(bytes)));
  const foreign = index._gen === undefined;
  const [{ path, model, config }, vae] = await Promise.all([
    loadDenoiser(foreign),
    mayHold(index, "vae_decoder") ? loadVae(files, index, ours.image) : undefined,
  ]);
  const unet = await naming(path, () => options.around?.(model, config) ?? model);
  const className = classNameOf(index);
  const sizes = foreign ? folderSizes(config, vae?.config, className) : undefined;
  const channels = foreign ? vae?.latent[1] : undefined;
  const classes = foreign ? folderClasses(index, config) : {};
  const { shape, ...network } = await naming(path, () =>
    unetNetwork(unet, {
      open,
      known: ours.shape,
      sizes,
      joined: foreign ? extraChannels(config) : 0,
      latentChannels: typeof channels === "number" ? channels : undefined,
    }),
  );
  const isEven = foreign
    ? scheduler.flow && givesEvenSigmas(className, unet.signature)
    : ours.sigmas === "even";
  const warnings = [...left, ...randomness(unet, path), ...(vae?.warnings ?? [])];
  if (!vae && isWanted(index, "vae_decoder")) {
    warnings.push(`${missingText(pipelinePaths.decoder, false)}. Samples are latents`);
  }
  return {
    kind: "diffusion",
    denoiser: denoiser(
      { ...network, parameters: unet.parameters, classes: classes.count },
      scheduler.predictionType,
    ),
    scheduler,
    shape,
    vae: vae && withImage(vae.vae, shape),
    classes: ours.classes ?? classes.names,
    notes: ours.notes,
    ...(isEven && { sigmas: "even" as const }),
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
}

/** The options, whose changes merge the LoRAs. */
async function withLoras<O extends LoadPipelineOptions>(read: ReadFile, options: O) {
  const { loras = [] } = options;
  if (loras.length === 0) return { notes: [], options };
  const found = await folderLoras((path) => modelLayout(read, path, options), loras);
  const changes = new Map(options.changes);
  for (const [path, merge] of found.changes) {
    const first = changes.get(path);
    changes.set(path, (model, beside) => merge(first?.(model, beside) ?? model, beside));
  }
  return { notes: found.notes, options: { ...options, changes } };
}

/** Classes that give their scheduler even sigmas, whatever its config says (diffusers 0.39). */
const EVEN_SIGMAS = /^(Flux|Chroma|QwenImage|Lumina2|HunyuanVideo)/;

const givesEvenSigmas = (
  className: string | undefined,
  signature: OnnxModel["signature"],
): boolean => (className === undefined ? "img_ids" in signature : EVEN_SIGMAS.test(className));

const withWarnings = (warnings: readonly string[]) => (warnings.length > 0 ? { warnings } : {});
