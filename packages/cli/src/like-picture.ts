/*
 * The settings of the picture of --like, which may be a stranger's: it names no server, and no file
 * without its SHA-256.
 */
import { checkArguments, rules } from "@gen/math/arguments";
import { prefixErrors, usageError } from "./errors.ts";
import { isOnline, readBounded } from "./files.ts";
import { sigmaNames, spacingNames } from "./names.ts";
import { type ControlFile, sourceRules } from "./picture-sources.ts";
import { samplerNames } from "./samplers.ts";
import { fromWebUi } from "./web-ui-settings.ts";

const PNG_LIMIT = 2 ** 28;

/** The settings that need a check here; the others are checked as the flags' are. */
const likeRules = {
  model: rules.optional(rules.TEXT),
  decoder: rules.optional(rules.TEXT),
  prompt: rules.optional(rules.either(rules.TEXT, rules.listOf(rules.TEXT, 1))),
  count: rules.optional(rules.COUNT),
  size: rules.optional(rules.SIZES),
  sampler: rules.optional(rules.TEXT),
  sigmas: rules.optional(rules.oneOf(...sigmaNames)),
  spacing: rules.optional(rules.oneOf(...spacingNames)),
  ...sourceRules,
};

/**
 * The settings of a picture, ours or those of Stable Diffusion web UI, with notes on what is not known
 * here. Flags take the place of the folders that the picture names.
 *
 * @throws GenError `usage` or `invalid-data` when the picture has no settings, or wrong ones.
 */
export async function settingsOf(
  path: string,
  flags: {
    readonly model?: string;
    readonly sampler?: string;
    readonly control?: readonly ControlFile[];
    readonly decoder?: string;
  },
): Promise<{
  readonly settings: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}> {
  const bytes = await readBounded(path, PNG_LIMIT);
  if (!bytes) throw usageError(`--like ${path}: no such file`);
  const { readPngSettings } = await import("@gen/data");
  const all = prefixErrors(`--like ${path}`, () => {
    const settings = readPngSettings(bytes);
    checkArguments(settings ?? {}, likeRules);
    return settings;
  });
  if (!all) throw usageError(`--like ${path}: the picture has no settings`);
  // A name that is none of ours is the web UI's.
  const isOurs = all.sampler === undefined || samplerNames.some((name) => name === all.sampler);
  const { settings, notes } = isOurs ? { settings: all, notes: [] } : fromWebUi(all);
  const { model: named } = all;
  if (flags.model === undefined && !isLocal(settings.model)) {
    throw usageError(
      `--like ${path}: pass the picture's model as --model${typeof named === "string" ? ` ${named}` : ""}`,
    );
  }
  const { decoder, controls = [] } = settings as { decoder?: string; controls?: ControlFile[] };
  if (flags.decoder === undefined && decoder !== undefined && !isLocal(decoder)) {
    throw usageError(`--like ${path}: pass the picture's decoder as --decoder ${decoder}`);
  }
  const online = flags.control ? undefined : controls.find(({ net }) => !isLocal(net));
  if (online) {
    throw usageError(
      `--like ${path}: pass the picture's ControlNets as --control ${online.net}:${online.path}`,
    );
  }
  return { settings, notes: flags.sampler === undefined ? notes : [] };
}

/** Whether a folder is on this machine: a stranger's picture chooses no server. */
const isLocal = (folder: unknown): boolean => folder !== undefined && !isOnline(String(folder));
