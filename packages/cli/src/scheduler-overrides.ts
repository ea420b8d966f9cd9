import { errorCode } from "@gen/math";
import type { DiffusionPipeline } from "@gen/sampling";
import { readSchedulerConfig, type SchedulerConfig } from "@gen/schedules";
import { usageError } from "./errors.ts";

/** What the flags of `gen sample` say in place of the scheduler's config. */
export interface SchedulerFlags {
  readonly predicts?: "epsilon" | "sample" | "v" | "flow";
  readonly spacing?: "leading" | "trailing" | "linspace" | "optimal";
  readonly scheduleShift?: number;
  readonly zeroSnr?: boolean;
}

const PREDICTION_FIELDS = {
  epsilon: "epsilon",
  sample: "sample",
  v: "v_prediction",
  flow: "flow_prediction",
} as const;

/**
 * A pipeline whose scheduler has other fields than its file, with a line for each that changed.
 *
 * @throws GenError `usage` when the scheduler's class has no such field or does not take the value.
 */
export function overrideScheduler<P extends DiffusionPipeline<SchedulerConfig>>(
  pipeline: P,
  { predicts, spacing, scheduleShift, zeroSnr }: SchedulerFlags,
): { pipeline: P; notes: string[] } {
  const { scheduler, denoiser } = pipeline;
  const { settings, className } = scheduler;
  const shift = "shift" in settings ? "shift" : "flow_shift";
  const wanted = [
    ["--predicts", "prediction_type", predicts && PREDICTION_FIELDS[predicts]],
    ["--spacing", "timestep_spacing", spacing === "optimal" ? undefined : spacing],
    ["--schedule-shift", shift, scheduleShift],
    ["--zero-snr", "rescale_betas_zero_snr", zeroSnr],
  ] as const;
  const config: Record<string, unknown> = { ...scheduler.config };
  const notes: string[] = [];
  for (const [flag, field, value] of wanted) {
    if (value === undefined) continue;
    if (!(field in settings))
      throw usageError(`${flag} must be left out: ${className} has no ${field}`);
    if (settings[field] === value) continue;
    notes.push(`${flag}: ${field} is ${value} in place of ${settings[field]}`);
    config[field] = value;
  }
  if (notes.length === 0) return { pipeline, notes };
  const changed = reread(config);
  return {
    pipeline: {
      ...pipeline,
      scheduler: changed,
      denoiser: { ...denoiser, predicts: changed.predictionType },
    },
    notes,
  };
}

function reread(config: object): SchedulerConfig {
  try {
    return readSchedulerConfig(config);
  } catch (error) {
    if (error instanceof RangeError && errorCode(error) === undefined) {
      throw usageError(error.message, { cause: error });
    }
    throw error;
  }
}
