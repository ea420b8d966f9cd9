import { epsilonCoefficients } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { timestepPairs, timesteps } from "@gen/schedules";
import { checkOptions } from "./check-options.ts";
import { checkPath } from "./check-path.ts";
import { type Step, type StepOptions, stepsAlong, type Transition } from "./step.ts";
import { isSchedule, type Path, type TrajectoryOptions, trajectory } from "./trajectory.ts";

/** Which steps are taken, how much fresh noise each adds, and what the denoiser predicts. */
export interface DdimOptions extends TrajectoryOptions, StepOptions {
  /**
   * Reproduces diffusers' DDIM where it differs: each step goes to `t - floor(T / N)` whatever the
   * list says, and with fresh noise the rest is `sqrt(1 - alphaCumprod - sigma^2)` with its
   * rounding, 1e-8 in place of 0 after a level without signal. Its clipping also keeps epsilon; ask
   * for that with `keepEpsilon`.
   * @defaultValue the published method
   */
  readonly compat?: "diffusers";
}

/**
 * The table of DDIM (Song et al. 2021, eq. 12 and 16) for any eta in [0, 1]: each row goes from
 * one entry of the list of time steps to the next, the last one to the level that sampling ends on.
 * The path is a schedule, or transitions of your own.
 *
 * `eta` 0, the default, is deterministic; `eta` 1 is DDPM's posterior over the same steps.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, spacing, eta and prediction type. Default: every training step, eta 0.
 * @throws RangeError when an option is outside its range or not as described; when the schedule's
 * first level holds no signal and the denoiser predicts epsilon.
 */
export function ddimSteps(path: Path, options: DdimOptions = {}): Step[] {
  checkPath(path, options);
  checkOptions(options, { compat: ["diffusers"] });
  if (!isSchedule(path)) return stepsAlong(path, options);
  const { compat, eta = 0, sigmas } = options;
  if (compat === undefined) return stepsAlong(trajectory(path, options), options);
  if (sigmas !== undefined) {
    throw new ArgumentError(`sigmas must be left out where compat is diffusers, got ${sigmas}`);
  }
  const list = timesteps(path, options);
  const pairs = timestepPairs(list, { compat, length: path.length });
  const moves = pairs.map(({ t, next }) => ({ t, from: path.level(t), to: path.level(next) }));
  const { alphasCumprod } = path;
  const product = (t: number) => (t < 0 && path.setAlphaToOne ? 1 : alphasCumprod[Math.max(t, 0)]);
  const alphas = pairs.map(({ t, next }) => [product(t), product(next)] as const);
  return eta === 0 ? stepsAlong(moves, options) : roundedDdim(moves, alphas, options);
}

/**
 * Rows of DDIM with fresh noise that round as diffusers does, from the alphasCumprod of both ends of
 * each move: after a level without signal, eta 1 leaves 1e-8 of the direction in place of 0.
 */
export function roundedDdim(
  moves: readonly Transition[],
  alphas: readonly (readonly [now: number, then: number])[],
  options: StepOptions,
): Step[] {
  const { eta = 0 } = options;
  return stepsAlong(moves, options).map((step, i) => {
    const [now, then] = alphas[i];
    const sigma = eta * Math.sqrt(((1 - then) / (1 - now)) * (1 - now / then));
    const direction = Math.sqrt(Math.max(1 - then - sigma ** 2, 0));
    return { ...step, next: rounded(moves[i], options, sigma, direction) };
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
