import { epsilonCoefficients } from "@gen/math";
import { type NoiseSchedule, type TimestepOptions, timestepPairs, timesteps } from "@gen/schedules";
import {
  levelTransitions,
  type Step,
  type StepOptions,
  stepTable,
  type Transition,
} from "./step.ts";

/** Which steps are taken, how much fresh noise each adds, and what the denoiser predicts. */
export interface DdimOptions extends TimestepOptions, StepOptions {
  /**
   * Reproduces diffusers' DDIM where it differs: each step goes to `t - floor(T / N)` whatever the
   * list says, and with fresh noise the rest is `sqrt(1 - alphaCumprod - sigma^2)` with its
   * rounding, 1e-8 in place of 0 after a level without signal. Its clipping also keeps epsilon; ask
   * for that with `keepEpsilon`.
   */
  readonly compat?: "diffusers";
}

/**
 * The table of DDIM (Song et al. 2021, eq. 12 and 16) for any eta in [0, 1]: each row goes from
 * one entry of the list of time steps to the next, the last one to the level that sampling ends on.
 *
 * `eta` 0, the default, is deterministic; `eta` 1 is DDPM's posterior over the same steps.
 *
 * @throws RangeError when steps, spacing, offset or eta is outside its range; when the schedule's
 * first level holds no signal and the denoiser predicts epsilon.
 */
export function ddimSteps(schedule: NoiseSchedule, options: DdimOptions = {}): Step[] {
  const { compat, eta = 0 } = options;
  const list = timesteps(schedule, options);
  if (compat === undefined) return stepTable(levelTransitions(schedule, list), options);
  const pairs = timestepPairs(list, { compat, length: schedule.length });
  const transitions = pairs.map(({ t, next }) => ({
    t,
    from: schedule.level(t),
    to: schedule.level(next),
  }));
  const steps = stepTable(transitions, options);
  if (eta === 0) return steps;
  const product = ({ next }: { next: number }) =>
    next < 0 && schedule.setAlphaToOne ? 1 : schedule.alphasCumprod[Math.max(next, 0)];
  return steps.map((step, i) => {
    const [now, then] = [schedule.alphasCumprod[pairs[i].t], product(pairs[i])];
    const sigma = eta * Math.sqrt(((1 - then) / (1 - now)) * (1 - now / then));
    const direction = Math.sqrt(Math.max(1 - then - sigma ** 2, 0));
    return { ...step, next: rounded(transitions[i], options, sigma, direction) };
  });
}

function rounded(
  { from, to }: Transition,
  { predicts = "epsilon", keepEpsilon }: StepOptions,
  noise: number,
  direction: number,
): Step["next"] {
  if (!keepEpsilon) {
    const x = direction / from.noise;
    return { x0: to.signal - from.signal * x, x, prediction: 0, noise };
  }
  const { x, prediction } = epsilonCoefficients(predicts, from);
  return { x0: to.signal, x: direction * x, prediction: direction * prediction, noise };
}
