import { epsilonCoefficients } from "@gen/math";
import { checkPath } from "./check-path.ts";
import { type Step, stepTable } from "./step.ts";
import { type Path, transitionsOf } from "./trajectory.ts";
import type { SolverOptions } from "./update.ts";

/** Adams and Bashforth's weights of the latest 1 to 4 slopes, the latest first. */
export const ADAMS_BASHFORTH: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/**
 * The improved pseudo numerical method (Liu et al. 2022, eq. 12, with lower orders in place of its
 * Runge-Kutta start): DDIM's move with `epsilon = sum of Adams and Bashforth's weights times the
 * latest epsilons`.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, levels and prediction type. Default: every training step.
 * @throws RangeError when the path or its options are not as described.
 */
export function ipndmSteps(path: Path, options: SolverOptions = {}): Step[] {
  checkPath(path, options);
  const { predicts = "epsilon" } = options;
  const moves = transitionsOf(path, options);
  return moves.map((move, i) => {
    const { from, to } = move;
    const [row] = stepTable([move], { predicts });
    const [own, ...others] = ADAMS_BASHFORTH[Math.min(i, 3)];
    const keeps = { x0: 0, ...epsilonCoefficients(predicts, from) };
    // DDIM's move: x' = to.signal x0 + to.noise epsilon, with x0 = (x - from.noise epsilon) / from.signal.
    const scale = from.signal === 0 ? 0 : to.signal / from.signal;
    const slope = to.noise - scale * from.noise;
    const next = {
      x0: 0,
      x: scale + slope * own * keeps.x,
      prediction: slope * own * keeps.prediction,
      noise: 0,
      ...(others.length > 0 && { history: others.map((weight) => slope * weight) }),
    };
    return { ...row, keeps, next };
  });
}
