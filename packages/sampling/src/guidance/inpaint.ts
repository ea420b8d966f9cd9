import { add, concat, constant, type Expr, mul, tensor } from "@gen/graph";
import { type FloatArray, type PredictionType, predictionCoefficients } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import type { NoiseSchedule } from "@gen/schedules";
import { changePrediction, type Denoiser, type DenoiserFunction } from "../denoiser/denoiser.ts";
import { hostFormula, hostTensor, outputTensor } from "../denoiser/host-function.ts";
import { perSample, tableAt } from "../denoiser/per-sample.ts";
import { requireFinite, sizeOf } from "../denoiser/shapes.ts";
import { DENOISER } from "../run/run-rules.ts";
import type { SampleOptions } from "../run/sample-options.ts";

/** The known part of the samples. */
export interface InpaintOptions extends Pick<SampleOptions, "shape"> {
  /** The noise levels that the denoiser was trained at. */
  readonly schedule: Pick<NoiseSchedule, "length" | "level">;
  /** The known values: of the whole batch, or of one sample for all samples. */
  readonly known: ArrayLike<number>;
  /** 1 for a known value, 0 for a value to fill in; as many as in `known`. */
  readonly mask: ArrayLike<number>;
}

/**
 * Inpainting: known values replace the clean estimate where the mask is 1. A step then draws the
 * known region from `q(x_{t-1} | x_t, x0)` with the true x0 (Lugmayr et al. 2022, eq. 8, draws the
 * region from `q(x_{t-1} | x0)`, which has the same law). {@link resampledSteps} makes the two
 * regions agree better.
 *
 * @param denoiser The network that fills in.
 * @param options The known values, the mask, the shape `[batch, ...]` and the schedule.
 * @throws RangeError when known or mask has another size than one sample or the batch.
 */
export function inpaint(denoiser: Denoiser, options: InpaintOptions): Denoiser;
/**
 * {@link inpaint} of a function of numbers, which runs in float64 on the host.
 *
 * @param denoiser The denoiser that fills in, a function of numbers.
 * @param options The known values, the mask, the shape, the schedule and the prediction type.
 */
export function inpaint(
  denoiser: DenoiserFunction,
  options: InpaintOptions & {
    /** What the denoiser predicts. @defaultValue "epsilon" */
    readonly predicts?: PredictionType;
  },
): DenoiserFunction;
export function inpaint(
  denoiser: Denoiser | DenoiserFunction,
  options: InpaintOptions & { readonly predicts?: PredictionType },
): Denoiser | DenoiserFunction {
  checkArguments({ denoiser }, { denoiser: DENOISER });
  checkOptions(options, {
    shape: rules.SIZES,
    known: rules.NUMBERS,
    mask: rules.NUMBERS,
    schedule: rules.SCHEDULE,
    predicts: rules.optional(rules.PREDICTS),
  });
  const { shape, known, mask, schedule } = options;
  const size = sizeOf(shape);
  const each = size / shape[0];
  for (const [name, values] of Object.entries({ known, mask })) {
    if (values.length !== size && values.length !== each) {
      throw new ArgumentError(
        `${name} must hold ${size} numbers, or ${each} for all samples, got ${values.length}`,
      );
    }
    requireFinite(name, values);
  }
  const unknown = Float64Array.from(mask, (m) => 1 - m);
  // In the known region a denoiser that knows x0 predicts `x0 * known + xt * x`.
  const fill = (x: Expr, output: Expr, x0: Expr, xt: Expr): Expr => {
    const wrap = (values: ArrayLike<number>) => {
      if (values.length !== size) return constant(tensor(values, [1, ...shape.slice(1)], x.dtype));
      // Guidance joins copies of the batch.
      const copies = Math.floor(Number(x.shape[0]) / shape[0]) || 1;
      return concat(Array(copies).fill(constant(tensor(values, shape, x.dtype))), 0);
    };
    const truth = add(mul(x0, wrap(known)), mul(xt, x));
    return changePrediction(output, x, (prediction) =>
      add(mul(wrap(mask), truth), mul(wrap(unknown), prediction)),
    );
  };
  const { predicts = "epsilon" } = typeof denoiser === "function" ? options : denoiser;
  const coefficients = (t: number) => predictionCoefficients(predicts, schedule.level(t));
  if (typeof denoiser !== "function") {
    const { length } = schedule;
    const x0 = Float64Array.from({ length }, (_, t) => coefficients(t).x0);
    const xt = Float64Array.from({ length }, (_, t) => coefficients(t).x);
    return {
      ...denoiser,
      apply: (x, t, condition) =>
        fill(x, denoiser.apply(x, t, condition), tableAt(x0, t, x), tableAt(xt, t, x)),
    };
  }
  const given = async (x: FloatArray, t: number) => ({
    output: outputTensor(await denoiser(x.slice(), t), shape),
    x0: hostTensor([coefficients(t).x0], [1]),
    xt: hostTensor([coefficients(t).x], [1]),
  });
  const filled = hostFormula(shape, given, ({ x, output, x0, xt }) =>
    fill(x, output, perSample(x0, x), perSample(xt, x)),
  );
  return denoiser.gradient ? Object.assign(filled, { gradient: denoiser.gradient }) : filled;
}
