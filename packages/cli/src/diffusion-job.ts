/*
 * A training of a diffusion model in a folder that is a complete pipeline: of a new network, or of
 * the one of another folder, whose weights or low-rank changes are trained further.
 */
import { writeSafetensors } from "@gen/data";
import { trainDdpm, trainEdm } from "@gen/ddpm";
import { weightsOf, withWeights } from "@gen/nn";
import { type loraAdapters, pipelineFiles } from "@gen/pipeline";
import { type Denoiser, generate, type PipelineVae } from "@gen/sampling";
import type { SchedulerConfigInput } from "@gen/schedules";
import { pictureOf } from "./drawing/pictures.ts";
import { ddpmHeldOut } from "./held-out.ts";
import { drawnCount, type JobOptions } from "./jobs.ts";
import {
  type DdpmSettings,
  isImages,
  schedulerOf,
  type TrainingSettings,
  untrainedDenoiser,
} from "./models.ts";
import { LORA_FILE } from "./save-training.ts";
import { type Trained, trainModel } from "./train-model.ts";

/** What a diffusion model is trained with, beside its network. */
interface DiffusionJob extends JobOptions {
  readonly vae?: PipelineVae;
  readonly notes?: Readonly<Record<string, unknown>>;
}

/** A network to train and how it is sampled. */
export interface DiffusionBase {
  /** The network before this training. */
  readonly denoiser: Denoiser;
  readonly scheduler: SchedulerConfigInput;
  /** The names of the classes that the network is told. */
  readonly classes?: readonly string[];
  /** Changes of the network that are trained in place of its weights. */
  readonly lora?: ReturnType<typeof loraAdapters<Denoiser>>;
}

/** Trains a new DDPM in a folder that is a complete pipeline, with `vae` in it for latent diffusion. */
export function trainDdpmIn(job: DiffusionJob, settings: DdpmSettings): Promise<Trained> {
  const { dataset, vae } = job;
  const scheduler = schedulerOf(settings, isImages(dataset) && dataset.range && !vae ? 1 : null);
  const { classes } = settings;
  return trainDiffusionIn(
    job,
    { denoiser: untrainedDenoiser(settings), scheduler, classes },
    settings,
  );
}

/** Trains a diffusion model in a folder that is a complete pipeline. */
export async function trainDiffusionIn(
  { dataset, vae, notes, validation, drawEvery, ...job }: DiffusionJob,
  { denoiser, scheduler, classes, lora }: DiffusionBase,
  settings: TrainingSettings & Pick<DdpmSettings, "classDropout">,
): Promise<Trained> {
  const { shape } = dataset;
  const { schedule, className = "" } = scheduler;
  const isEdm = className.startsWith("EDM");
  const dataDeviation = Number(scheduler.settings?.sigma_data ?? 0.5);
  const network = lora?.model ?? denoiser;
  const onWarning = (message: string) => process.stderr.write(`${message}\n`);
  const pipelineOf = (denoiser: Denoiser) => {
    return { kind: "diffusion" as const, denoiser, scheduler, shape, vae, classes, notes };
  };
  const draw = async (trained: Denoiser) => {
    const count = vae ? 16 : drawnCount(dataset);
    const options = { backend: job.backend, count, seed: settings.seed };
    // The classes take turns.
    const labels = classes && Int32Array.from({ length: count }, (_, i) => i % classes.length);
    const samples = await generate(pipelineOf(trained), {
      ...options,
      steps: Math.min(20, schedule.length),
      ...(className === "" && { sampler: "ddim" }),
      ...(labels && { condition: labels }),
    });
    return pictureOf(samples.x, samples.shape, [-1, 1]);
  };
  return trainModel<Denoiser>({
    ...job,
    kind: "ddpm",
    settings,
    model: network,
    validation: validation && {
      ...validation,
      measure: ddpmHeldOut(
        { backend: job.backend, denoiser: network, dataset: validation.dataset },
        isEdm ? { dataDeviation } : { schedule },
        settings.batch,
      ),
    },
    sheet: drawEvery ? { every: drawEvery, draw } : undefined,
    train(options) {
      const { classDropout: conditionDropout } = settings;
      const unconditional = classes?.length ?? denoiser.classes;
      const own = { ...options, network, dataset, conditionDropout, unconditional };
      return isEdm
        ? trainEdm({ ...own, dataDeviation })
        : trainDdpm({ ...own, schedule, onWarning });
    },
    files(trained) {
      if (!lora) return pipelineFiles(pipelineOf(trained));
      const weights = weightsOf(trained);
      const merged = withWeights(denoiser, lora.merged(weights));
      const tensors = writeSafetensors(lora.tensors(weights));
      return { ...pipelineFiles(pipelineOf(merged)), [LORA_FILE]: tensors };
    },
  });
}
