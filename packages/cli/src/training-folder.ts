import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readSafetensors, writeSafetensors } from "@gen/data";
import { stateFromTensors, stateTensors, type TrainingState, type Weights } from "@gen/nn";
import { usageError } from "./errors.ts";
import { type Files, parseJson, readBounded, writeFiles } from "./files.ts";

/** The readings of the losses: their steps, and values by name. */
export interface History {
  readonly steps: number[];
  readonly losses: Record<string, number[]>;
}

/** The content of `training/training.json`. */
export interface TrainingRecord {
  readonly kind: "vae" | "ddpm";
  /** Everything that decides the result. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly step: number;
  readonly steps: number;
  /** Seconds spent in training, all runs together. */
  readonly seconds: number;
  readonly backend: string;
  readonly history: History;
}

const recordPath = "training/training.json";
const statePath = "training/state.safetensors";
const recordLimit = 2 ** 26;
const stateLimit = 2 ** 32;

/** The record of a model folder, if it has one. @throws GenError `usage` when it is damaged. */
export async function readRecord(folder: string): Promise<TrainingRecord | undefined> {
  const path = join(folder, recordPath);
  const bytes = await readBounded(path, recordLimit);
  if (!bytes) return undefined;
  const record = parseJson<TrainingRecord | null>(bytes);
  const { step = -1, steps = -1, settings, history } = record ?? {};
  const areCounts = [step, steps].every((v) => Number.isInteger(v) && v >= 0);
  if (record && areCounts && settings && Array.isArray(history?.steps)) return record;
  throw usageError(`${path} is damaged; pass --force to train again`);
}

/** The state to resume from. @throws GenError `invalid-data` or `usage` when it is unusable. */
export async function readState(folder: string, step: number): Promise<TrainingState> {
  const path = join(folder, statePath);
  const bytes = await readBounded(path, stateLimit);
  if (!bytes) throw usageError(`${path} is missing; pass --force to train again`);
  const { tensors, metadata } = readSafetensors(bytes, { name: path, limit: stateLimit });
  const found = Number(metadata?.step);
  // The record is written last, so a state ahead of the record is complete.
  if (!(found >= step))
    throw usageError(
      `${path} is of step ${metadata?.step}, not ${step}; pass --force to train again`,
    );
  return stateFromTensors(found, tensors);
}

/** The averaged weights, or the plain ones of a training without an average. */
export const savedWeights = ({ ema, weights }: TrainingState): Weights => ema ?? weights;

/** The files of `gen` in a model folder; it leaves all others alone. */
const ownPaths = [
  "model_index.json",
  "scheduler/scheduler_config.json",
  "unet/model.onnx",
  "vae_encoder/model.onnx",
  "vae_decoder/model.onnx",
  "vae_decoder/config.json",
  "loss.png",
];

/** Removes a replaced training, and those of its model's files that are not in `files`. */
export async function dropTraining(folder: string, files: Files): Promise<void> {
  const stale = ownPaths.filter((path) => !Object.hasOwn(files, path));
  for (const path of [recordPath, statePath, ...stale]) {
    await rm(join(folder, path), { force: true });
    // Fails, as it should, where a folder is not empty.
    if (path.includes("/")) await rmdir(join(folder, dirname(path))).catch(() => undefined);
  }
}

/** Writes a model's files, its state, and last the record: the folder is usable at any moment. */
export async function writeTraining(
  folder: string,
  record: TrainingRecord,
  state: TrainingState,
  files: Files,
): Promise<void> {
  await writeFiles(folder, {
    ...files,
    [statePath]: writeSafetensors(stateTensors(state), { step: String(state.step) }),
    [recordPath]: `${JSON.stringify(record)}\n`,
  });
}
