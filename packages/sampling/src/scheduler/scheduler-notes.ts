import { checkArguments } from "@gen/math/arguments";
import type { SchedulerConfig } from "@gen/schedules";
import { SCHEDULER } from "./scheduler-rule.ts";

/** The class's own number of training steps, where betas are listed and the file does not say it. */
const USUAL_LENGTH = 1000;

/** The number of training steps that a class counts by. */
export const lengthOfClass = ({ className, config, schedule }: SchedulerConfig): number =>
  Array.isArray(config.trained_betas) &&
  config.num_train_timesteps === undefined &&
  className !== "IPNDMScheduler"
    ? USUAL_LENGTH
    : schedule.length;

const saysSample = ({ config, predictionType }: SchedulerConfig): boolean =>
  config.predict_epsilon === false &&
  config.prediction_type === undefined &&
  predictionType === "x0";

/** A config as its class reads it, which knows nothing of `predict_epsilon`. */
export const asClassReads = (config: SchedulerConfig): SchedulerConfig =>
  saysSample(config)
    ? {
        ...config,
        predictionType: "epsilon",
        settings: { ...config.settings, prediction_type: "epsilon" },
      }
    : config;

/** Where a config is read otherwise than its class reads it, in lines for people. */
export function readingNotes(config: SchedulerConfig): string[] {
  const notes: string[] = [];
  if (saysSample(config)) {
    notes.push("predict_epsilon false is a prediction of x0; diffusers passes the field over");
  }
  const [ours, theirs] = [config.schedule.length, lengthOfClass(config)];
  if (ours !== theirs) {
    notes.push(`num_train_timesteps is that of trained_betas, ${ours}; diffusers takes ${theirs}`);
  }
  return notes;
}

/**
 * What a scheduler's config says that {@link schedulerSteps} does not heed, in lines for people.
 *
 * @param scheduler The config, as `schedulerConfig` reads it.
 */
export function schedulerNotes(scheduler: SchedulerConfig): string[] {
  checkArguments({ scheduler }, { scheduler: SCHEDULER });
  const { className, unknown = [] } = scheduler;
  if (unknown.length === 0) return [];
  return [`fields that ${className} does not have are passed over: ${unknown.join(", ")}`];
}
