import type { NoiseSchedule } from "@gen/schedules";

/**
 * Says so when a schedule's last level still holds signal (more than 0.1 of it), since sampling
 * starts from pure noise and would not match; undefined where all is well.
 *
 * It happens with fewer training steps than the 1000 that the usual betas are made for.
 */
export function lastLevelWarning(schedule: NoiseSchedule): string | undefined {
  const { signal } = schedule.level(schedule.length - 1);
  if (signal <= 0.1) return undefined;
  const { length } = schedule;
  return `the last of ${length} steps still holds ${signal.toFixed(2)} of the signal, but sampling starts from pure noise: take more steps, larger betas, a cosine schedule or rescaleBetasZeroSnr`;
}
