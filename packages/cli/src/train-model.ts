import { type Raster, writePng } from "@gen/data";
import { errorCode, GenError } from "@gen/math";
import type {
  ModelTrainingOptions,
  TrainingState,
  TrainProgress,
  TrainResult,
  Weighted,
} from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { type Files, isFullDisk } from "./atomic-files.ts";
import { claimFolder, restoreFiles } from "./claim-folder.ts";
import { errorLine } from "./errors.ts";
import { confirmLock } from "./folder-lock.ts";
import type { TrainingSettings } from "./models.ts";
import { averaging, isOpenEnded, learningRateOf, optimizerOf } from "./rates.ts";
import { inBest, writeTraining } from "./save-training.ts";
import { note, progress, rounded } from "./terminal.ts";
import { withSaved } from "./training-folder.ts";
import {
  addHeldOut,
  bestOf,
  type History,
  isDue,
  isEarly,
  truncate,
  type Validation,
} from "./training-history.ts";
import { type LogKind, openLogs } from "./training-log.ts";
import type { TrainingRecord } from "./training-record.ts";

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
  /** Measures a held-out share of the data. @defaultValue none */
  readonly validation?: Validation<Model>;
  /** Draws samples every so often. @defaultValue never */
  readonly sheet?: { readonly every: number; draw(model: Model): Promise<Raster> };
  /** @defaultValue none */
  readonly logs?: readonly LogKind[];
  /** Seconds after which a run ends with what it has. @defaultValue none */
  readonly timeLimit?: number;
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
  const { folder, kind, signal, backend, saveEvery, validation, sheet, timeLimit = Infinity } = job;
  const { steps, batch: batchSize, accumulate, seed, ema: average = averaging } = job.settings;
  const settings = { ...job.settings, dataHash: job.dataHash };
  const checkpoint = await claimFolder(job, settings);
  const before = checkpoint?.record;
  const resume = checkpoint?.saved?.state;
  // At most 20,000 readings of the loss, so that the record of a long training stays small.
  const logEvery = Math.max(10, Math.ceil(steps / 20_000));
  const isDone = (history: History) => isEarly(history, validation, logEvery);
  if (before && resume && (before.step >= steps || isDone(before.history))) {
    const model = withSaved(job.model, resume);
    const restored = await restoreFiles(folder, job.files(model));
    return { record: before, reused: true, restored, model };
  }
  if (before && resume && before.steps < steps) noteLonger(before, job.settings);
  if (before && !resume) note(`${folder} holds no saved step yet; the training starts at step 0`);
  const first = resume?.step ?? 0;
  const history: History = before?.history ?? { steps: [], losses: {} };
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
  // Logs and sheets of a step are written before its record, so that no kill comes between them.
  const save = async (state: TrainingState, model: Model, isBest = false, sheets: Files = {}) => {
    const isNew = await confirmLock(folder);
    const isFirst = savedStep === 0 || isNew;
    const own = job.files(model);
    const logs = isFirst ? log.take() : {};
    const files = { ...own, ...(isBest && inBest(own)), ...sheets, ...logs };
    try {
      await log.flush();
      await writeTraining(folder, record(state.step), state, files, isFirst);
    } catch (error) {
      const isOwn = error instanceof GenError;
      throw isOwn ? error : unsaved(error as NodeJS.ErrnoException, folder, savedStep);
    }
    savedStep = state.step;
  };
  const modelOf = (state: TrainingState) => withSaved(job.model, state);
  const log = await openLogs(folder, job.logs ?? [], first);
  const rate = learningRateOf(job.settings);
  const line = progress(resume ? `${job.label} (resumed at step ${first})` : job.label);
  let saved = performance.now();
  const onStep = async ({ step, losses, checkpoint }: TrainProgress) => {
    history.steps.push(step);
    for (const [name, value] of Object.entries(losses)) {
      history.losses[name] ??= [];
      history.losses[name].push(value);
    }
    const perSecond = ((step - first) * batchSize) / ((performance.now() - started) / 1000);
    const held = history.heldOut?.losses.at(-1);
    const detail = `loss ${losses.loss.toPrecision(4)}${held === undefined ? "" : `, held out ${held.toPrecision(4)}`}, ${rounded(perSecond)} items/s`;
    line.update(step - first, steps - first, detail);
    const isMeasured = validation && isDue(step, steps, logEvery, validation.every);
    const isDrawn = sheet && isDue(step, steps, logEvery, sheet.every);
    const isTime = performance.now() - saved >= 1000 * saveEvery && step < steps;
    const readings = { ...losses, learningRate: rate(step - 1), itemsPerSecond: perSecond };
    if (!isMeasured && !isDrawn && !isTime) {
      log.add(step, readings);
      if (savedStep > 0) await log.flush();
      return;
    }
    const state = await checkpoint();
    const model = modelOf(state);
    const heldOut = isMeasured ? await validation.measure(model) : undefined;
    const isBest = heldOut !== undefined && addHeldOut(history, step, heldOut);
    const drawn = isDrawn ? await sheet.draw(model) : undefined;
    const samples = drawn && { ...drawn, png: writePng(drawn) };
    const found = { ...(heldOut !== undefined && { heldOut }), ...(samples && { samples }) };
    log.add(step, { ...readings, ...found });
    await save(state, model, isBest, samples && { [sheetPath(step)]: samples.png });
    saved = performance.now();
  };
  // The clock starts at the first step, so that every run takes one.
  let deadline: number | undefined;
  const isLate = () => {
    deadline ??= performance.now() + 1000 * timeLimit;
    return performance.now() > deadline;
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
      signal: {
        get aborted() {
          return signal.aborted || isLate() || isDone(history);
        },
      },
      onStep,
      logEvery,
    })
    .catch((error) => {
      throw errorCode(error) === "not-finite" ? notFinite(error, folder, savedStep) : error;
    });
  const model = modelOf(training.state);
  // The last reading of the held-out share is saved with its model.
  if (savedStep !== training.step || training.step === first) await save(training.state, model);
  const trained = { record: record(training.step), reused: false, restored: [], model };
  if (training.step === steps || isDone(history)) {
    const loss = `loss ${history.losses.loss?.at(-1)?.toPrecision(4)}`;
    if (training.step === steps) line.finish(loss);
    else line.finish(`${loss}; no better held-out share since step ${bestOf(history)?.step}`);
    return trained;
  }
  const stop = `at step ${training.step} of ${steps}; ${folder}`;
  line.finish(`stopped ${stop} can be used and resumed`);
  if (!signal.aborted) return trained;
  throw new GenError(
    "interrupted",
    `interrupted ${stop} is saved, run the same command to continue`,
  );
}

/** The picture of samples at a step. */
const sheetPath = (step: number): string => `samples/step-${String(step).padStart(8, "0")}.png`;

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
