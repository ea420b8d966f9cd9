import { ArgumentError } from "@gen/math/arguments";
import { readSchedulerConfig, type SchedulerConfig } from "@gen/schedules";
import type { SamplerName } from "./sampler-kinds.ts";

/** The classes that sample a network of EDM, which is told a sigma and no step of a schedule. */
const EDM_CLASSES: Readonly<Record<string, string>> = {
  euler: "EDMEulerScheduler",
  "dpm-solver++": "EDMDPMSolverMultistepScheduler",
};

/**
 * The config of the class that is a sampler of EDM's.
 *
 * @throws RangeError for another sampler, or with a spacing.
 */
export function edmConfig(
  { className, settings, predictionType }: SchedulerConfig,
  { sampler, spacing }: { readonly sampler?: SamplerName; readonly spacing?: readonly number[] },
): SchedulerConfig {
  const isOther = sampler === undefined || !Object.hasOwn(EDM_CLASSES, sampler);
  if (spacing || isOther) {
    const got = spacing ? "spacing" : sampler;
    throw new ArgumentError(
      `sampler must be ${Object.keys(EDM_CLASSES).join(" or ")}, without spacing, for ${className}, whose network is told a sigma, got ${got}`,
    );
  }
  const config = readSchedulerConfig({ ...settings, _class_name: EDM_CLASSES[sampler] });
  return { ...config, predictionType };
}
