import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { GenError } from "@gen/math";
import {
  type TrainingState,
  type TrainOptions,
  type TrainProgress,
  type TrainResult,
  type Weighted,
  withWeights,
} from "@gen/nn";
import { usageError } from "./errors.ts";
import { sweep, writableFolder, writeWhole } from "./files.ts";
import { progress } from "./progress.ts";
import { differences } from "./settings-differences.ts";
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
// Long trainings read their losses less often, so that the record of them stays small.
const mostReadings = 20_000;
const readEvery = 10;

/** A model to be trained in a folder of its own. */
export interface TrainingJob<Model extends Weighted = Weighted> {
  readonly label: string;
  readonly kind: TrainingRecord["kind"];
  readonly folder: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly model: Model;
  readonly backend: string;
  readonly signal: AbortSignal;
  readonly force: boolean;
  /** Whether a finished model is taken as it is; otherwise it is refused. */
  readonly reuse: boolean;
  train(
    hooks: Pick<TrainOptions<unknown>, "resume" | "signal" | "onStep" | "logEvery">,
  ): Promise<TrainResult>;
  /** The files of a model that has learned. */
  files(model: Model): Record<string, Uint8Array>;
}

/** A finished training. */
export interface Trained<Model = unknown> {
  readonly record: TrainingRecord;
  /** Whether nothing was left to do. */
  readonly reused: boolean;
  readonly model: Model;
}

/**
 * Trains a model, or goes on where its folder stopped; the folder can be used and resumed at any moment.
 * @throws GenError `usage` when the folder holds something else; `interrupted` after Ctrl-C, when all is saved.
 */
export async function trainModel<Model extends Weighted>(
  job: TrainingJob<Model>,
): Promise<Trained<Model>> {
  const { folder, steps, signal } = job;
  const before = await claimFolder(job);
  const resume = before && (await readState(folder, before.step));
  if (before && resume && before.step >= steps) {
    const model = withWeights(job.model, savedWeights(resume));
    await restoreFiles(folder, job.files(model));
    return { record: before, reused: true, model };
  }
  const history: History = before?.history ?? { steps: [], losses: {} };
  truncate(history, resume?.step ?? 0);
  const started = performance.now();
  const record = (step: number): TrainingRecord => ({
    kind: job.kind,
    settings: job.settings,
    step,
    steps,
    seconds: (before?.seconds ?? 0) + (performance.now() - started) / 1000,
    backend: job.backend,
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
  const shown = progress(resume ? `${job.label} (resumed at step ${resume.step})` : job.label);
  let saved = performance.now();
  const onStep = async (at: TrainProgress) => {
    history.steps.push(at.step);
    for (const [name, value] of Object.entries(at.losses)) {
      history.losses[name] ??= [];
      history.losses[name].push(value);
    }
    shown.update(
      at.step - (resume?.step ?? 0),
      steps - (resume?.step ?? 0),
      `loss ${at.losses.loss.toPrecision(4)}`,
    );
    if (performance.now() - saved < saveEveryMs || at.step === steps) return;
    await save(await at.checkpoint());
    saved = performance.now();
  };
  const logEvery = Math.max(readEvery, Math.ceil(steps / mostReadings));
  const { training } = await job.train({ resume, signal, onStep, logEvery });
  const model = await save(training.state);
  if (training.step < steps) {
    shown.finish(`stopped at step ${training.step} of ${steps}; ${folder} can be used and resumed`);
    throw new GenError(
      "interrupted",
      `interrupted at step ${training.step} of ${steps}; ${folder} is saved, run the same command to go on`,
    );
  }
  shown.finish(`loss ${history.losses.loss?.at(-1)?.toPrecision(4)}`);
  return { record: record(steps), reused: false, model };
}

/** Writes those files of a finished model that are not there any more. */
async function restoreFiles(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    const there = await stat(join(folder, path)).catch(() => undefined);
    if (!there?.isFile()) await writeWhole(join(folder, path), bytes);
  }
}

async function claimFolder<Model extends Weighted>(
  job: TrainingJob<Model>,
): Promise<TrainingRecord | undefined> {
  const { folder, force, reuse, settings, kind, steps } = job;
  await writableFolder(folder);
  await sweep(folder, false);
  if (force) return undefined;
  const found = await readRecord(folder);
  if (!found) {
    if ((await readdir(folder).catch(() => [])).length === 0) return undefined;
    throw usageError(
      `--out ${folder} is not empty and holds no training to go on with; choose another or pass --force`,
    );
  }
  await sweep(folder, true);
  const differs = found.kind === kind ? differences(found.settings, settings) : `not a ${kind}`;
  if (differs) {
    throw usageError(
      `--out ${folder} holds a ${found.kind}, ${differs}; choose another or pass --force`,
    );
  }
  if (found.step >= steps && !reuse) {
    throw usageError(
      `--out ${folder} holds this model already, trained to step ${found.step}; choose another or pass --force`,
    );
  }
  return found;
}

/** Drops what was read after the state that training goes on from. */
function truncate(history: History, step: number): void {
  const kept = history.steps.filter((s) => s <= step).length;
  history.steps.length = kept;
  for (const values of Object.values(history.losses)) values.length = kept;
}
