import { add, type Expr, exprArithmetic, mean, mul, reshape } from "@gen/graph";
import { denoisedCoefficients, type PredictionType } from "@gen/math";
import { type Clip, clipBounds, clipped, type DdpmVariance, tableAt } from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";
import { boundDecoder, boundKl, type Decoder } from "./bound-term.ts";
import { fixedLargeTable, logVarianceTables, reverseLogVariance } from "./reverse-variance.ts";

/** The model whose bound is taken. */
export interface BoundModel {
  readonly schedule: NoiseSchedule;
  readonly predicts: PredictionType;
  readonly variance: DdpmVariance;
  /** @defaultValue "discretized" */
  readonly decoder?: Decoder;
  /** @defaultValue false */
  readonly clip?: Clip;
}

/** Data x0, noisy samples x at steps t `[batch]`, and what the denoiser gave. */
export interface BoundInputs {
  readonly x0: Expr;
  readonly x: Expr;
  readonly t: Expr;
  readonly prediction: Expr;
  readonly variance?: Expr;
}

/**
 * The variational bound's term at each sample's step, in nats, the mean over its elements
 * `[batch]`: `kl` for t > 0, `decoder` for t = 0 (Ho et al. 2020, eq. 5).
 */
export function boundTerms({ schedule, predicts, decoder, clip, ...model }: BoundModel) {
  const logs = logVarianceTables(schedule);
  const fixedLarge = fixedLargeTable(logs);
  return ({ x0, x, t, prediction, variance }: BoundInputs) => {
    const at = (table: Float64Array) => tableAt(table, t, x);
    const rows = Array.from({ length: schedule.length }, (_, i) =>
      denoisedCoefficients(predicts, schedule.level(i)),
    );
    const unclipped = add(
      mul(at(Float64Array.from(rows, (row) => row.x)), x),
      mul(at(Float64Array.from(rows, (row) => row.prediction)), prediction),
    );
    const estimate = clip ? clipped(unclipped, clipBounds(clip)) : unclipped;
    const inputs = {
      x0,
      x,
      estimate,
      logVariance: reverseLogVariance(
        exprArithmetic,
        model.variance,
        { small: at(logs.small), large: at(logs.large), fixedLarge: at(fixedLarge) },
        variance,
      ),
      posterior: {
        x0: at(schedule.posteriorMeanX0),
        x: at(schedule.posteriorMeanX),
        logVariance: at(logs.small),
      },
    };
    return {
      estimate,
      kl: () => sampleMeans(boundKl(exprArithmetic, inputs)),
      decoder: () => sampleMeans(boundDecoder(exprArithmetic, inputs, decoder ?? "discretized")),
    };
  };
}

/** The mean over each sample's elements, `[batch]`. */
export const sampleMeans = (x: Expr): Expr => mean(reshape(x, [x.shape[0], -1]), [1]);
