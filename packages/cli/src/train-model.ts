import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { GenError } from "@gen/math";
import {
  type ModelTrainingOptions,
  type TrainingState,
  type TrainProgress,
  type TrainResult,
  type Weighted,
  withWeights,
} from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { usageError } from "./errors.ts";
import { checkWritable, type Files, sweep, writeFiles } from "./files.ts";
import { learningRateOf, type TrainingSettings } from "./models.ts";
import { progress } from "./terminal.ts";
import {
  dropTraining,
  type History,
  readRecord,
  readState,
  savedWeights,
  type TrainingRecord,
  writeTraining,
} from "./training-folder.ts";

const saveEveryMs = 20_000;
const averaging = 0.999;

/** A model to be trained in a folder of its own. */
export interface TrainingJob<Model extends Weighted = Weighted> {
  readonly label: string;
  readonly kind: TrainingRecord["kind"];
  readonly folder: string;
  readonly settings: TrainingSettings;
  /** Identifies the content of a data file, which may change under the same name. */
  readonly dataHash?: string;
  readonly model: Model;
  readonly backend: Backend;
  readonly signal: AbortSignal;
  readonly force: boolean;
  /** Whether a finished model is used as it is; otherwise it is refused. */
  readonly reuse: boolean;
  train(options: ModelTrainingOptions): Promise<TrainResult>;
  /** The files of a trained model. */
  files(model: Model): Record<string, Uint8Array>;
}

/** A finished training. */
export interface Trained<Model = unknown> {
  readonly record: TrainingRecord;
  /** Whether the model was finished before. */
  readonly reused: boolean;
  readonly model: Model;
}

/**
 * Trains a model, or continues the training in its folder. The folder can be used at any time.
 * @throws GenError `usage` when the folder holds something else; `interrupted` after Ctrl-C, with
 * all work saved.
 */
export async function trainModel<Model extends Weighted>(
  job: TrainingJob<Model>,
): Promise<Trained<Model>> {
  const { folder, kind, signal, backend } = job;
  const { steps, batch: batchSize, seed } = job.settings;
  const settings = { ...job.settings, dataHash: job.dataHash };
  const before = await claimFolder(job, settings);
  const resume = before && (await readState(folder, before.step));
  if (before && resume && before.step >= steps) {
    const model = withWeights(job.model, savedWeights(resume));
    await restoreFiles(folder, job.files(model));
    return { record: before, reused: true, model };
  }
  const first = resume?.step ?? 0;
  const history: History = before?.history ?? { steps: [], losses: {} };
  truncate(history, first);
  const started = performance.now();
  const record = (step: number): TrainingRecord => ({
    kind,
    settings,
    step,
    steps,
    seconds: (before?.seconds ?? 0) + (performance.now() - started) / 1000,
    backend: backend.name,
    history,
  });
  let replaced = before !== undefined;
  const save = async (state: TrainingState) => {
    const model = withWeights(job.model, savedWeights(state));
    const files = job.files(model);
    if (!replaced) await dropTraining(folder, files);
    replaced = true;
    await writeTraining(folder, record(state.step), state, files);
    return model;
  };
  const line = progress(resume ? `${job.label} (resumed at step ${first})` : job.label);
  let saved = performance.now();
  const onStep = async ({ step, losses, checkpoint }: TrainProgress) => {
    history.steps.push(step);
    for (const [name, value] of Object.entries(losses)) {
      history.losses[name] ??= [];
      history.losses[name].push(value);
    }
    line.update(step - first, steps - first, `loss ${losses.loss.toPrecision(4)}`);
    if (performance.now() - saved < saveEveryMs || step === steps) return;
    await save(await checkpoint());
    saved = performance.now();
  };
  const { training } = await job.train({
    backend,
    steps,
    batchSize,
    seed,
    ema: averaging,
    learningRate: learningRateOf(job.settings),
    resume,
    signal,
    onStep,
    // At most 20,000 readings of the loss, so that the record of a long training stays small.
    logEvery: Math.max(10, Math.ceil(steps / 20_000)),
  });
  const model = await save(training.state);
  if (training.step < steps) {
    const stop = `at step ${training.step} of ${steps}; ${folder}`;
    line.finish(`stopped ${stop} can be used and resumed`);
    throw new GenError(
      "interrupted",
      `interrupted ${stop} is saved, run the same command to continue`,
    );
  }
  line.finish(`loss ${history.losses.loss?.at(-1)?.toPrecision(4)}`);
  return { record: record(steps), reused: false, model };
}

/** Writes the missing files of a finished model. */
async function restoreFiles(folder: string, files: Files): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    const existing = await stat(join(folder, path)).catch(() => undefined);
    if (!existing?.isFile()) await writeFiles(folder, { [path]: bytes });
  }
}

async function claimFolder<Model extends Weighted>(
  { folder, force, reuse, kind }: TrainingJob<Model>,
  settings: TrainingSettings,
): Promise<TrainingRecord | undefined> {
  await checkWritable(folder);
  await sweep(folder);
  if (force) return undefined;
  const refuse = (problem: string) =>
    usageError(`--out ${folder} ${problem}; choose another or pass --force`);
  const record = await readRecord(folder);
  if (!record) {
    if ((await readdir(folder).catch(() => [])).length === 0) return undefined;
    throw refuse("is not empty and holds no training to continue");
  }
  await sweep(folder, true);
  const differs = record.kind === kind ? differences(record.settings, settings) : `not a ${kind}`;
  if (differs) throw refuse(`holds a ${record.kind}, ${differs}`);
  if (record.step >= settings.steps && !reuse) {
    throw refuse(`holds this model already, trained to step ${record.step}`);
  }
  return record;
}

/** `trained with steps 100 (now 200)`: the settings that differ, with both values. */
function differences(before: object, now: object): string {
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

/** Drops the readings after `step`, the step of the saved state. */
function truncate(history: History, step: number): void {
  const kept = history.steps.filter((s) => s <= step).length;
  history.steps.length = kept;
  for (const values of Object.values(history.losses)) values.length = kept;
}
