import type { NoiseLevel } from "@gen/math";
import type { Step } from "./step.ts";
import { type Path, transitionsOf } from "./trajectory.ts";
import { lambdaOf, rowOf, type SolverOptions, sumOf, type Update } from "./update.ts";

/** How {@link unipcSteps} goes. */
export interface UnipcOptions extends SolverOptions {
  /** The predictor's order: 1, 2 or 3. The corrector adds one. @defaultValue 2 */
  readonly order?: 1 | 2 | 3;
  /** Which B(h) the slopes are scaled by: `bh2` (exp(h) - 1, the default) or `bh1` (h). */
  readonly scaling?: "bh1" | "bh2";
  /** Whether x is corrected by the estimate at its own level. @defaultValue true */
  readonly corrector?: boolean;
  /** Lowers the order of the last moves. @defaultValue true */
  readonly lowerOrderFinal?: boolean;
}

/**
 * UniPC (Zhao et al. 2023, in its form for data prediction): a predictor of the given order,
 * and a corrector that uses the next evaluation once more and so costs none.
 *
 * A row corrects x and predicts from it in one: both are sums of x and the estimates.
 *
 * @throws RangeError when order is not 1, 2 or 3, or the path is not as described.
 */
export function unipcSteps(path: Path, options: UnipcOptions = {}): Step[] {
  const { order = 2, scaling = "bh2", corrector = true, lowerOrderFinal = true } = options;
  if (order !== 1 && order !== 2 && order !== 3) {
    throw new RangeError(`order must be 1, 2 or 3, got ${String(order)}`);
  }
  const moves = transitionsOf(path, options);
  const lambdas = moves.map(({ from }) => lambdaOf(from));
  let correction: readonly number[] = [];
  return moves.map((move, i) => {
    const { from, to } = move;
    const known = lambdas.slice(0, i + 1).filter(Number.isFinite).length;
    const left = lowerOrderFinal ? moves.length - i : order;
    const at = Math.max(Math.min(order, known, left), 1);
    const earlier = lambdas.slice(i + 1 - at, i).reverse();
    const predicted = predict(from, to, earlier, scaling);
    const corrected = correction.map((c) => predicted.x * c);
    const estimates = sumOf(predicted.estimates, corrected);
    const usable = corrector && to.noise > 0 && Number.isFinite(lambdas[i]);
    correction = usable ? sumOf(...correct(from, to, earlier, scaling, predicted)) : [];
    return rowOf(move, { x: predicted.x, estimates }, options.predicts);
  });
}

/** The predictor: from `from` to `to` by its own estimate and those at the `earlier` lambdas. */
function predict(
  from: NoiseLevel,
  to: NoiseLevel,
  earlier: readonly number[],
  scaling: UnipcOptions["scaling"],
): Update {
  if (to.noise === 0) return { x: 0, estimates: [to.signal] };
  const { h, e, scale } = stepOf(from, to, scaling);
  const r = earlier.map((lambda) => (lambda - lambdaOf(from)) / h);
  const weights = r.length === 1 ? [0.5] : solve(r, targets(h, scale, r.length));
  const slopes = weights.map((w, k) => (-to.signal * scale * w) / r[k]);
  const own = to.signal * e - slopes.reduce((sum, s) => sum + s, 0);
  return { x: to.noise / from.noise, estimates: [own, ...slopes] };
}

/** What the corrector adds to the predicted x, as weights of the estimates from `to` backwards. */
function correct(
  from: NoiseLevel,
  to: NoiseLevel,
  earlier: readonly number[],
  scaling: UnipcOptions["scaling"],
  predicted: Update,
): [number[], number[]] {
  const { h, e, scale } = stepOf(from, to, scaling);
  const r = [...earlier.map((lambda) => (lambda - lambdaOf(from)) / h), 1];
  const weights = r.length === 1 ? [0.5] : solve(r, targets(h, scale, r.length));
  const slopes = weights.map((w, k) => (-to.signal * scale * w) / r[k]);
  const own = to.signal * e - slopes.reduce((sum, s) => sum + s, 0);
  const next = slopes.pop() as number;
  return [
    [next, own, ...slopes],
    [0, ...predicted.estimates.map((c) => -c)],
  ];
}

function stepOf(from: NoiseLevel, to: NoiseLevel, scaling: UnipcOptions["scaling"]) {
  const h = lambdaOf(to) - lambdaOf(from);
  const e = -Math.expm1(-h);
  return { h, e, scale: scaling === "bh1" ? -h : -e };
}

/** The right side of the order conditions: `k! phi_{k+1}(-h) (-h) / B(h)` for k = 1, 2, ... */
function targets(h: number, scale: number, count: number): number[] {
  let phi = Math.expm1(-h) / -h - 1;
  let factorial = 1;
  return Array.from({ length: count }, (_, i) => {
    const target = (phi * factorial) / scale;
    factorial *= i + 2;
    phi = phi / -h - 1 / factorial;
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
