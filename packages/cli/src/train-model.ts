import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  loadParameters,
  type Parameters,
  type SavedState,
  stateOf,
  type TrainingState,
  type TrainOptions,
  type TrainProgress,
  type TrainResult,
} from "@gen/nn";
import { Interrupted, UsageError } from "./errors.ts";
import { writableFolder } from "./files.ts";
import { progress } from "./progress.ts";
import {
  type History,
  readRecord,
  readState,
  type TrainingRecord,
  writeTraining,
} from "./training-folder.ts";

const saveEveryMs = 20_000;

/** A model to be trained in a folder of its own. */
export interface TrainingJob {
  readonly label: string;
  readonly kind: TrainingRecord["kind"];
  readonly folder: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly model: Parameters;
  readonly backend: string;
  readonly signal: AbortSignal;
  readonly force: boolean;
  /** Whether a finished model is taken as it is; otherwise it is refused. */
  readonly reuse: boolean;
  train(hooks: Pick<TrainOptions<unknown>, "resume" | "signal" | "onStep">): Promise<TrainResult>;
  /** The model's files with its present weights. */
  files(): Record<string, Uint8Array>;
}

/** A finished training. */
export interface Trained {
  readonly record: TrainingRecord;
  /** Whether nothing was left to do. */
  readonly reused: boolean;
}

/**
 * Trains a model, or goes on where its folder stopped; the folder can be used and resumed at any moment.
 * @throws UsageError when the folder holds something else; Interrupted after Ctrl-C, when all is saved.
 */
export async function trainModel(job: TrainingJob): Promise<Trained> {
  const { folder, steps, model, signal } = job;
  const before = await claimFolder(job);
  const resume = before && (await readState(folder, before.step));
  if (before && resume && before.step >= steps) {
    loadParameters(model, weightsOf(resume));
    return { record: before, reused: true };
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
  const save = async (state: TrainingState) => {
    loadParameters(model, weightsOf(state));
    await writeTraining(folder, record(state.step), state, job.files());
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
  const result = await job.train({ resume, signal, onStep });
  await save(result.state);
  if (result.step < steps) {
    shown.finish(`stopped at step ${result.step} of ${steps}; ${folder} can be used and resumed`);
    throw new Interrupted(
      `interrupted at step ${result.step} of ${steps}; ${folder} is saved, run the same command to go on`,
    );
  }
  shown.finish(`loss ${history.losses.loss?.at(-1)?.toPrecision(4)}`);
  return { record: record(steps), reused: false };
}

/** The averaged weights where there are any. */
function weightsOf(state: SavedState | TrainingState) {
  const averaged = stateOf(state as TrainingState, "ema");
  return Object.keys(averaged).length > 0 ? averaged : stateOf(state as TrainingState, "weights");
}

async function claimFolder(job: TrainingJob): Promise<TrainingRecord | undefined> {
  const { folder, force, reuse, settings, kind, steps } = job;
  await writableFolder(folder);
  if (force) {
    await rm(join(folder, "training"), { recursive: true, force: true });
    return undefined;
  }
  const found = await readRecord(folder);
  if (!found) {
    if ((await readdir(folder)).length === 0) return undefined;
    throw new UsageError(
      `--out ${folder} is not empty and holds no training to go on with; choose another or pass --force`,
    );
  }
  const differs = [...new Set([...Object.keys(settings), ...Object.keys(found.settings)])].filter(
    (name) => JSON.stringify(settings[name]) !== JSON.stringify(found.settings[name]),
  );
  if (found.kind !== kind || differs.length > 0) {
    throw new UsageError(
      `--out ${folder} holds a ${found.kind} trained with another ${differs.join(", ") || "kind"}; choose another or pass --force`,
    );
  }
  if (found.step >= steps && !reuse) {
    throw new UsageError(
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
