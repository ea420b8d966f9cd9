/*
 * The noise level that each row of a scheduler's table starts from, as `add_noise` of diffusers 0.39
 * takes it, in what the network sees:
 *
 *   x = signal image + noise epsilon
 *   signal, noise = 1 - sigma, sigma                  a flow
 *                   s, s sigma                        classes of sigmas, s what they scale x by
 *                   sqrt(abar), sqrt(1 - abar)        classes of time steps
 */
import type { NoiseLevel } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { pipelineSteps, Step } from "@gen/sampling";
import type { SchedulerConfig } from "@gen/schedules";

/** The levels of a table whose rows are the last `left` of `steps`. */
export function levelsOf(
  { steps: rows, sigmas }: ReturnType<typeof pipelineSteps>,
  scheduler: SchedulerConfig,
  { steps, left }: { steps: number; left: number },
): NoiseLevel[] {
  // Classes of two evaluations for a step list each sigma twice.
  const order = sigmas && sigmas.length > steps + 1 ? 2 : 1;
  return rows.map((row, i) => levelOf(row, scheduler, sigmas?.[(steps - left) * order + i]));
}

function levelOf(row: Step, scheduler: SchedulerConfig, sigma: number | undefined): NoiseLevel {
  const { t, predicts, denoised } = row;
  const { schedule, settings, className } = scheduler;
  const { length } = schedule;
  if (predicts === "flow") {
    const noise = sigma ?? t / length;
    return { signal: 1 - noise, noise };
  }
  if (sigma === Infinity) return { signal: 0, noise: 1 };
  if (sigma !== undefined) {
    const data = className.startsWith("EDM") ? Number(settings.sigma_data) : 1;
    const signal =
      data === 1 && predicts === "epsilon" ? 1 / denoised.x : 1 / Math.hypot(sigma, data);
    return { signal, noise: signal * sigma };
  }
  // -1, which a trailing list may end in, is the last one.
  if (Number.isInteger(t)) return schedule.level(t < 0 ? length + t : t);
  if (predicts === "v") return { signal: denoised.x, noise: -denoised.prediction };
  if (predicts === "epsilon") {
    return { signal: 1 / denoised.x, noise: -denoised.prediction / denoised.x };
  }
  throw new ArgumentError(`sampler must have whole time steps for ${predicts}, got ${t}`);
}
