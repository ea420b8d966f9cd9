import { add, concat, constant, type Expr, gather, mul, reshape, sub, tensor } from "@gen/graph";
import { type FloatArray, type PredictionType, predictionRow } from "@gen/math";
import type { NoiseSchedule } from "@gen/schedules";
import type { Conditions } from "../denoiser/conditions.ts";
import { type Denoiser, type DenoiserFunction, splitVariance } from "../denoiser/denoiser.ts";
import { splitRows } from "../denoiser/split-rows.ts";

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
export function inpaint(
  denoiser: Denoiser<Conditions<Expr>>,
  options: InpaintOptions,
): Denoiser<Conditions<Expr>>;
export function inpaint(
  denoiser: DenoiserFunction,
  options: InpaintOptions & { readonly predicts?: PredictionType },
): DenoiserFunction;
export function inpaint(
  denoiser: Denoiser<Conditions<Expr>> | DenoiserFunction,
  options: InpaintOptions & { readonly predicts?: PredictionType },
): Denoiser<Conditions<Expr>> | DenoiserFunction {
  const { shape, known, mask, schedule } = options;
  const size = shape.reduce((a, b) => a * b, 1);
  for (const [name, values] of Object.entries({ known, mask })) {
    if (values.length !== size && values.length !== size / shape[0]) {
      throw new RangeError(
        `${name} must hold ${size} numbers, or ${size / shape[0]} for all samples, got ${values.length}`,
      );
    }
  }
  if (typeof denoiser !== "function") return inpaintNetwork(denoiser, options);
  const { predicts = "epsilon" } = options;
  const fill = async (x: FloatArray, t: number) => {
    const output = Float64Array.from(await denoiser(x, t));
    splitRows(output, shape);
    const target = targetOf(predicts, schedule, t);
    const half = x.length / shape[0];
    const doubled = output.length > x.length;
    for (let i = 0; i < x.length; i++) {
      const at = doubled ? i + half * Math.floor(i / half) : i;
      const m = mask[i % mask.length];
      const truth = target.x0 * known[i % known.length] + target.x * x[i];
      output[at] = m * truth + (1 - m) * output[at];
    }
    return output;
  };
  return denoiser.gradient ? Object.assign(fill, { gradient: denoiser.gradient }) : fill;
}

function inpaintNetwork(
  denoiser: Denoiser<Conditions<Expr>>,
  options: InpaintOptions,
): Denoiser<Conditions<Expr>> {
  const { shape, schedule } = options;
  const wrap = (values: ArrayLike<number>) => {
    const whole = values.length === shape.reduce((a, b) => a * b, 1);
    return constant(tensor(Float32Array.from(values), whole ? shape : [1, ...shape.slice(1)]));
  };
  const [known, mask] = [wrap(options.known), wrap(options.mask)];
  const rows = Array.from({ length: schedule.length }, (_, t) =>
    targetOf(denoiser.predicts, schedule, t),
  );
  const table = (values: readonly number[], t: Expr, x: Expr) =>
    reshape(
      gather(constant(tensor(Float32Array.from(values))), t),
      x.shape.map((d, i) => (i === 0 ? d : 1)),
    );
  return {
    ...denoiser,
    apply(x, t, condition) {
      const { prediction, variance } = splitVariance(denoiser.apply(x, t, condition), x);
      const ofX0 = table(
        rows.map((row) => row.x0),
        t,
        x,
      );
      const ofX = table(
        rows.map((row) => row.x),
        t,
        x,
      );
      const truth = add(mul(ofX0, known), mul(ofX, x));
      const filled = add(prediction, mul(mask, sub(truth, prediction)));
      return variance ? concat([filled, variance], 1) : filled;
    },
  };
}

/** What a denoiser that knows x0 says at t, as a sum of x0 and x. */
function targetOf(
  predicts: PredictionType,
  schedule: Pick<NoiseSchedule, "level">,
  t: number,
): { x0: number; x: number } {
  const level = schedule.level(t);
  const { p, q } = predictionRow(predicts, level);
  return q === 0
    ? { x0: p, x: 0 }
    : { x0: p - (q * level.signal) / level.noise, x: q / level.noise };
}
