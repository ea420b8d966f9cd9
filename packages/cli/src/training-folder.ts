/*
 * The saves of a training in `training/` of its folder: the newest one, and the one before it.
 *
 *   training.json   state.safetensors      the record and the state of the newest save
 *   previous.json   previous.safetensors   those of the save before
 *
 * A record holds the SHA-256 of its state and of itself. A save writes all its files beside the old
 * ones, and then renames them: the model's files, the old state, the state, the old record, the
 * record. A record and its state exist at any moment, though the state may already have the other
 * name, so a state is found by its hash.
 */
import { join } from "node:path";
import { readSafetensors } from "@gen/data";
import {
  stateFromTensors,
  type TrainingState,
  type Weighted,
  type Weights,
  withWeights,
} from "@gen/nn";
import { errorLine, usageError } from "./errors.ts";
import { readInside } from "./files.ts";
import { note } from "./terminal.ts";
import { hashOf, parseRecord, type TrainingRecord } from "./training-record.ts";

/** A save that training continues from, and the names of its files. */
export interface Checkpoint {
  readonly record: TrainingRecord;
  readonly recordPath: string;
  /** Missing before the first save. */
  readonly saved?: { readonly path: string; readonly state: TrainingState };
}

/** The files of the newest save and of the one before. */
export const paths = {
  record: "training/training.json",
  state: "training/state.safetensors",
  previousRecord: "training/previous.json",
  previousState: "training/previous.safetensors",
} as const;

const recordLimit = 2 ** 26;
const stateLimit = 2 ** 32;

/** Reads the state of a record, under either of its names. @throws GenError when it is unusable. */
async function readState(folder: string, record: TrainingRecord) {
  let fault: unknown;
  for (const path of [paths.state, paths.previousState]) {
    try {
      return { path, state: await readStateFile(folder, path, record) };
    } catch (error) {
      fault ??= error;
    }
  }
  throw fault;
}

async function readStateFile(folder: string, path: string, { step, state }: TrainingRecord) {
  const name = join(folder, path);
  const bytes = await readInside(folder, path, stateLimit);
  if (!bytes) throw usageError(`${name} is missing`);
  if (state && bytes.length < state.bytes)
    throw usageError(`${name}: truncated: ${bytes.length} of ${state.bytes} bytes`);
  if (state && state.sha256 !== hashOf(bytes))
    throw usageError(`${name} is damaged: its SHA-256 is not the one of its record`);
  const { tensors, metadata } = readSafetensors(bytes, { name, limit: stateLimit });
  const found = Number(metadata?.step);
  // The record is written last, so a state ahead of a record without a hash is complete.
  if (found >= step) return stateFromTensors(found, tensors);
  throw usageError(`${name} is of step ${metadata?.step}, not ${step}`);
}

async function readSave(folder: string, path: string): Promise<Checkpoint | undefined> {
  const bytes = await readInside(folder, path, recordLimit);
  if (!bytes) return undefined;
  const { record, isIntact } = parseRecord(join(folder, path), bytes);
  const hasState = record.state !== undefined || record.step > 0;
  const saved = hasState ? await readState(folder, record) : undefined;
  if (!isIntact)
    throw usageError(`${join(folder, path)} is damaged: its SHA-256 is not the one it holds`);
  return { record, recordPath: path, saved };
}

/**
 * The newest intact save of a model folder, if it has one. Says on stderr when a newer save is
 * damaged.
 * @throws GenError `usage` naming the damaged files when no save is intact.
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  let newest = `${join(folder, paths.record)} is missing`;
  let damaged = 0;
  for (const path of [paths.record, paths.previousRecord]) {
    try {
      const found = await readSave(folder, path);
      if (!found) continue;
      if (path !== paths.record)
        note(`${newest}; the save before it, of step ${found.record.step}, is used`);
      return found;
    } catch (error) {
      if (path === paths.record) newest = errorLine(error);
      damaged++;
    }
  }
  if (damaged === 0) return undefined;
  const also = damaged === 2 ? ", and the save before it is damaged too" : "";
  throw usageError(`${newest}${also}; pass --force to train again`);
}

/** The averaged weights, or the plain ones of a training without an average. */
export const savedWeights = ({ ema, weights }: TrainingState): Weights => ema ?? weights;

/**
 * A model with the weights of a save. What was trained beside the model, such as a discriminator, is left out.
 * @throws RangeError when a weight is missing or of another shape.
 */
export function withSaved<Model extends Weighted>(model: Model, state: TrainingState): Model {
  const saved = savedWeights(state);
  const own = model.parameters.map(({ name }) => name).filter((name) => Object.hasOwn(saved, name));
  return withWeights(model, Object.fromEntries(own.map((name) => [name, saved[name]])));
}
