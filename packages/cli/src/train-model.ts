import { errorCode, GenError } from "@gen/math";
import {
  type ModelTrainingOptions,
  type TrainingState,
  type TrainProgress,
  type TrainResult,
  type Weighted,
  withWeights,
} from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { isFullDisk, writeFiles } from "./atomic-files.ts";
import { errorLine, usageError } from "./errors.ts";
import { readInside, sweep } from "./files.ts";
import { confirmLock, isUnused } from "./folder-lock.ts";
import type { TrainingSettings } from "./models.ts";
import { averaging, isOpenEnded, learningRateOf, optimizerOf } from "./rates.ts";
import { restoreNames, writeTraining } from "./save-training.ts";
import { note, progress } from "./terminal.ts";
import { type Checkpoint, readCheckpoint, savedWeights } from "./training-folder.ts";
import type { History, TrainingRecord } from "./training-record.ts";

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
  /** Seconds between two saves. */
  readonly saveEvery: number;
  train(options: ModelTrainingOptions): Promise<TrainResult>;
  /** The files of a trained model. */
  files(model: Model): Record<string, Uint8Array>;
}

/** A finished training. */
export interface Trained<Model = unknown> {
  readonly record: TrainingRecord;
  /** Whether the model was finished before. */
  readonly reused: boolean;
  /** The files of a finished model that were missing or damaged and are written again. */
  readonly restored: readonly string[];
  readonly model: Model;
}

/**
 * Trains a model, or continues the training in its folder. The folder can be used at any time. The
 * caller has the folder's lock.
 * @throws GenError `usage` when the folder holds something else; `interrupted` after Ctrl-C, with
 * all work saved; `not-finite` when a loss or a weight is not finite, with the last save kept.
 */
export async function trainModel<Model extends Weighted>(
  job: TrainingJob<Model>,
): Promise<Trained<Model>> {
  const { folder, kind, signal, backend, saveEvery } = job;
  const { steps, batch: batchSize, accumulate, seed, ema: average = averaging } = job.settings;
  const settings = { ...job.settings, dataHash: job.dataHash };
  const checkpoint = await claimFolder(job, settings);
  const before = checkpoint?.record;
  const resume = checkpoint?.saved?.state;
  if (before && resume && before.step >= steps) {
    const model = withWeights(job.model, savedWeights(resume));
    const restored = await restoreFiles(folder, job.files(model));
    return { record: before, reused: true, restored, model };
  }
  if (before && resume && before.steps < steps) noteLonger(before, job.settings);
  if (before && !resume) note(`${folder} holds no saved step yet; the training starts at step 0`);
  const first = resume?.step ?? 0;
  const history: History = before?.history ?? { steps: [], losses: {} };
  const logEvery = Math.max(10, Math.ceil(steps / 20_000));
  truncate(history, first, logEvery);
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
  let savedStep = first;
  const save = async (state: TrainingState) => {
    const model = withWeights(job.model, savedWeights(state));
    const isNew = await confirmLock(folder);
    const isFirst = savedStep === 0 || isNew;
    await writeTraining(folder, record(state.step), state, job.files(model), isFirst).catch(
      (error) => {
        throw error instanceof GenError ? error : unsaved(error, folder, savedStep);
      },
    );
    savedStep = state.step;
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
    if (performance.now() - saved < 1000 * saveEvery || step === steps) return;
    await save(await checkpoint());
    saved = performance.now();
  };
  const { training } = await job
    .train({
      backend,
      steps,
      batchSize,
      accumulate,
      seed,
      ema: average > 0 ? average : undefined,
      optimizer: optimizerOf(job.settings),
      resume,
      signal,
      onStep,
      // At most 20,000 readings of the loss, so that the record of a long training stays small.
      logEvery,
    })
    .catch((error) => {
      throw errorCode(error) === "not-finite" ? notFinite(error, folder, savedStep) : error;
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
  return { record: record(steps), reused: false, restored: [], model };
}

/** Says what more steps than before mean for a rate that falls until the last step. */
function noteLonger(before: TrainingRecord, settings: TrainingSettings): void {
  if (isOpenEnded(settings)) return;
  const { step } = before;
  const [old, now] = [{ ...settings, steps: before.steps }, settings].map((each) =>
    learningRateOf(each)(step).toPrecision(2),
  );
  note(
    `the learning rate falls over ${settings.steps} steps now instead of ${before.steps}: at step ${step} it is ${now} instead of ${old}; with --rate-decay constant or step a longer training is exactly one of that length`,
  );
}

const keptSave = (folder: string, step: number): string =>
  step > 0 ? `the save of step ${step} in ${folder} is kept` : "no step was saved before";

/** The error of a save that cannot be written. */
function unsaved(cause: NodeJS.ErrnoException, folder: string, step: number): Error {
  const when = isFullDisk(cause) ? "once there is room" : "once the folder can be written";
  const advice = `${keptSave(folder, step)}, and the same command continues ${when}`;
  return Object.assign(new Error(`${cause.message}; ${advice}`, { cause }), { code: cause.code });
}

/** The error of a training that diverged, with advice in the flags of `gen train`. */
const notFinite = (error: Error, folder: string, step: number): GenError =>
  new GenError(
    "not-finite",
    `${errorLine(error.cause ?? error)}; ${keptSave(folder, step)}; a smaller --learning-rate into another --out may help`,
    { cause: error },
  );

/** Writes the files of a finished model that are missing or differ, and returns their paths. */
async function restoreFiles(
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

async function claimFolder<Model extends Weighted>(
  { folder, force, kind }: TrainingJob<Model>,
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
  const isSame = record.kind === kind && !differences(record.settings, wanted);
  const differs = isSame
    ? ""
    : record.kind === kind
      ? differences(record.settings, settings)
      : `not a ${kind}`;
  if (differs) throw refuse(`holds a ${record.kind}, ${differs}`);
  await restoreNames(folder, checkpoint);
  return checkpoint;
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

/** Drops the readings after `step`, and one at `step` that only Ctrl-C caused. */
function truncate(history: History, step: number, logEvery: number): void {
  const isKept = (s: number) => s < step || (s === step && s % logEvery === 0);
  const kept = history.steps.filter(isKept).length;
  history.steps.length = kept;
  for (const values of Object.values(history.losses)) values.length = kept;
}
