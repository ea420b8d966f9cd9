import { rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeSafetensors } from "@gen/data";
import { stateTensors, type TrainingState } from "@gen/nn";
import { type Files, refuseLinks, stageFiles, writeFiles } from "./atomic-files.ts";
import { type Checkpoint, paths } from "./training-folder.ts";
import { hashOf, recordText, type TrainingRecord } from "./training-record.ts";

/** A model's files in the folder `best/`, which holds the best model by the held-out share. */
export const inBest = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`best/${path}`, bytes]));

/** The low-rank changes of a training with --lora. */
export const LORA_FILE = "lora.safetensors";

const modelPaths = [
  "scheduler/scheduler_config.json",
  "unet/model.onnx",
  "vae_encoder/model.onnx",
  "vae_decoder/model.onnx",
  "vae_decoder/config.json",
  "model_index.json",
  LORA_FILE,
  "classifier/model.onnx",
  "features.onnx",
];

/** The files of `gen` in a model folder; it leaves all others alone. */
const ownPaths = [...modelPaths, ...modelPaths.map((path) => `best/${path}`), "loss.png"];

/** Removes a replaced training, and those of its model's files that are not in `files`. */
export async function dropTraining(folder: string, files: Files): Promise<void> {
  const all = [...Object.values(paths), ...ownPaths];
  for (const path of all.filter((path) => !Object.hasOwn(files, path))) {
    await refuseLinks(dirname(join(folder, path)));
    await rm(join(folder, path), { force: true });
    // Fails, as it should, where a folder is not empty.
    if (path.includes("/")) await rmdir(join(folder, dirname(path))).catch(() => undefined);
  }
}

/** Renames a file, if it exists. */
const moveAside = (from: string, to: string): Promise<void> =>
  rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });

/** Gives the files of a save the names of the newest save, under which the next save expects them. */
export async function restoreNames(
  folder: string,
  { saved, recordPath }: Checkpoint,
): Promise<void> {
  if (saved?.path === paths.previousState)
    await rename(join(folder, saved.path), join(folder, paths.state));
  if (recordPath === paths.previousRecord)
    await rename(join(folder, recordPath), join(folder, paths.record));
}

/**
 * Saves a training: its model's files, its state, and last its record. The save before stays in the
 * folder.
 *
 * The first save of a training replaces what the folder held. It begins with a record of step 0, so
 * that the folder of a process that ends within the save can be trained further.
 * @throws Error with the path, the bytes wanted and the bytes free when the disk is full; the folder
 * is as it was then.
 */
export async function writeTraining(
  folder: string,
  record: TrainingRecord,
  state: TrainingState,
  files: Files,
  isFirst: boolean,
): Promise<void> {
  const bytes = writeSafetensors(stateTensors(state), { step: String(state.step) });
  const saved = { ...record, state: { bytes: bytes.length, sha256: hashOf(bytes) } };
  const last = { [paths.state]: bytes, [paths.record]: recordText(saved) };
  const staged = await stageFiles(folder, { ...files, ...last });
  try {
    if (isFirst) {
      const history = { steps: [], losses: {} };
      const start = { ...record, step: 0, seconds: 0, history };
      await writeFiles(folder, { [paths.record]: recordText(start) });
      await dropTraining(folder, { ...files, [paths.record]: "" });
    }
    for (const path of Object.keys(files)) await staged.commit(path);
    if (!isFirst) await moveAside(join(folder, paths.state), join(folder, paths.previousState));
    await staged.commit(paths.state);
    if (!isFirst) await moveAside(join(folder, paths.record), join(folder, paths.previousRecord));
    await staged.commit(paths.record);
  } finally {
    await staged.discard();
  }
}
