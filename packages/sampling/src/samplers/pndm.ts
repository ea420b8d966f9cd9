import { denoisedCoefficients, epsilonCoefficients, type PredictionType } from "@gen/math";
import { ArgumentError, shown } from "@gen/math/arguments";
import { checkPath } from "./check-path.ts";
import { ADAMS_BASHFORTH } from "./ipndm.ts";
import type { Step, Transition } from "./step.ts";
import { type Path, transitionsOf } from "./trajectory.ts";
import { ofPresent, type SolverOptions, type Update } from "./update.ts";

/** How {@link pndmSteps} goes. */
export interface PndmOptions extends SolverOptions {
  /**
   * How many steps of Runge-Kutta's method it starts with, each over two moves of the path and by
   * four evaluations; 3 in the paper. 0 starts with one step of Heun's method instead, as latent
   * diffusion does. @defaultValue 0
   */
  readonly rungeKutta?: number;
}

/** One evaluation at time `t`, and the step from `from` to `to` that follows it. */
export interface PndmMove extends Transition {
  /** The row whose x the step starts from. */
  readonly start: number;
  /** What the step takes for its prediction: weights of this row's, then of the rows' before it. */
  readonly weights: readonly number[];
}

/** Weights of the four evaluations of one step of Runge-Kutta's method (eq. 13). */
export const RUNGE_KUTTA: readonly (readonly number[])[] = [
  [1],
  [1],
  [1],
  [1 / 6, 1 / 3, 1 / 3, 1 / 6],
];

/** Weights at row `i` of the predictions of the last four of `rows`. */
export function adams(i: number, rows: readonly number[]): number[] {
  const last = rows.slice(-4).reverse();
  const weights = new Array<number>(i - last[last.length - 1] + 1).fill(0);
  for (const [k, row] of last.entries()) weights[i - row] = ADAMS_BASHFORTH[last.length - 1][k];
  return weights;
}

/**
 * PNDM (Liu et al. 2022): DDIM's step, `x' = signal' x0 + noise' epsilon` (eq. 11), along a linear
 * multistep combination of the predictions (eq. 12), fourth order in them.
 *
 * The path's first moves make the start. Its N moves take N + 1 evaluations, or N + 2 `rungeKutta`.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Moves, the start, and prediction type. Default: every training step.
 * @throws RangeError when the path is not as described, or rungeKutta is no integer from 0 to as
 * many steps as leave one move.
 */
export function pndmSteps(path: Path, options: PndmOptions = {}): Step[] {
  checkPath(path, options);
  const { rungeKutta = 0, predicts } = options;
  const moves = transitionsOf(path, options);
  if (!(Number.isInteger(rungeKutta) && rungeKutta >= 0 && 2 * rungeKutta < moves.length)) {
    const most = Math.floor((moves.length - 1) / 2);
    throw new ArgumentError(
      `rungeKutta must be an integer in 0..${most}, got ${shown(rungeKutta)}`,
    );
  }
  const rows: PndmMove[] = [];
  const known: number[] = [];
  for (let k = 0; k < rungeKutta; k++) {
    const [{ t, from, to: middle }, { t: half, to }] = [moves[2 * k], moves[2 * k + 1]];
    const start = rows.length;
    known.push(start);
    const times = [t, half, half, moves[2 * k + 2].t];
    const ends = [middle, middle, to, to];
    for (const [i, weights] of RUNGE_KUTTA.entries()) {
      rows.push({ t: times[i], from, to: ends[i], start, weights });
    }
  }
  for (const [i, move] of moves.slice(2 * rungeKutta).entries()) {
    const row = rows.length;
    known.push(row);
    rows.push({ ...move, start: row, weights: adams(row, known) });
    if (rungeKutta === 0 && i === 0 && moves.length > 1) {
      rows.push({ ...move, t: moves[1].t, start: row, weights: [1 / 2, 1 / 2] });
    }
  }
  return pndmTable(rows, predicts);
}

/** The rows of evaluations and steps; what a row keeps is its prediction. */
export function pndmTable(
  moves: readonly PndmMove[],
  predicts: PredictionType = "epsilon",
): Step[] {
  let present: Update = { x: 1, estimates: [] };
  return moves.map(({ t, from, to, start, weights }, i) => {
    const clean = denoisedCoefficients(predicts, from);
    const noise = epsilonCoefficients(predicts, from);
    const slope = to.signal * clean.prediction + to.noise * noise.prediction;
    const target: Update = {
      x: to.signal * clean.x + to.noise * noise.x,
      estimates: weights.map((w) => slope * w),
    };
    const { x, estimates } = start === i ? target : ofPresent(target, present);
    present = target;
    const [prediction, ...history] = estimates;
    return {
      t,
      predicts,
      denoised: denoisedCoefficients(predicts, i === 0 ? from : moves[i - 1].to),
      next: { x0: 0, x, prediction, noise: 0, ...(history.some((c) => c !== 0) && { history }) },
      keeps: { x0: 0, x: 0, prediction: 1 },
    };
  });
}
