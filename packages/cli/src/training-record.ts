/*
 * The record of a save, `training.json`: a training's settings, its step and its losses. A record
 * is read field by field, so that a changed file is an error that names the field.
 */
import { createHash } from "node:crypto";
import { usageError } from "./errors.ts";
import { parseJson } from "./files.ts";
import { scheduleNames } from "./names.ts";
import type { History } from "./training-history.ts";

/** A record: what is trained, and how far it is. */
export interface TrainingRecord {
  readonly kind: "vae" | "ddpm" | "classifier";
  /** Everything that decides the weights: data, network, batch, seed, ... */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly step: number;
  readonly steps: number;
  /** Seconds of training in all runs. */
  readonly seconds: number;
  readonly backend: string;
  readonly history: History;
  /** The state's file. Missing before the first save. */
  readonly state?: { readonly bytes: number; readonly sha256: string };
}

/** The SHA-256 of bytes or of a text, in hexadecimal. */
export const hashOf = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

/** A record as the text of its file, with its own hash as the last field. */
export function recordText(record: TrainingRecord): string {
  const text = JSON.stringify(record);
  return `${text.slice(0, -1)},"sha256":"${hashOf(text)}"}\n`;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isText = (value: unknown) => typeof value === "string";
const isSeconds = (value: unknown) => Number.isFinite(value) && (value as number) >= 0;
const isArrayOf = (isItem: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(isItem);

type Rule = readonly [field: string, allowed: string, isAllowed: (value: unknown) => boolean];

const rules: readonly Rule[] = [
  [
    "kind",
    "vae, ddpm or classifier",
    (value) => ["vae", "ddpm", "classifier"].includes(String(value)),
  ],
  ["settings", "an object", isObject],
  ["step", "a whole number of at least 0", isCount],
  ["steps", "a whole number of at least 0", isCount],
  ["seconds", "a number of at least 0", isSeconds],
  ["backend", "a text", isText],
  ["history", "an object", isObject],
  ["history.steps", "an array of whole numbers", isArrayOf(isCount)],
  ["history.losses", "an object", isObject],
];
const heldOutRules: readonly Rule[] = [
  ["history.heldOut", "an object", isObject],
  ["history.heldOut.steps", "an array of whole numbers", isArrayOf(isCount)],
];
const stateRules: readonly Rule[] = [
  ["state", "an object", isObject],
  ["state.bytes", "a whole number of at least 0", isCount],
  ["state.sha256", "a text", isText],
];

const isSize = (most: number) => (value: unknown) =>
  isCount(value) && (value as number) >= 1 && (value as number) <= most;
/** Settings that a VAE or a classifier is built from again. */
const builtRules: readonly Rule[] = [
  ["settings.data", "a text", isText],
  ["settings.shape", "an array of sizes", isArrayOf(isSize(65_536))],
  ["settings.width", "a whole number in [1, 8192]", isSize(8192)],
  ["settings.seed", "a whole number of at least 0", isCount],
];
const vaeRules: readonly Rule[] = [
  ...builtRules,
  [
    "settings.network",
    "mlp, conv or residual",
    (value) => ["mlp", "conv", "residual"].includes(String(value)),
  ],
  ["settings.latent", "a whole number in [1, 4096]", isSize(4096)],
];

const optional =
  (isAllowed: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isAllowed(value);
const isClassList = (value: unknown) =>
  isArrayOf(isText)(value) && (value as unknown[]).length <= 65_536;
const areLevels = (levels: readonly number[]) =>
  levels.length >= 1 &&
  levels.length <= 16 &&
  levels.every((level) => level >= 2) &&
  levels.reduce((a, b) => a * b, 1) <= 65_536;
const vaeOptions: readonly Rule[] = [
  ["settings.likelihood", "a text", optional(isText)],
  ["settings.pseudoInputs", "a whole number in [1, 4096]", optional(isSize(4096))],
  ["settings.codes", "a whole number in [2, 65536]", optional(isSize(65_536))],
  [
    "settings.levels",
    "a list of at most 16 numbers, whose product is at most 65536",
    optional((value) => isArrayOf(isSize(65_536))(value) && areLevels(value as number[])),
  ],
  ["settings.classes", "a list of at most 65536 names", optional(isClassList)],
];
const isNoise = (value: unknown) =>
  isObject(value) &&
  scheduleNames.some((name) => name === value.schedule) &&
  isSize(100_000)(value.timesteps);
const classifierRules: readonly Rule[] = [
  ...builtRules,
  ["settings.classes", "a list of at most 65536 names", isClassList],
  ["settings.noise", "a schedule and its timesteps", optional(isNoise)],
];

/**
 * Reads a record. `isIntact` tells whether the record is the one that was written; a record without
 * its hash is taken as it is.
 * @throws GenError `usage` naming the file, and the field whose value is not allowed.
 */
export function parseRecord(
  path: string,
  bytes: Uint8Array,
): { readonly record: TrainingRecord; readonly isIntact: boolean } {
  const parsed = parseJson<unknown>(bytes);
  if (!isObject(parsed)) throw usageError(`${path} is damaged`);
  const { sha256, ...fields } = parsed;
  const requireRule = ([field, allowed, isAllowed]: Rule) => {
    const value = valueAt(fields, field);
    if (!isAllowed(value)) throw fieldError(path, field, allowed, value);
  };
  rules.forEach(requireRule);
  if (fields.kind === "vae") [...vaeRules, ...vaeOptions].forEach(requireRule);
  if (fields.kind === "classifier") classifierRules.forEach(requireRule);
  if (fields.state !== undefined) stateRules.forEach(requireRule);
  const record = fields as unknown as TrainingRecord;
  const { steps, losses, heldOut } = record.history;
  const isReadings = isArrayOf(Number.isFinite);
  if (heldOut !== undefined) {
    heldOutRules.forEach(requireRule);
    const count = heldOut.steps.length;
    if (!isReadings(heldOut.losses) || heldOut.losses.length !== count)
      throw fieldError(
        path,
        "history.heldOut.losses",
        `an array of ${count} numbers`,
        heldOut.losses,
      );
  }
  for (const [name, values] of Object.entries<unknown>(losses)) {
    if (isReadings(values) && (values as number[]).length === steps.length) continue;
    throw fieldError(path, `history.losses.${name}`, `an array of ${steps.length} numbers`, values);
  }
  if (steps.length > 0 && !Object.hasOwn(losses, "loss"))
    throw fieldError(path, "history.losses.loss", `an array of ${steps.length} numbers`, undefined);
  return { record, isIntact: sha256 === undefined || sha256 === hashOf(JSON.stringify(record)) };
}

/** The value of a field such as `history.steps`. */
const valueAt = (fields: Record<string, unknown>, field: string): unknown =>
  field.split(".").reduce<unknown>((value, name) => {
    return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }, fields);

function fieldError(path: string, field: string, allowed: string, value: unknown): Error {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  const name = field.length > 80 ? `${field.slice(0, 80)}...` : field;
  return usageError(`${path} is damaged: ${name} must be ${allowed}, got ${shown}`);
}

/** The last reading of each loss. */
export const lastLosses = ({ losses }: History): Record<string, number> =>
  Object.fromEntries(
    Object.entries(losses).map(([name, values]) => [name, values.at(-1) as number]),
  );
