import {
  add,
  type Expr,
  exprArithmetic,
  log,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  sub,
} from "@gen/graph";
import {
  denoisedCoefficients,
  discretizedGaussianLogProb,
  klNormal,
  normalLogProb,
  type PredictionType,
} from "@gen/math";
import { ArgumentError, shown } from "@gen/math/arguments";
import { clipBounds, clipped, type DdpmVariance, tableAt } from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";

/** The likelihood of the last step: of 8-bit values in [-1, 1], or a density. */
export type Decoder = "discretized" | "density";

/** The model whose bound is computed. */
export interface BoundModel {
  /** The noise schedule. */
  readonly schedule: NoiseSchedule;
  /** The prediction of the denoiser. @defaultValue "epsilon" */
  readonly predicts?: PredictionType;
  /** The reverse variance, see `ddpmSteps`. @defaultValue "fixed_small" */
  readonly variance?: DdpmVariance;
  /** The likelihood of the last step. @defaultValue "discretized", for 8-bit images */
  readonly decoder?: Decoder;
  /** Bounds of the clean estimate: c for [-c, c], [low, high], or false. @defaultValue false */
  readonly clip?: number | readonly [low: number, high: number] | false;
}

/** Data x0, noisy samples x at steps t `[batch]`, and the denoiser's output for them. */
export interface BoundInputs {
  readonly x0: Expr;
  readonly x: Expr;
  readonly t: Expr;
  readonly prediction: Expr;
  readonly variance?: Expr;
}

/**
 * The variational bound's term at each sample's step, in nats, the mean over its elements
 * `[batch]`. For t > 0, `kl` is `KL(q(x_{t-1} | x_t, x0) || p(x_{t-1} | x_t))` (Ho et al. 2020, eq.
 * 5). For t = 0, `decoder` is `-log p(x0 | x_1)` (eq. 13).
 *
 * @throws RangeError when variance or decoder is not as described, or the variance is learned and
 * the denoiser has none.
 */
export function boundTerms(model: BoundModel) {
  const { schedule, predicts = "epsilon", decoder = "discretized", clip } = model;
  if (decoder !== "discretized" && decoder !== "density") {
    throw new ArgumentError(`decoder must be discretized or density, got ${shown(decoder)}`);
  }
  const { variance = "fixed_small" } = model;
  if (!/^(fixed_(small|large)(_log)?|learned(_log|_range)?)$/.test(variance)) {
    throw new ArgumentError(
      `variance must be fixed_small, fixed_large, learned, learned_log or learned_range, got ${shown(variance)}`,
    );
  }
  const small = schedule.posteriorLogVarianceClipped;
  const large = schedule.betas.map(Math.log);
  const fixedLarge = large.slice();
  // A likelihood at t = 0 needs the small log variance.
  fixedLarge[0] = small[0];
  return ({ x0, x, t, prediction, variance: raw }: BoundInputs) => {
    const at = (table: Float64Array) => tableAt(table, t, x);
    const smallest = at(small);
    const rows = Array.from({ length: schedule.length }, (_, i) =>
      denoisedCoefficients(predicts, schedule.level(i)),
    );
    const unclipped = add(
      mul(at(Float64Array.from(rows, (row) => row.x)), x),
      mul(at(Float64Array.from(rows, (row) => row.prediction)), prediction),
    );
    const estimate = clip ? clipped(unclipped, clipBounds(clip)) : unclipped;
    const logVariance = reverseLogVariance(variance);
    const [ofX0, ofX] = [at(schedule.posteriorMeanX0), at(schedule.posteriorMeanX)];
    const meanOf = (clean: Expr) => add(mul(ofX0, clean), mul(ofX, x));
    return {
      estimate,
      kl: () =>
        sampleMeans(klNormal(exprArithmetic, meanOf(x0), smallest, meanOf(estimate), logVariance)),
      decoder() {
        const logProb =
          decoder === "density"
            ? normalLogProb(exprArithmetic, x0, meanOf(estimate), logVariance)
            : discretizedGaussianLogProb(
                exprArithmetic,
                x0,
                meanOf(estimate),
                mul(logVariance, 0.5),
              );
        return sampleMeans(neg(logProb));
      },
    };

    /** The log variance of `p(x_{t-1} | x_t)`. */
    function reverseLogVariance(kind: DdpmVariance): Expr {
      if (kind.startsWith("fixed_large")) return at(fixedLarge);
      if (kind.startsWith("fixed")) return smallest;
      if (!raw) {
        throw new ArgumentError(
          `a denoiser must give twice the channels of x (axis 1) where the variance is ${kind}`,
        );
      }
      if (kind === "learned_log") return raw;
      if (kind === "learned") return log(maximum(raw, 1e-20));
      const share = mul(add(raw, 1), 0.5);
      return add(smallest, mul(share, sub(at(large), smallest)));
    }
  };
}

/** The mean over each sample's elements, `[batch]`. */
export const sampleMeans = (x: Expr): Expr => mean(reshape(x, [x.shape[0], -1]), [1]);
