import { checkArguments, rules } from "@gen/math/arguments";
import type { TextToImageOptions } from "@gen/pipeline";
import type { SamplerName } from "@gen/sampling";
import { prefixErrors, usageError } from "./errors.ts";
import { isOnline, readBounded } from "./files.ts";
import type { CommonOptions } from "./options.ts";
import { samplerNames } from "./samplers.ts";

/** The flags of `gen generate`. */
export interface PictureFlags extends CommonOptions {
  readonly model?: string;
  readonly negative?: string;
  readonly guidance?: number;
  readonly guidanceRescale?: number;
  readonly sampler?: SamplerName;
  readonly steps?: number;
  readonly eta?: number;
  readonly count?: number;
  readonly size?: readonly [width: number, height: number];
  readonly torchSeed?: number;
  readonly torchDevice?: "cpu" | "cuda";
  readonly clipSkip?: number;
  readonly weighted?: boolean;
  readonly like?: string;
}

/** How pictures are made; a PNG keeps it. */
export interface PictureSettings
  extends Omit<Partial<TextToImageOptions>, "signal" | "onStep" | "compat"> {
  /** A folder or a URL. */
  readonly model?: string;
}

const pngLimit = 2 ** 28;

/**
 * The settings of the flags, and of the picture of `--like` where a flag is not given.
 *
 * @throws GenError `usage` or `invalid-data` when the picture has no settings, or others' settings that
 * are not known here.
 */
export async function likePicture(
  prompts: readonly string[],
  flags: PictureFlags,
  isSeeded: boolean,
): Promise<PictureSettings> {
  const { torchSeed, torchDevice } = flags;
  const given: PictureSettings = {
    prompt: prompts.length > 1 ? prompts : prompts[0],
    negativePrompt: flags.negative,
    guidance: flags.guidance,
    guidanceRescale: flags.guidanceRescale,
    sampler: flags.sampler,
    steps: flags.steps,
    eta: flags.eta,
    count: flags.count,
    size: flags.size,
    clipSkip: flags.clipSkip,
    weighted: flags.weighted,
    model: flags.model,
    ...(isSeeded && { seed: flags.seed }),
    ...(torchSeed !== undefined && { torchSeed }),
    ...(torchDevice !== undefined && { torchDevice }),
  };
  const found = flags.like === undefined ? {} : await settingsOf(flags.like, flags.model);
  if (isSeeded || torchSeed !== undefined) {
    for (const name of ["seed", "torchSeed", "torchDevice"]) delete found[name];
  }
  // Other samplers have other settings.
  if (flags.sampler !== undefined) delete found.eta;
  const told = { ...found, ...Object.fromEntries(entriesOf(given)) };
  const all: PictureSettings = Object.fromEntries(entriesOf(told));
  if (all.torchDevice !== undefined && all.torchSeed === undefined) {
    throw usageError("--torch-device must be left out without --torch-seed");
  }
  return all.torchSeed === undefined ? { seed: flags.seed, ...all } : all;
}

const NAMES =
  "prompt negativePrompt guidance guidanceRescale sampler steps eta count size seed torchSeed torchDevice clipSkip weighted model".split(
    " ",
  );

/** Of a stranger's settings; the others are checked as the flags' are. */
const likeRules = {
  prompt: rules.optional(rules.either(rules.TEXT, rules.listOf(rules.TEXT, 1))),
  count: rules.optional(rules.COUNT),
  size: rules.optional(rules.SIZES),
};

/** The settings that are known and given, in one order. */
const entriesOf = (settings: object): [string, unknown][] => {
  const values = new Map(Object.entries(settings));
  return NAMES.map((name): [string, unknown] => [name, values.get(name)]).filter(
    ([, value]) => value !== undefined,
  );
};

async function settingsOf(
  path: string,
  model: string | undefined,
): Promise<Record<string, unknown>> {
  const bytes = await readBounded(path, pngLimit);
  if (!bytes) throw usageError(`--like ${path}: no such file`);
  const { readPngSettings } = await import("@gen/data");
  const all = prefixErrors(`--like ${path}`, () => {
    const settings = readPngSettings(bytes);
    checkArguments(settings ?? {}, likeRules);
    return settings;
  });
  if (!all) throw usageError(`--like ${path}: the picture has no settings`);
  const found = Object.fromEntries(entriesOf(all));
  const { sampler, model: named } = found;
  if (sampler !== undefined && !samplerNames.some((name) => name === sampler)) {
    throw usageError(
      `--like ${path}: its sampler ${JSON.stringify(sampler)} is not known here; pass --sampler`,
    );
  }
  // A stranger's picture chooses no server.
  if (model === undefined && (typeof named !== "string" || isOnline(named))) {
    throw usageError(
      `--like ${path}: pass the picture's model as --model${typeof named === "string" ? ` ${named}` : ""}`,
    );
  }
  return found;
}
