/*
 * What a folder in diffusers' layout holds, from its JSON files: no model is read.
 *
 *   const { kind, parts, latent } = await describeFolder(read)
 */
import type { Signature } from "@gen/graph";
import { GenError } from "@gen/math";
import { checkArguments, rules } from "@gen/math/arguments";
import { folderConditions } from "./folder-conditions.ts";
import { naming, type ReadFile, readJson } from "./folder-files.ts";
import {
  classNameOf,
  type Fields,
  type FolderKind,
  type FolderNeed,
  isWanted,
  kindOf,
  needsOf,
  numberOf,
} from "./folder-kind.ts";
import { type FolderSizes, folderSizes } from "./folder-sizes.ts";
import { ownFields } from "./index-file.ts";
import {
  filePlaces,
  missingText,
  modelPlaces,
  type PartName,
  partPurposes,
  pipelinePaths,
} from "./paths.ts";
import { defaultsOf, ownUse } from "./prompt/folder-use.ts";
import { textKind } from "./prompt/text-kind.ts";

/** A model of a folder. */
interface FolderPart {
  /** The part's folder, such as "unet". */
  readonly name: PartName;
  /** The path of its model. */
  readonly model: string;
  /** What the part does, for people. */
  readonly purpose: string;
  /** Its config.json; empty where there is none. */
  readonly config: Fields;
}

/** A tokenizer of a folder. */
interface FolderTokenizer {
  /** The tokenizer's folder, such as "tokenizer". */
  readonly name: string;
  /** The paths of its files that are there. */
  readonly files: readonly string[];
}

/** What {@link describeFolder} finds. Sizes are undefined where no file tells them. */
export interface PipelineFolder extends FolderSizes {
  /** What the pipeline makes, and from what. */
  readonly kind: FolderKind;
  /** The pipeline's class in diffusers; undefined where no index names one. */
  readonly className?: string;
  /** What a caller gives its pipeline. */
  readonly needs: readonly FolderNeed[];
  /** The models that are there. */
  readonly parts: readonly FolderPart[];
  /** Parts that model_index.json names and the folder lacks, one sentence each. */
  readonly missing: readonly string[];
  /** What the denoiser takes beside x and t, `[batch, ...]`. */
  readonly conditions: Readonly<Record<string, Signature>>;
  /** The tokenizers that are there. */
  readonly tokenizers: readonly FolderTokenizer[];
  /** Steps where a call gives none; undefined for a folder that takes no prompts. */
  readonly steps?: number;
  /** Latents of the denoiser are `(z - shift) * scaling` of the VAE's; undefined without a VAE. */
  readonly scaling?: {
    /** Multiplies the VAE's latents after the shift. */
    readonly factor: number;
    /** Is subtracted from the VAE's latents first. */
    readonly shift: number;
  };
}

const TOKENIZER_FILES =
  "tokenizer.json vocab.json merges.txt special_tokens_map.json tokenizer_config.json spiece.model";

/**
 * Tells what a folder is for, its parts, and the sizes and conditions of its samples. `has` tells
 * whether a file is there; the default reads the file.
 *
 * @param read Gives a file's bytes by its path, or undefined.
 * @param has Tells whether a file is there. Default: reads it.
 * @throws GenError `invalid-model` naming a JSON file that is damaged, or when there is no denoiser.
 */
export async function describeFolder(
  read: ReadFile,
  has: (path: string) => Promise<boolean> = async (path) => (await read(path)) !== undefined,
): Promise<PipelineFolder> {
  checkArguments({ read, has }, { read: rules.FUNCTION, has: rules.FUNCTION });
  const json = async (path: string): Promise<Fields> => (await readJson(read, path)) ?? {};
  const names = Object.keys(partPurposes) as PartName[];
  const [index, configs, found] = await Promise.all([
    json(pipelinePaths.index),
    Promise.all(names.map((name) => json(`${name}/config.json`))),
    Promise.all(names.map((name) => firstOf(modelPlaces(`${name}/model.onnx`), has))),
  ]);
  const configOf = (name: PartName) => configs[names.indexOf(name)];
  const parts = names
    .map((name, i) => ({
      name,
      model: found[i] as string,
      purpose: partPurposes[name],
      config: configs[i],
    }))
    .filter(({ model }) => model);
  const isThere = (name: PartName) => parts.some((part) => part.name === name);
  const denoiser = isThere("unet") || !isThere("transformer") ? "unet" : "transformer";
  const missing = names
    .filter((name) => isWanted(index, name) && !isThere(name))
    .map((name) => missingText(`${name}/model.onnx`, Object.keys(configOf(name)).length > 0));
  const decodes = isThere("vae_decoder");
  const isAlone = !isThere(denoiser) && missing.length === 0;
  if (isAlone && !decodes) {
    throw new GenError("invalid-model", missingText(pipelinePaths.unet, false));
  }
  const config = configOf(denoiser);
  const vae = vaeConfig(configOf("vae_decoder"), configOf("vae_encoder"));
  const own = await naming(pipelinePaths.index, () => ownFields(index));
  const projection = numberOf(configOf("text_encoder_2"), "projection_dim");
  const className = classNameOf(index);
  const encodesText = names.some((name) => name.startsWith("text_encoder") && isThere(name));
  const conditions = folderConditions(config, { index, projection });
  const controlled = isThere("controlnet") || /ControlNet/.test(className ?? "");
  const plain = own.classes ? "class-conditional" : kindOf(index, config, encodesText);
  const told = controlled && plain === "text to image" ? "ControlNet" : plain;
  const kind = isAlone ? "autoencoder" : told;
  return {
    kind,
    needs: needsOf(kind, conditions, controlled),
    ...(className !== undefined && { className }),
    parts,
    missing,
    conditions,
    tokenizers: await tokenizersOf(has),
    ...(encodesText && {
      steps: defaultsOf(kind, textKind(index, config, conditions), ownUse(kind)).steps,
    }),
    ...folderSizes(config, decodes ? vae : undefined, className),
    ...(own.shape && { latent: own.shape }),
    ...(decodes && {
      scaling: {
        factor: numberOf(vae, "scaling_factor") ?? 0.18215,
        shift: numberOf(vae, "shift_factor") ?? 0,
      },
    }),
  };
}

/** The first of some places where a file is; undefined where there is none. */
async function firstOf(
  places: readonly string[],
  has: (path: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const place of places) if (await has(place)) return place;
  return undefined;
}

/** The config of a VAE, which exporters write beside both halves or beside one. */
export const vaeConfig = (decoder: Fields, encoder: Fields): Fields =>
  Object.keys(decoder).length > 0 ? decoder : encoder;

async function tokenizersOf(has: (path: string) => Promise<boolean>): Promise<FolderTokenizer[]> {
  const names = ["tokenizer", "tokenizer_2", "tokenizer_3"];
  const all = await Promise.all(
    names.map(async (name) => {
      const paths = TOKENIZER_FILES.split(" ").map((file) => filePlaces(`${name}/${file}`));
      const files = await Promise.all(paths.map((places) => firstOf(places, has)));
      return { name, files: files.filter((file) => file !== undefined) };
    }),
  );
  return all.filter(({ files }) => files.length > 0);
}
