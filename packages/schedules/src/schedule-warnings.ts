import { checkArguments, rules } from "@gen/math/arguments";
import type { NoiseSchedule } from "./noise-schedule.ts";

const MOST_SIGNAL = 0.1;

/**
 * What is questionable about a schedule, one sentence each: that its last level still holds
 * signal, as when betas meant for 1,000 steps are taken in few.
 *
 * @param schedule The schedule to judge.
 */
export function scheduleWarnings(schedule: NoiseSchedule): string[] {
  checkArguments({ schedule }, { schedule: rules.SCHEDULE });
  const { signal } = schedule.level(schedule.length - 1);
  if (signal <= MOST_SIGNAL) return [];
  return [
    `the last of ${schedule.length} levels still holds ${signal.toPrecision(3)} of the signal: ` +
      "sampling starts from pure noise, so raise the betas or the steps",
  ];
}
