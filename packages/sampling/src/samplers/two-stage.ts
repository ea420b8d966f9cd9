import type { NoiseLevel } from "@gen/math";
import { rules } from "@gen/math/arguments";
import { timestepOfSigma, variancePreservingLevel } from "@gen/schedules";
import { checkPath } from "./check-path.ts";
import { type Step, stepTable, type Transition } from "./step.ts";
import { isSchedule, type Path, transitionsOf } from "./trajectory.ts";
import type { SolverOptions } from "./update.ts";

/** How the methods that ask the denoiser twice for a move go. */
export interface TwoStageOptions extends SolverOptions {
  /**
   * Fresh noise, from 0 (none) to 1: the move goes to a lower level and up again
   * (k-diffusion's ancestral sampling).
   * @defaultValue 0
   */
  readonly eta?: number;
  /**
   * The denoiser's time step at a sigma between two moves; a schedule knows its own.
   *
   * @param sigma `noise / signal`.
   * @defaultValue the schedule's
   */
  readonly timeOf?: (sigma: number) => number;
}

const sigmaOf = ({ signal, noise }: NoiseLevel): number => noise / signal;
const LEVEL = variancePreservingLevel;

/**
 * DPM-Solver-2 in sigma (Karras et al. 2022, appendix D; k-diffusion's DPM2): Euler's method to the
 * geometric mean of sigma and sigma', then the whole move with the slope found there:
 * `x' = x + (sigma' - sigma) epsilon_mid` at signal 1. Two evaluations for each move but the last.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Moves, eta and prediction type. Default: every training step, eta 0.
 * @throws RangeError when eta is outside [0, 1], or the path is not as described.
 */
export function dpm2Steps(path: Path, options: TwoStageOptions = {}): Step[] {
  checkPath(path, options);
  const { predicts, eta = 0 } = options;
  return twoStages(path, options, (move) => {
    const [sigma, next] = [sigmaOf(move.from), sigmaOf(move.to)];
    const up = eta * Math.sqrt((next ** 2 * (sigma ** 2 - next ** 2)) / sigma ** 2);
    const down = Math.sqrt(next ** 2 - up ** 2);
    const middle = Math.exp((Math.log(sigma) + Math.log(down)) / 2);
    const [first] = stepTable([{ ...move, to: LEVEL(middle) }], { predicts });
    // The slope at the middle is (x / signal - x0) / middle.
    const slope = (move.to.signal * (down - sigma)) / middle;
    const second = {
      x0: -slope,
      x: slope / LEVEL(middle).signal,
      noise: move.to.signal * up,
      base: move.to.signal / move.from.signal,
    };
    return { middle, first, second };
  });
}

/**
 * DPM-Solver++ (2S) of the stochastic equation in sigma (Lu et al. 2022; k-diffusion's DPM++ SDE
 * with r 1/2): both halves go down by the exponential integrator and up again by fresh noise, one
 * normal for each interval in place of k-diffusion's Brownian tree.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Moves, and what multiplies the noise. Default: every training step.
 * @throws RangeError when the path is not as described.
 */
export function dpmSdeSteps(
  path: Path,
  options: Omit<TwoStageOptions, "eta"> & {
    /** Multiplies the fresh noise, 0 or more. @defaultValue 1 */
    readonly sNoise?: number;
  } = {},
): Step[] {
  checkPath(path, options, { sNoise: rules.optional(rules.NOT_NEGATIVE) });
  const { predicts, sNoise = 1 } = options;
  return twoStages(path, options, (move) => {
    const [sigma, next] = [sigmaOf(move.from), sigmaOf(move.to)];
    const middle = Math.exp((Math.log(sigma) + Math.log(next)) / 2);
    const [first] = stepTable([{ ...move, to: LEVEL(middle) }], { predicts, eta: 1 });
    const up = Math.sqrt((next ** 2 * (sigma ** 2 - next ** 2)) / sigma ** 2);
    const ratio = Math.sqrt(next ** 2 - up ** 2) / sigma;
    const { signal } = move.to;
    const second = {
      x0: signal * (1 - ratio),
      x: 0,
      noise: signal * up * sNoise,
      base: (signal * ratio) / move.from.signal,
    };
    const noise = first.next.noise * sNoise;
    return { middle, first: { ...first, next: { ...first.next, noise } }, second };
  });
}

/** A move in two rows, the second of which starts from the first one's x (`base`) again. */
interface Stages {
  /** The sigma that the first row goes to. */
  readonly middle: number;
  readonly first: Step;
  readonly second: {
    readonly x0: number;
    readonly x: number;
    readonly noise: number;
    readonly base: number;
  };
}

function twoStages(
  path: Path,
  options: TwoStageOptions,
  stagesOf: (move: Transition) => Stages,
): Step[] {
  const { predicts } = options;
  const timeOf =
    options.timeOf ?? ((sigma) => (isSchedule(path) ? timestepOfSigma(path, sigma) : Number.NaN));
  return transitionsOf(path, options).flatMap((move) => {
    // To the clean level, and from one without signal, the move is Euler's.
    if (move.to.noise === 0 || move.from.signal === 0) return stepTable([move], { predicts });
    const { middle, first, second } = stagesOf(move);
    const { x0, x, noise, base } = second;
    const [row] = stepTable([{ t: timeOf(middle), from: LEVEL(middle), to: move.to }], {
      predicts,
    });
    return [
      { ...first, keeps: { x0: 0, x: 1, prediction: 0 } },
      { ...row, next: { x0, x, prediction: 0, noise, history: [base] } },
    ];
  });
}
