import type { NoiseLevel } from "@gen/math";
import { ArgumentError, shown } from "@gen/math/arguments";
import { checkPath } from "./check-path.ts";
import { lambdaUpdate } from "./lambda-update.ts";
import type { Step } from "./step.ts";
import { FALLS, type Path, transitionsOf } from "./trajectory.ts";
import { lambdaOf, rowOf, type SolverOptions, type Update } from "./update.ts";

/** How {@link deisSteps} goes. */
export interface DeisOptions extends SolverOptions {
  /** 1, 2 or 3. Order 1 is DDIM. @defaultValue 2 */
  readonly order?: 1 | 2 | 3;
  /** Lowers the order of the last moves, which steadies short runs. @defaultValue below 15 moves */
  readonly lowerOrderFinal?: boolean;
}

/**
 * DEIS in log rho (Zhang and Chen 2022, section 3.3, Adams-Bashforth): with rho = noise / signal, the noise is
 * taken as a polynomial of log(rho) through the latest `order` estimates of it, and
 * `x' = signal' (x / signal + sum_k C_k epsilon_k)`, where C_k is the integral over rho of the
 * polynomial that is 1 at rho_k and 0 at the others.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, order and prediction type. Default: every training step, order 2.
 * @throws RangeError when order is not 1, 2 or 3, or the path is not as described.
 */
export function deisSteps(path: Path, options: DeisOptions = {}): Step[] {
  checkPath(path, options);
  const { order = 2, predicts } = options;
  if (order !== 1 && order !== 2 && order !== 3) {
    throw new ArgumentError(`order must be 1, 2 or 3, got ${shown(order)}`);
  }
  const moves = transitionsOf(path, options, FALLS.multistep);
  const lowers = options.lowerOrderFinal ?? moves.length < 15;
  const rhos = moves.map(({ from }) => from.noise / from.signal);
  return moves.map((move, i) => {
    const known = rhos.slice(0, i + 1).filter(Number.isFinite).length;
    const left = lowers ? moves.length - i : order;
    const at = Math.max(Math.min(order, known, left), 1);
    const latest = rhos.slice(i + 1 - at, i + 1).reverse();
    return rowOf(move, update(move.from, move.to, latest), predicts, "noise");
  });
}

function update(from: NoiseLevel, to: NoiseLevel, rhos: readonly number[]): Update {
  if (rhos.length === 1 || to.noise === 0) {
    return lambdaUpdate(from, to, [lambdaOf(from)], { form: "noise" });
  }
  const end = to.noise / to.signal;
  const estimates = rhos.map((rho, k) => {
    // In turn, as the class has them: the rounding of these differences counts at large rho.
    const others = [...rhos.slice(k + 1), ...rhos.slice(0, k)];
    return to.signal * (primitive(end, rho, others) - primitive(rhos[0], rho, others));
  });
  return { x: to.signal / from.signal, estimates };
}

/** The primitive at t of the polynomial of log(t) that is 1 at `own` and 0 at the others. */
function primitive(t: number, own: number, others: readonly number[]): number {
  const [at, b, c, d] = [t, own, ...others].map(Math.log);
  if (others.length === 1) return (t * (-c + at - 1)) / (b - c);
  const numerator = t * (c * (d - at + 1) - d * at + d + at * at - 2 * at + 2);
  return numerator / ((b - c) * (b - d));
}
