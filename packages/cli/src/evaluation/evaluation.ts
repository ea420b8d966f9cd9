/*
 * What `gen evaluate` computes for each item, batch by batch, so that workers may share it. Item i is
 * sample i, and beside it training item i and held-out item i of the data:
 *
 *   samples                            [n, ...shape]
 *   features, trainFeatures, heldOutFeatures   [n, dim]
 *   reconstruction, kl, logLikelihood  [n], and mean [n, latent]: a held-out item under a VAE
 *   bound, prior                       [n]: a held-out item under a diffusion model
 *
 * Rows beyond the end of a set are NaN. evaluation/result.ts makes the numbers of whole sets of them.
 */
import type { Dataset } from "@gen/data";
import type { Backend } from "@gen/runtime-gpu";
import type { Vae } from "@gen/vae";
import { usageError } from "../errors.ts";
import { readTrainedVae } from "../trained-vae.ts";
import type { DataFlags } from "../training-options.ts";
import {
  BATCH,
  checkBound,
  diffusionModel,
  fileModel,
  type ModelSettings,
  type OpenedPipeline,
  vaeModel,
} from "./evaluated-model.ts";
import { extractorOf } from "./features.ts";
import {
  checkShape,
  chosenItems,
  evaluatedData,
  firstItems,
  type Items,
  itemsOf,
  readSamples,
  subItems,
  trainedOn,
} from "./items.ts";
import { openPipeline } from "./open-model.ts";
import { joinRows, paddedRows, type RowSet, rowsIn } from "./row-set.ts";

/** What is evaluated, and how. */
export interface EvaluationSettings extends ModelSettings, DataFlags {
  readonly model?: string;
  readonly samples?: string;
  readonly data?: string;
  readonly features?: string;
  readonly featureRange?: readonly [number, number];
  readonly guidance?: number;
  readonly backend: string;
}

/** What an evaluation compares. */
export interface EvaluatedSets {
  /** The data's name. */
  readonly name: string;
  readonly samples: number;
  /** As many training items as samples, and all of them. */
  readonly train: Dataset;
  readonly all: Dataset;
  readonly heldOut: Dataset;
  /** Whether the held-out items have a bound under a VAE or a diffusion model, and of how many. */
  readonly bounded: number;
  readonly vae?: Vae;
}

/** An evaluation whose model and data are read, and that is not begun. */
export interface Evaluation {
  /** Its items. */
  readonly count: number;
  readonly sets: EvaluatedSets;
  /** Compiles what it needs. */
  open(backend: Backend): Promise<OpenEvaluation>;
}

/** An evaluation on a backend. */
export interface OpenEvaluation {
  /** What the features are. */
  readonly features: string;
  /**
   * The rows of the batches that begin in [from, to), where a batch begins at `from`.
   *
   * @param onItems Called with the items that are done, which need not be whole.
   */
  draw(
    from: number,
    to: number,
    signal: AbortSignal,
    onItems?: (done: number) => void,
  ): Promise<RowSet>;
  close(): Promise<void>;
}

/** Reads the data and the model. @throws GenError `usage` for a flag that does not fit them. */
export async function prepareEvaluation(
  settings: EvaluationSettings,
  signal: AbortSignal,
): Promise<Evaluation> {
  const { model: folder, seed } = settings;
  const data = await evaluatedData(settings, folder === undefined ? {} : await trainedOn(folder));
  const { name, train, test } = data;
  const { model: vae } = (folder !== undefined && (await readTrainedVae("--model", folder))) || {};
  if (vae) checkVae(settings, vae, data);
  const given =
    settings.samples === undefined ? undefined : await readSamples(settings.samples, data);
  const pipeline =
    folder === undefined || vae ? undefined : await openPipeline(folder, { ...settings, signal });
  if (pipeline) {
    checkShape(pipeline.pipeline.item, data);
    checkBound(pipeline, settings.bound);
  }
  const samples = pipeline?.count ?? Math.min(settings.count, given?.length ?? Infinity);
  // A pipeline's samples decide the batches, so that no set of it may be longer.
  const heldOut = chosenItems(test, pipeline?.count ?? settings.count, seed);
  const sets: EvaluatedSets = {
    ...{ name, samples, heldOut, all: train, vae },
    train: chosenItems(train, samples, seed),
    bounded: vae ? heldOut.length : Math.min(heldOut.length, settings.bound ?? 0),
  };
  const count = Math.max(samples, sets.train.length, heldOut.length);
  return {
    ...{ count, sets },
    async open(backend) {
      const extractor = await extractorOf(name, train.shape, settings, backend);
      const model = given
        ? fileModel(firstItems(given, samples))
        : vae
          ? vaeModel(vae, backend, heldOut, settings)
          : await diffusionModel(pipeline as OpenedPipeline, backend, heldOut, settings);
      const [train_, held] = [itemsOf(sets.train), itemsOf(heldOut)];
      const featuresOf = async (items: Items, rows: number) => {
        const { data, dim } = await extractor.of(items);
        return paddedRows(data, [dim], rows);
      };
      const batchAt = async (first: number, stop: AbortSignal, onItems: (done: number) => void) => {
        const run = { first, signal: stop, onItems };
        const drawn = await model.samples(run);
        const rows = pipeline ? drawn.length : Math.min(BATCH, count - first);
        return {
          samples: paddedRows(drawn.data, drawn.shape, rows),
          features: await featuresOf(drawn, rows),
          trainFeatures: await featuresOf(subItems(train_, first, first + rows), rows),
          heldOutFeatures: await featuresOf(subItems(held, first, first + rows), rows),
          ...(await model.bounds(run, rows)),
        };
      };
      return {
        features: extractor.what,
        async draw(from, to, stop, onItems) {
          const batches: RowSet[] = [];
          for (let first = from; first < Math.min(to, count); ) {
            stop.throwIfAborted();
            const batch = await batchAt(first, stop, (done) => onItems?.(done));
            batches.push(batch);
            first += rowsIn(batch);
            onItems?.(first);
          }
          return joinRows(batches);
        },
        async close() {
          await extractor.dispose();
          await model.close();
        },
      };
    },
  };
}

/** @throws GenError `usage` when a flag is for another kind of model. */
function checkVae(
  settings: EvaluationSettings,
  vae: Vae,
  data: Awaited<ReturnType<typeof evaluatedData>>,
): void {
  const ofDiffusion = ["sampler", "steps", "eta", "guidance", "bound"] as const;
  const given = ofDiffusion.find((name) => settings[name] !== undefined);
  if (given)
    throw usageError(`--${given} is for a diffusion model, and --model ${settings.model} is a VAE`);
  checkShape(vae.shape, data);
}
