import { add, constant, type Expr, mul, tensor } from "@gen/graph";
import { type FloatArray, type PredictionType, predictionCoefficients } from "@gen/math";
import type { NoiseSchedule } from "@gen/schedules";
import { changePrediction, type Denoiser, type DenoiserFunction } from "../denoiser/denoiser.ts";
import { hostFormula, hostTensor, outputTensor } from "../denoiser/host-function.ts";
import { perSample, tableAt } from "../denoiser/values-at.ts";

/** What is known of the samples. */
export interface InpaintOptions {
  readonly schedule: Pick<NoiseSchedule, "length" | "level">;
  /** The shape `[batch, ...]` of x. */
  readonly shape: readonly number[];
  /** The known values: those of the whole batch, or of one sample for all. */
  readonly known: ArrayLike<number>;
  /** 1 where a value is known, 0 where it is to be filled in; as many as in `known`. */
  readonly mask: ArrayLike<number>;
}

/**
 * Inpainting: the clean estimate is replaced by what is known, wherever that is. A step then draws
 * the known region from `q(x_{t-1} | x_t, x0)` with the true x0 (Lugmayr et al. 2022, eq. 8; there
 * drawn anew from `q(x_{t-1} | x0)`, which has the same law). {@link resampledSteps} makes the two
 * regions agree better.
 *
 * @throws RangeError when known or mask has another size than one sample or the batch.
 */
export function inpaint(denoiser: Denoiser, options: InpaintOptions): Denoiser;
export function inpaint(
  denoiser: DenoiserFunction,
  options: InpaintOptions & { readonly predicts?: PredictionType },
): DenoiserFunction;
export function inpaint(
  denoiser: Denoiser | DenoiserFunction,
  options: InpaintOptions & { readonly predicts?: PredictionType },
): Denoiser | DenoiserFunction {
  const { shape, known, mask, schedule } = options;
  const size = shape.reduce((a, b) => a * b, 1);
  for (const [name, values] of Object.entries({ known, mask })) {
    if (values.length !== size && values.length !== size / shape[0]) {
      throw new RangeError(
        `${name} must hold ${size} numbers, or ${size / shape[0]} for all samples, got ${values.length}`,
      );
    }
  }
  const { predicts = "epsilon" } = typeof denoiser === "function" ? options : denoiser;
  const coefficients = (t: number) => predictionCoefficients(predicts, schedule.level(t));
  const fill = filler(options);
  if (typeof denoiser !== "function") {
    const rows = Array.from({ length: schedule.length }, (_, t) => coefficients(t));
    const x0 = Float64Array.from(rows, (row) => row.x0);
    const xt = Float64Array.from(rows, (row) => row.x);
    return {
      ...denoiser,
      apply: (x, t, condition) =>
        fill(x, denoiser.apply(x, t, condition), tableAt(x0, t, x), tableAt(xt, t, x)),
    };
  }
  const given = async (x: FloatArray, t: number) => ({
    output: outputTensor(await denoiser(x, t), shape),
    x0: hostTensor([coefficients(t).x0], [1]),
    xt: hostTensor([coefficients(t).x], [1]),
  });
  const filled = hostFormula(shape, given, ({ x, output, x0, xt }) =>
    fill(x, output, perSample(x0, x), perSample(xt, x)),
  );
  return denoiser.gradient ? Object.assign(filled, { gradient: denoiser.gradient }) : filled;
}

/**
 * Puts in the known region what a denoiser that knows x0 says, `x0 * known + xt * x`, and leaves
 * the rest of the prediction.
 */
function filler({ shape, known, mask }: InpaintOptions) {
  return (x: Expr, output: Expr, x0: Expr, xt: Expr): Expr => {
    const dtype = x.dtype === "float64" ? "float64" : "float32";
    const whole = (values: ArrayLike<number>) => values.length === shape.reduce((a, b) => a * b, 1);
    const wrap = (values: ArrayLike<number>) =>
      constant(tensor(values, whole(values) ? shape : [1, ...shape.slice(1)], dtype));
    const truth = add(mul(x0, wrap(known)), mul(xt, x));
    const unknown = wrap(Float64Array.from(mask, (m) => 1 - m));
    return changePrediction(output, x, (prediction) =>
      add(mul(wrap(mask), truth), mul(unknown, prediction)),
    );
  };
}
