import { square, sub, tensor } from "@gen/graph";
import {
  type FloatArray,
  klStandardNormal,
  normalNoise,
  numberArithmetic,
  type PredictionType,
} from "@gen/math";
import {
  type AbortSignalLike,
  type DdpmVariance,
  type DenoiserFunction,
  hostFunction,
  hostTensor,
  outputTensor,
  splitVariance,
} from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";
import type { Decoder } from "./bound-term.ts";
import { boundTerms, sampleMeans } from "./bound-terms.ts";
import { qSample } from "./q-sample.ts";

/** Which data, and which model of them. */
export interface DataBoundOptions {
  readonly schedule: NoiseSchedule;
  /** A function of numbers; `denoiserFunction` makes one of a network on a backend. */
  readonly denoiser: DenoiserFunction;
  /** Clean data `[batch, ...]`. */
  readonly x0: FloatArray;
  readonly shape: readonly number[];
  /** What the denoiser predicts. @defaultValue "epsilon" */
  readonly predicts?: PredictionType;
  /** The reverse variance, see `ddpmSteps`. @defaultValue "fixed_small" */
  readonly variance?: DdpmVariance;
  /** How the last step gives the data. @defaultValue "discretized", for 8-bit images */
  readonly decoder?: Decoder;
  /** Bounds of the clean estimate: c for [-c, c], [low, high], or false (the default). */
  readonly clip?: number | readonly [low: number, high: number] | false;
  /** Decides the noise at each step. @defaultValue 0 */
  readonly seed?: number;
  /** Standard normal noise for time step t, in place of the seed's. */
  readonly noise?: (t: number, size: number) => FloatArray;
  readonly signal?: AbortSignalLike;
  /** Hears of each time step once it is done, from the last to the first. */
  readonly onStep?: (progress: { readonly t: number; readonly steps: number }) => unknown;
}

/** A bound on the negative log likelihood, every number in bits per dimension. */
export interface DataBound {
  /** The sum of all that follows, `[batch]`. */
  readonly total: Float64Array;
  /** `KL(q(x_T | x0) || N(0, 1))`, `[batch]`. */
  readonly prior: Float64Array;
  /** Each time step's term, `[length]` of `[batch]`; the first is the decoder's. */
  readonly terms: readonly Float64Array[];
  /** The mean square error of the clean estimate at each step, `[length]` of `[batch]`. */
  readonly x0Error: readonly Float64Array[];
  /** The mean of `total`. */
  readonly mean: number;
}

/**
 * The variational bound of data under a DDPM, term by term (Ho et al. 2020, eq. 5; computed as
 * guided-diffusion does, with one draw of noise at each of the schedule's time steps).
 *
 * @throws RangeError when sizes do not fit or the variance is learned and the denoiser has none;
 * the signal's reason.
 */
export async function dataBound(options: DataBoundOptions): Promise<DataBound> {
  const { schedule, denoiser, x0, shape, predicts = "epsilon" } = options;
  const { variance = "fixed_small", decoder = "discretized", clip = false, seed = 0 } = options;
  const size = shape.reduce((a, b) => a * b, 1);
  if (x0.length !== size) {
    throw new RangeError(
      `x0 must hold ${size} numbers for shape [${shape.join(", ")}], got ${x0.length}`,
    );
  }
  const [batch] = shape;
  const steps = schedule.length;
  const bound = boundTerms({ schedule, predicts, variance, decoder, clip });
  const evaluate = (which: "kl" | "decoder") =>
    hostFunction(({ output, ...given }) => {
      const { x0, x, t } = given;
      const terms = bound({ x0, x, t, ...splitVariance(output, x) });
      return { nats: terms[which](), error: sampleMeans(square(sub(terms.estimate, x0))) };
    });
  const [kl, last] = [evaluate("kl"), evaluate("decoder")];
  const clean = Float64Array.from(x0);
  const prior = priorBits(schedule, clean, batch);
  const terms: Float64Array[] = new Array(steps);
  const x0Error: Float64Array[] = new Array(steps);
  for (let t = steps - 1; t >= 0; t--) {
    if (options.signal?.aborted) throw options.signal.reason ?? new Error("aborted");
    const noise =
      options.noise?.(t, size) ??
      normalNoise({ seed, purpose: "bound", batch, step: t, size: size / batch });
    const x = qSample(schedule, clean, t, noise);
    const { nats, error } = await (t === 0 ? last : kl)({
      x0: hostTensor(clean, shape),
      x: hostTensor(x, shape),
      t: tensor([t], [1], "int64"),
      output: outputTensor(await denoiser(x, t), shape),
    });
    terms[t] = (nats.data as Float64Array).map((v) => v * Math.LOG2E);
    x0Error[t] = error.data as Float64Array;
    await options.onStep?.({ t, steps });
  }
  const total = prior.map((v, i) => terms.reduce((sum, term) => sum + term[i], v));
  const mean = total.reduce((sum, v) => sum + v, 0) / batch;
  return { total, prior, terms, x0Error, mean };
}

/**
 * `KL(q(x_T | x0) || N(0, 1))` of each row, in bits per dimension: what the prior costs.
 *
 * @throws RangeError when the data are not `batch` equal rows.
 */
export function priorBits(schedule: NoiseSchedule, x0: FloatArray, batch: number): Float64Array {
  const { signal } = schedule.level(schedule.length - 1);
  const log = Math.log1p(-(signal ** 2));
  const nats = Float64Array.from(x0, (v) => klStandardNormal(numberArithmetic, signal * v, log));
  return rowMeans(nats, batch).map((v) => v * Math.LOG2E);
}

function rowMeans(values: Float64Array, batch: number): Float64Array {
  const size = values.length / batch;
  if (!Number.isInteger(size)) {
    throw new RangeError(`x0 must have ${batch} equal rows, got ${values.length} numbers`);
  }
  return Float64Array.from({ length: batch }, (_, i) => {
    const row = values.subarray(i * size, (i + 1) * size);
    return row.reduce((sum, v) => sum + v, 0) / size;
  });
}
