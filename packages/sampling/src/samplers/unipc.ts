import type { NoiseLevel } from "@gen/math";
import { checkArguments, rules } from "@gen/math/arguments";
import { checkOptions, ON_OR_OFF } from "./check-options.ts";
import { checkPath } from "./check-path.ts";
import { lambdaUpdate } from "./lambda-update.ts";
import type { Step } from "./step.ts";
import { FALLS, type Path, transitionsOf } from "./trajectory.ts";
import {
  lambdaOf,
  rowOf,
  type SolverForm,
  type SolverOptions,
  sumOf,
  type Update,
} from "./update.ts";

/** How {@link unipcSteps} goes. */
export interface UnipcOptions extends SolverOptions {
  /** The predictor's order, 1 or more. The corrector adds one. @defaultValue 2 */
  readonly order?: number;
  /** Which estimate the slopes are of. @defaultValue "data" */
  readonly form?: SolverForm;
  /**
   * Which B(h) the slopes are scaled by: `bh2` (exp(h) - 1) or `bh1` (h).
   * @defaultValue "bh2"
   */
  readonly scaling?: "bh1" | "bh2";
  /**
   * Whether x is corrected by the estimate at its own level, or the moves (0-based) whose x is not.
   * @defaultValue true
   */
  readonly corrector?:
    | boolean
    | {
        /** The moves, 0-based, whose x stays as predicted. */
        readonly except: readonly number[];
      };
  /** Lowers the order of the last moves. @defaultValue true */
  readonly lowerOrderFinal?: boolean;
}

/**
 * UniPC (Zhao et al. 2023, section 3): a predictor of the given order, and a corrector that
 * uses the next evaluation once more and so costs none.
 *
 * A row corrects x and predicts from it in one: both are sums of x and the estimates.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, order, corrector and prediction type. Default: every training step, order
 * 2.
 * @throws RangeError when an option or the path is not as described.
 */
export function unipcSteps(path: Path, options: UnipcOptions = {}): Step[] {
  checkPath(path, options);
  const { order = 2, corrector = true, lowerOrderFinal = true, form } = options;
  checkArguments({ order }, { order: rules.COUNT });
  checkOptions(options, {
    scaling: ["bh1", "bh2"],
    form: ["data", "noise"],
    lowerOrderFinal: ON_OR_OFF,
    ...(typeof corrector === "object" ? {} : { corrector: ON_OR_OFF }),
  });
  const moves = transitionsOf(path, options, FALLS.multistep);
  const lambdas = moves.map(({ from }) => lambdaOf(from));
  const corrects = (i: number) =>
    typeof corrector === "boolean" ? corrector : !corrector.except.includes(i);
  let correction: readonly number[] = [];
  return moves.map((move, i) => {
    const { from, to } = move;
    const known = lambdas.slice(0, i + 1).filter(Number.isFinite).length;
    const left = lowerOrderFinal ? moves.length - i : order;
    const at = Math.max(Math.min(order, known, left), 1);
    const earlier = lambdas.slice(i + 1 - at, i).reverse();
    const predicted = predict(from, to, earlier, options);
    const corrected = correction.map((c) => predicted.x * c);
    const estimates = sumOf(predicted.estimates, corrected);
    const usable = corrects(i) && to.noise > 0 && Number.isFinite(lambdas[i]);
    correction = usable ? sumOf(...correct(from, to, earlier, options, predicted)) : [];
    return rowOf(move, { x: predicted.x, estimates }, options.predicts, form);
  });
}

type Form = Pick<UnipcOptions, "form" | "scaling">;

/** The predictor: from `from` to `to` by its own estimate and those at the `earlier` lambdas. */
function predict(
  from: NoiseLevel,
  to: NoiseLevel,
  earlier: readonly number[],
  options: Form,
): Update {
  if (to.noise === 0 || earlier.length === 0) {
    return lambdaUpdate(from, to, [lambdaOf(from)], { form: options.form });
  }
  const step = stepOf(from, to, options);
  const r = earlier.map((lambda) => (lambda - lambdaOf(from)) / step.h);
  const { own, slopes } = weightsOf(step, r, r.length === 1 ? [0.5] : solve(r, targets(step, r)));
  return { x: step.x, estimates: [own, ...slopes] };
}

/** What the corrector adds to the predicted x, as weights of the estimates from `to` backwards. */
function correct(
  from: NoiseLevel,
  to: NoiseLevel,
  earlier: readonly number[],
  options: Form,
  predicted: Update,
): [number[], number[]] {
  const step = stepOf(from, to, options);
  const r = [...earlier.map((lambda) => (lambda - lambdaOf(from)) / step.h), 1];
  const { own, slopes } = weightsOf(step, r, r.length === 1 ? [0.5] : solve(r, targets(step, r)));
  const next = slopes.pop() as number;
  return [
    [next, own, ...slopes],
    [0, ...predicted.estimates.map((c) => -c)],
  ];
}

/**
 * A move's exponents: `H` is -h for estimates of x0 and h for those of the noise, `scale` is B(h),
 * and x goes on times `x`, the estimates times `carrier`.
 */
function stepOf(from: NoiseLevel, to: NoiseLevel, { form = "data", scaling }: Form) {
  const h = lambdaOf(to) - lambdaOf(from);
  const H = form === "data" ? -h : h;
  return {
    h,
    H,
    scale: scaling === "bh1" ? H : Math.expm1(H),
    ...(form === "data"
      ? { x: to.noise / from.noise, carrier: to.signal }
      : { x: to.signal / from.signal, carrier: to.noise }),
  };
}

/** The weights of the estimate at the move's start, and of those at `r`. */
function weightsOf(
  { H, scale, carrier }: ReturnType<typeof stepOf>,
  r: readonly number[],
  weights: readonly number[],
) {
  const slopes = weights.map((w, k) => (-carrier * scale * w) / r[k]);
  const own = -carrier * Math.expm1(H) - slopes.reduce((sum, s) => sum + s, 0);
  return { own, slopes };
}

/** The right side of the order conditions: `k! phi_{k+1}(H) H / B(h)` for k = 1, 2, ... */
function targets({ H, scale }: ReturnType<typeof stepOf>, r: readonly number[]): number[] {
  let phi = Math.expm1(H) / H - 1;
  let factorial = 1;
  return r.map((_, i) => {
    const target = (phi * factorial) / scale;
    factorial *= i + 2;
    phi = phi / H - 1 / factorial;
    return target;
  });
}

/** Solves the Vandermonde system `sum_k r_k^i w_k = b_i` by elimination. */
function solve(r: readonly number[], b: readonly number[]): number[] {
  const n = r.length;
  const rows = Array.from({ length: n }, (_, i) => [...r.map((v) => v ** i), b[i]]);
  for (let i = 0; i < n; i++) {
    const pivot = rows
      .slice(i)
      .reduce((best, row) => (Math.abs(row[i]) > Math.abs(best[i]) ? row : best));
    rows.splice(rows.indexOf(pivot), 1);
    rows.splice(i, 0, pivot);
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      const factor = rows[j][i] / pivot[i];
      for (let k = i; k <= n; k++) rows[j][k] -= factor * pivot[k];
    }
  }
  return rows.map((row, i) => row[n] / row[i]);
}
