import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readSafetensors, writeSafetensors } from "@gen/data";
import { stateFromTensors, stateTensors, type TrainingState, type Weights } from "@gen/nn";
import { usageError } from "./errors.ts";
import { readBounded, writeWhole } from "./files.ts";

/** Loss curves as they were read: steps, and values by name. */
export interface History {
  readonly steps: number[];
  readonly losses: Record<string, number[]>;
}

/** What `training/training.json` says of a model's training. */
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

/** The record of a model folder, or undefined where there is none. @throws GenError `usage` when it is damaged. */
export async function readRecord(folder: string): Promise<TrainingRecord | undefined> {
  const path = join(folder, recordPath);
  const bytes = await readBounded(path, recordLimit);
  if (!bytes) return undefined;
  try {
    const record = JSON.parse(new TextDecoder().decode(bytes)) as TrainingRecord;
    const whole = [record.step, record.steps].every((v) => Number.isInteger(v) && v >= 0);
    if (whole && record.settings && Array.isArray(record.history?.steps)) return record;
  } catch {
    // Falls through to the same error as a record of the wrong form.
  }
  throw usageError(`${path} is damaged; pass --force to train anew`);
}

/** The state to go on from. @throws GenError `invalid-data` or `usage` when it is missing or damaged. */
export async function readState(folder: string, step: number): Promise<TrainingState> {
  const path = join(folder, statePath);
  const bytes = await readBounded(path, stateLimit);
  if (!bytes) throw usageError(`${path} is missing; pass --force to train anew`);
  const { tensors, metadata } = readSafetensors(bytes, { name: path, limit: stateLimit });
  const found = Number(metadata?.step);
  // The record is written last: state that is ahead of it is whole, and goes on from its own step.
  if (!(found >= step))
    throw usageError(
      `${path} is of step ${metadata?.step}, not ${step}; pass --force to train anew`,
    );
  return stateFromTensors(found, tensors);
}

/** The averaged weights where there are any. */
export const savedWeights = ({ ema, weights }: TrainingState): Weights => ema ?? weights;

/** The folders and files that a model folder may hold; anything else in it is not ours. */
const ownPaths = [
  "model_index.json",
  "scheduler/scheduler_config.json",
  "unet/model.onnx",
  "vae_encoder/model.onnx",
  "vae_decoder/model.onnx",
  "vae_decoder/config.json",
  "loss.png",
];

/** Forgets a training that another one replaces, and those of its files that the other will not write. */
export async function dropTraining(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const stale = ownPaths.filter((path) => !Object.hasOwn(files, path));
  for (const path of [recordPath, statePath, ...stale]) {
    await rm(join(folder, path), { force: true });
    // Only where nothing else is in it.
    if (path.includes("/")) await rmdir(join(folder, dirname(path))).catch(() => undefined);
  }
}

/** Writes a model's files, then its state, then the record: at any moment the folder can be used and resumed. */
export async function writeTraining(
  folder: string,
  record: TrainingRecord,
  state: TrainingState,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) await writeWhole(join(folder, path), bytes);
  const bytes = writeSafetensors(stateTensors(state), { step: String(state.step) });
  await writeWhole(join(folder, statePath), bytes);
  await writeWhole(join(folder, recordPath), `${JSON.stringify(record)}\n`);
}
