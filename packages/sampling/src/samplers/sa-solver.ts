import type { NoiseLevel } from "@gen/math";
import { ArgumentError, rules, shown } from "@gen/math/arguments";
import { checkPath } from "./check-path.ts";
import { lambdaUpdate } from "./lambda-update.ts";
import type { Step } from "./step.ts";
import { type Path, transitionsOf } from "./trajectory.ts";
import { lambdaOf, rowOf, type SolverForm, type SolverOptions, sumOf } from "./update.ts";

/** How many estimates a formula uses. */
type Order = 1 | 2 | 3 | 4;

/** How {@link saSolverSteps} goes. */
export interface SaSolverOptions extends SolverOptions {
  /** How many estimates the predictor uses. @defaultValue 2 */
  readonly predictorOrder?: Order;
  /** How many estimates the corrector uses, that at the new level among them. @defaultValue 2 */
  readonly correctorOrder?: Order;
  /** Which estimate is a polynomial of lambda. @defaultValue "data" */
  readonly form?: SolverForm;
  /**
   * How much noise is exchanged at a time step: 0 follows the flow, 1 the reverse SDE.
   *
   * @param t The time step, 0-based.
   * @defaultValue 1 from t = 200 to 800, else 0
   */
  readonly tau?: (t: number) => number;
  /** Lowers the orders of the last moves. @defaultValue true */
  readonly lowerOrderFinal?: boolean;
}

/**
 * SA-Solver (Xue et al. 2023, algorithm 1): a stochastic Adams-Bashforth predictor and a stochastic
 * Adams-Moulton corrector, which uses the next evaluation once more and the same noise. Order 2 in estimates of x0 weighs its slope H / 2, as the authors' code.
 *
 * A row corrects x and predicts from it in one.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, orders, tau and prediction type. Default: every training step, orders 2.
 * @throws RangeError when an order is not 1, 2, 3 or 4, or the path is not as described.
 */
export function saSolverSteps(path: Path, options: SaSolverOptions = {}): Step[] {
  checkPath(path, options, {
    tau: rules.optional(rules.FUNCTION),
    form: rules.optional(rules.oneOf("data", "noise")),
  });
  const { predictorOrder = 2, correctorOrder = 2, form, lowerOrderFinal = true } = options;
  const { tau = (t: number) => (t >= 200 && t <= 800 ? 1 : 0) } = options;
  for (const [name, order] of Object.entries({ predictorOrder, correctorOrder })) {
    if ([1, 2, 3, 4].includes(order)) continue;
    throw new ArgumentError(`${name} must be 1, 2, 3 or 4, got ${shown(order)}`);
  }
  const moves = transitionsOf(path, options);
  const lambdas = moves.map(({ from }) => lambdaOf(from));
  let correction: readonly number[] = [];
  return moves.map((move, i) => {
    const { t, from, to } = move;
    const known = lambdas.slice(0, i + 1).filter(Number.isFinite).length;
    const left = lowerOrderFinal ? moves.length - i : Infinity;
    const latest = (count: number) =>
      lambdas.slice(i + 1 - Math.max(Math.min(count, known), 1), i + 1).reverse();
    const update = (places: readonly number[]) => adams(from, to, places, tau(t), form);
    const predicted = update(latest(Math.min(predictorOrder, left)));
    const corrected = correction.map((c) => predicted.x * c);
    const estimates = sumOf(predicted.estimates, corrected);
    correction = [];
    if (to.noise > 0 && Number.isFinite(lambdas[i])) {
      const places = Math.min(correctorOrder, left + 1) - 1;
      const earlier = places === 0 ? [] : latest(places);
      const better = update([lambdaOf(to), ...earlier]).estimates;
      correction = sumOf(better, [0, ...predicted.estimates.map((c) => -c)]);
    }
    return rowOf(move, { ...predicted, estimates }, options.predicts, form);
  });
}

function adams(
  from: NoiseLevel,
  to: NoiseLevel,
  lambdas: readonly number[],
  tau: number,
  form: SolverForm = "data",
) {
  const halves = form === "data" && lambdas.length === 2;
  const weigh = (factor: number, d: number, H: number) => (halves && d === 1 ? H / 2 : factor);
  return lambdaUpdate(from, to, lambdas, { form, tau, weigh });
}
