/*
 * The move that the solvers in lambda = log(signal / noise) share. Between two levels, the flow or
 * its stochastic equation is linear but for one estimate, of x0 or of epsilon:
 *
 *   x' = noise'/noise exp(-tau^2 h) x + signal' sum f_d(H) D_d + noise' sqrt(1 - exp(-2 tau^2 h)) z
 *
 * with h = lambda' - lambda, H = (1 + tau^2) h, D_d the Taylor terms of the polynomial through the
 * estimates of x0, and f_0 = 1 - exp(-H), f_d = 1 / d! - f_(d-1) / H. In epsilon, H is -h:
 *
 *   x' = signal'/signal x + (1 + tau^2) noise' sum f_d(-h) D_d + tau noise' sqrt(exp(2 h) - 1) z
 *
 * `dpmSolverSteps` (tau 0 or 1), `deisSteps` (tau 0, in epsilon) and `saSolverSteps` (any tau, with a
 * corrector) are made of such moves.
 */
import type { NoiseLevel } from "@gen/math";
import { lambdaOf, type SolverForm, type Update } from "./update.ts";

/** How {@link lambdaUpdate} goes. */
export interface LambdaUpdateOptions {
  /** Which estimate is a polynomial of lambda. @defaultValue "data" */
  readonly form?: SolverForm;
  /** How much noise is exchanged: 0 solves the flow, 1 the reverse SDE. @defaultValue 0 */
  readonly tau?: number;
  /** Another weight in place of f_d, which it is given with d and H. @defaultValue f_d */
  readonly weigh?: (factor: number, d: number, H: number) => number;
}

/** A move by the estimates at `lambdas`, in this order; one estimate counts as constant. */
export function lambdaUpdate(
  from: NoiseLevel,
  to: NoiseLevel,
  lambdas: readonly number[],
  { form = "data", tau = 0, weigh = (factor) => factor }: LambdaUpdateOptions = {},
): Update {
  const ofData = form === "data";
  if (to.noise === 0) {
    if (ofData) return { x: 0, estimates: [to.signal] };
    const x = to.signal / from.signal;
    return { x, estimates: [-x * from.noise] };
  }
  const h = lambdaOf(to) - lambdaOf(from);
  if (h === 0) return { x: to.noise / from.noise, estimates: [0] };
  const both = 1 + tau * tau;
  const H = ofData ? both * h : -h;
  const carrier = ofData ? to.signal : both * to.noise;
  const places = lambdas.map((lambda) => (lambda - lambdaOf(from)) / h);
  const weights = factors(H, places.length).map((f, d) => carrier * weigh(f, d, H));
  const estimates = taylorTerms(places).map((terms) =>
    terms.reduce((sum, term, d) => sum + weights[d] * term, 0),
  );
  if (tau === 0) {
    return { x: ofData ? to.noise / from.noise : to.signal / from.signal, estimates };
  }
  // As the published codes, which matters where h is a rounding error.
  const variance = ofData ? 1 - Math.exp(-2 * tau * tau * h) : Math.exp(2 * h) - 1;
  const deviation = Math.sqrt(Math.abs(h) < 1e-12 ? Math.max(variance, 0) : variance);
  return ofData
    ? {
        x: (to.noise / from.noise) * Math.exp(-tau * tau * h),
        estimates,
        noise: to.noise * deviation,
      }
    : {
        x: to.signal / from.signal,
        estimates,
        noise: tau * to.noise * deviation,
      };
}

function factors(H: number, count: number): number[] {
  let factor = -Math.expm1(-H);
  let factorial = 1;
  return Array.from({ length: count }, (_, d) => {
    if (d > 0) {
      factorial *= d;
      factor = 1 / factorial - factor / H;
    }
    return factor;
  });
}

/**
 * For each of the places, the Taylor terms at 0, in steps of 1, of the polynomial that is 1 there and
 * 0 at the others: `d!` times its coefficients.
 */
function taylorTerms(places: readonly number[]): number[][] {
  return places.map((own, k) => {
    let terms = [1];
    for (const [j, other] of places.entries()) {
      if (j === k) continue;
      const gap = own - other;
      // Times (r - other) / gap.
      terms = [...terms, 0].map((term, d) => ((terms[d - 1] ?? 0) - other * term) / gap);
    }
    let factorial = 1;
    return terms.map((term, d) => {
      factorial *= Math.max(d, 1);
      return term * factorial;
    });
  });
}
