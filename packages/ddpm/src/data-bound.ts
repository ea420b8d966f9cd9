import { elementCount, shapeText, square, sub, tensor } from "@gen/graph";
import { type FloatArray, klStandardNormal, normalNoise, numberArithmetic } from "@gen/math";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import {
  type AbortSignalLike,
  type DenoiserFunction,
  hostFunction,
  hostTensor,
  networkTime,
  outputTensor,
  splitVariance,
} from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";
import { type BoundModel, boundTerms, sampleMeans } from "./bound-terms.ts";
import { qSample } from "./forward.ts";

/** The data, and the model of them. */
export interface DataBoundOptions extends BoundModel {
  /** A function of numbers, such as `denoiserFunction` of a network on a backend. */
  readonly denoiser: DenoiserFunction;
  /** Clean data `[batch, ...]`. */
  readonly x0: FloatArray;
  /** The shape of x0, `[batch, ...]`. */
  readonly shape: readonly number[];
  /** Decides the noise at each step. @defaultValue 0 */
  readonly seed?: number;
  /** Standard normal noise for time step t, in place of the seed's. */
  readonly noise?: (t: number, size: number) => FloatArray;
  /** Stops the computation between two time steps. */
  readonly signal?: AbortSignalLike;
  /** Called after each time step, from the last to the first. */
  readonly onStep?: (progress: { readonly t: number; readonly steps: number }) => unknown;
}

/** A bound on the negative log likelihood, every number in bits per dimension. */
export interface DataBound {
  /** The sum of `prior` and all `terms`, `[batch]`. */
  readonly total: Float64Array;
  /** `KL(q(x_T | x0) || N(0, 1))`, `[batch]`. */
  readonly prior: Float64Array;
  /** Each time step's term, `[length]` of `[batch]`. The first is the decoder's term. */
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
  checkOptions(options, {
    schedule: rules.SCHEDULE,
    denoiser: rules.FUNCTION,
    x0: rules.NUMBERS,
    shape: rules.BATCH_SHAPE,
    seed: rules.optional(rules.SEED),
    noise: rules.optional(rules.FUNCTION),
    signal: rules.optional(rules.OBJECT),
    onStep: rules.optional(rules.FUNCTION),
    predicts: rules.optional(rules.PREDICTS),
    variance: rules.optional(rules.TEXT),
  });
  const { schedule, denoiser, predicts = "epsilon", x0, shape, seed = 0 } = options;
  const size = elementCount(shape) as number;
  if (x0.length !== size) {
    throw new ArgumentError(
      `x0 must hold ${size} numbers for shape ${shapeText(shape)}, got ${x0.length}`,
    );
  }
  const [batch] = shape;
  const steps = schedule.length;
  const bound = boundTerms(options);
  const evaluate = (which: "kl" | "decoder") =>
    hostFunction(({ output, x0, x, t }) => {
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
      output: outputTensor(await denoiser(x.slice(), networkTime(schedule, predicts, t)), shape),
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
 * `KL(q(x_T | x0) || N(0, 1))` of each row, in bits per dimension: the cost of the prior.
 *
 * @throws RangeError when the data are not `batch` equal rows.
 */
export function priorBits(schedule: NoiseSchedule, x0: FloatArray, batch: number): Float64Array {
  const { signal } = schedule.level(schedule.length - 1);
  const log = Math.log1p(-(signal ** 2));
  const nats = Float64Array.from(x0, (v) => klStandardNormal(numberArithmetic, signal * v, log));
  const size = nats.length / batch;
  if (!Number.isInteger(size)) {
    throw new ArgumentError(`x0 must have ${batch} equal rows, got ${nats.length} numbers`);
  }
  return Float64Array.from({ length: batch }, (_, i) => {
    const row = nats.subarray(i * size, (i + 1) * size);
    return (row.reduce((sum, v) => sum + v, 0) / size) * Math.LOG2E;
  });
}
