import { checkPath } from "./check-path.ts";
import type { Step } from "./step.ts";
import { FALLS, type Path, transitionsOf } from "./trajectory.ts";
import { rowOf, type SolverOptions } from "./update.ts";

/**
 * Heun's method for the probability flow in `sigma = noise / signal` (Karras et al. 2022, algorithm
 * 1); second order, two evaluations for each move but the last, which is Euler's.
 *
 * The correction of Euler's x is `to.signal (sigma' - sigma) / (2 sigma') (D - D')` with D and D'
 * the clean estimates at both ends.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Moves, levels and prediction type. Default: every training step.
 * @throws RangeError when the path or its options are not as described.
 */
export function heunSteps(path: Path, options: SolverOptions = {}): Step[] {
  checkPath(path, options);
  const { predicts } = options;
  const moves = transitionsOf(path, options, FALLS.heun);
  return moves.flatMap(({ t, from, to }, i) => {
    const x = to.noise / from.noise;
    const euler = rowOf({ t, from }, { x, estimates: [to.signal - from.signal * x] }, predicts);
    const end = moves[i + 1];
    if (!end) return [euler];
    const weight = (to.signal - (from.noise * to.signal ** 2) / (from.signal * to.noise)) / 2;
    // From a level without signal, sigma is infinite and the slope at its end is all that counts.
    if (!Number.isFinite(weight)) return [euler];
    return [euler, rowOf(end, { x: 1, estimates: [-weight, weight] }, predicts)];
  });
}
