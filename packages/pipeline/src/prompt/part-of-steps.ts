/*
 * The part of the steps that an image goes through, as `get_timesteps` of diffusers 0.39 counts:
 *
 *   k = int(n strength)               Stable Diffusion 1, 2 and XL: the last k of n steps
 *   k = n - int(n - n strength)       Stable Diffusion 3, Flux
 *   n steps below strength            latent consistency models: the scheduler spreads them
 */
import type { NoiseLevel } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { type GenerateOptions, pipelineSteps } from "@gen/sampling";
import type { FolderModel } from "./folder-model.ts";
import type { Run } from "./make-pictures.ts";
import { levelsOf } from "./noise-levels.ts";
import type { TextToImageOptions } from "./options.ts";

/** Options of a run that takes a part of its steps. */
type TableOptions = Pick<GenerateOptions, "steps" | "strength" | "timesteps">;

/** A part of the steps. */
export interface Part {
  readonly options: TableOptions;
  /** The level that each row starts from. */
  readonly levels: readonly NoiseLevel[];
  /** The time of each row. */
  readonly times: readonly number[];
  /** What the run multiplies the first x by. */
  readonly initialScale: number;
}

/**
 * The part of the steps that a strength leaves, for latents of `shape`; `spreads` says that a
 * scheduler of few steps makes all of them below the strength, `isPure` that x starts as noise alone.
 */
export function partOfSteps<T>(
  model: FolderModel<T>,
  call: TextToImageOptions,
  run: Run & { shape: readonly number[]; spreads?: boolean; isPure?: boolean },
): Part {
  const pipeline = { ...model.pipeline, shape: run.shape };
  const { scheduler } = pipeline;
  const { chosen } = run;
  const isFew = call.sampler === undefined && /^(LCM|TCD)Scheduler$/.test(scheduler.className);
  const { options, left } = tablePart();
  const table = pipelineSteps(pipeline, { ...chosen, ...options });
  return {
    options,
    levels: levelsOf(table, scheduler, { steps: run.steps, left }),
    times: table.steps.map(({ t }) => t),
    initialScale: table.initialScale,
  };

  function tablePart(): { options: TableOptions; left: number } {
    const { steps, strength } = run;
    if (run.isPure) return { options: { steps }, left: steps };
    if (isFew && run.spreads) return { options: { steps, strength }, left: steps };
    const isFlow = ["sd3", "flux"].includes(model.text.name);
    const left = isFlow
      ? steps - Math.trunc(Math.max(steps - steps * strength, 0))
      : Math.min(Math.trunc(steps * strength), steps);
    // PNDM has a step more than it is asked for.
    if (left < 1 && !(scheduler.className === "PNDMScheduler" && call.sampler === undefined)) {
      throw new ArgumentError(`strength must leave a step of ${steps}, got ${strength}`);
    }
    if (!isFew) return { options: { steps, strength: Math.min((left + 0.5) / steps, 1) }, left };
    const all = pipelineSteps(pipeline, { ...chosen, steps }).steps;
    return { options: { timesteps: all.slice(steps - left).map(({ t }) => t) }, left };
  }
}
