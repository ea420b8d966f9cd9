/*
 * What a training finds in its folder: nothing, or a training with the same settings, which it
 * continues. All else is refused, unless --force is given.
 */
import { writeFiles } from "./atomic-files.ts";
import { usageError } from "./errors.ts";
import { readInside, sweep } from "./files.ts";
import { isUnused } from "./folder-lock.ts";
import type { TrainingSettings } from "./models.ts";
import { restoreNames } from "./save-training.ts";
import { type Checkpoint, readCheckpoint } from "./training-folder.ts";
import type { TrainingRecord } from "./training-record.ts";

/** Writes the files of a finished model that are missing or differ, and returns their paths. */
export async function restoreFiles(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<string[]> {
  const differing: string[] = [];
  for (const [path, bytes] of Object.entries(files)) {
    const found = await readInside(folder, path, 2 ** 32).catch(() => undefined);
    if (!found || Buffer.compare(found, bytes) !== 0) differing.push(path);
  }
  await writeFiles(folder, Object.fromEntries(differing.map((path) => [path, files[path]])));
  return differing;
}

/** A folder that a training takes. */
interface FolderClaim {
  readonly folder: string;
  readonly force: boolean;
  readonly kind: TrainingRecord["kind"];
}

/**
 * The save in a folder that a training with these settings continues, if there is one.
 * @throws GenError `usage` when the folder holds something else.
 */
export async function claimFolder(
  { folder, force, kind }: FolderClaim,
  settings: TrainingSettings,
): Promise<Checkpoint | undefined> {
  await sweep(folder);
  if (force) return undefined;
  const refuse = (problem: string) =>
    usageError(`--out ${folder} ${problem}; choose another or pass --force`);
  const checkpoint = await readCheckpoint(folder);
  if (!checkpoint) {
    if (await isUnused(folder)) return undefined;
    throw refuse("is not empty and holds no training to continue");
  }
  await sweep(folder, { recursive: true });
  const { record } = checkpoint;
  // More steps continue the training.
  const isLonger = settings.steps > record.steps;
  const wanted = isLonger ? { ...settings, steps: record.settings.steps } : settings;
  if (record.kind !== kind) throw refuse(`holds a ${record.kind}, not a ${kind}`);
  if (differences(record.settings, wanted))
    throw refuse(`holds a ${kind}, ${differences(record.settings, settings)}`);
  await restoreNames(folder, checkpoint);
  return checkpoint;
}

/** `trained with steps 100 (now 200)`: the settings that differ, with both values. */
export function differences(before: object, now: object): string {
  const [old, given] = [flatten(before), flatten(now)];
  const differ = [...new Set([...old.keys(), ...given.keys()])]
    .filter((name) => old.get(name) !== given.get(name))
    .map((name) => `${name} ${old.get(name) ?? "unset"} (now ${given.get(name) ?? "unset"})`);
  return differ.length > 0 ? `trained with ${differ.join(", ")}` : "";
}

/** Settings by the names of their options; the settings of a VAE have the prefix `vae.`. */
function flatten(settings: object, prefix = ""): Map<string, string> {
  const entries = Object.entries(settings).flatMap(([name, value]): [string, string][] => {
    const option = prefix + name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    if (value === null || value === undefined) return [];
    if (typeof value !== "object" || Array.isArray(value))
      return [[option, typeof value === "string" ? value : JSON.stringify(value)]];
    return [...flatten(value, `${option}.`)];
  });
  return new Map(entries);
}
