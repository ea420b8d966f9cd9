/*
 * `gen sample --classifier`: a classifier of noisy samples moves the predictions of a model that knows
 * no classes toward the classes of --class.
 */
import { tensor } from "@gen/graph";
import { classifierGuided } from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";
import { noiseOf, openClassifier } from "./classifier-model.ts";
import type { ConditionFlags, Conditioning } from "./conditions.ts";
import { usageError } from "./errors.ts";
import { classOf } from "./latent-model.ts";
import type { LoadedPipeline } from "./model-folder.ts";

/** The pipeline whose denoiser is guided, and the classes of its samples. */
export async function guidedByClassifier(
  pipeline: LoadedPipeline,
  folder: string,
  { class: classes, guidance: scale = 1, unconditional }: ConditionFlags,
  count: number,
): Promise<{ readonly pipeline: LoadedPipeline; readonly given: Conditioning }> {
  const flag = `--classifier ${folder}`;
  const { denoiser, scheduler, shape } = pipeline;
  if (!classes) throw usageError("--classifier needs --class");
  if (unconditional) throw usageError("--unconditional must be left out with --classifier");
  if (denoiser.condition)
    throw usageError(
      `${flag} must be left out: the model knows its conditions, which --guidance takes`,
    );
  const { model, settings } = await openClassifier("--classifier", folder);
  const levels = noiseOf(settings);
  if (!levels) throw usageError(`${flag} must know noise: train it with --noisy`);
  if (settings.shape.join() !== shape.join())
    throw usageError(
      `${flag} takes [${settings.shape.join(", ")}], and the model makes [${shape.join(", ")}]`,
    );
  const { schedule } = scheduler;
  const isOther = scheduler.className.startsWith("EDM") || !isSame(schedule, levels);
  if (isOther)
    throw usageError(
      `${flag} must know the noise of the model: train it with its --schedule and --timesteps`,
    );
  const labels = classes.map((text) =>
    classOf("--class", text, { classes: settings.classes, count: settings.classes.length }),
  );
  const each = count / labels.length;
  const all = Array.from({ length: count }, (_, i) => labels[Math.floor(i / each)]);
  const guided = classifierGuided(denoiser, model, { schedule, scale });
  const label = { shape: ["batch"], dtype: "int64" as const };
  return {
    pipeline: { ...pipeline, denoiser: { ...guided, condition: { label } } },
    given: { condition: { label: tensor(all, [count], "int64") } },
  };
}

/** Whether two schedules have the same noise at each step. */
const isSame = (a: NoiseSchedule, b: NoiseSchedule): boolean => {
  const [ours, theirs] = [a.sigmas, b.sigmas];
  return ours.length === theirs.length && ours.every((v, t) => Math.abs(v / theirs[t] - 1) < 1e-6);
};
