import {
  add,
  cast,
  constant,
  type Expr,
  gather,
  less,
  mean,
  mul,
  square,
  stopGradient,
  sub,
  tensor,
  where,
} from "@gen/graph";
import { ArgumentError, checkArguments, checkOptions, rules, shown } from "@gen/math/arguments";
import {
  type Conditions,
  type DdpmVariance,
  type Denoiser,
  networkTime,
  splitVariance,
  tableAt,
} from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";
import { boundTerms, type Decoder, sampleMeans } from "./bound-terms.ts";
import { levelsAt, qSample } from "./forward.ts";

/** The inputs of {@link ddpmLoss}. */
export interface DdpmLossInputs {
  /** Clean data `[batch, ...]`. */
  readonly x0: Expr;
  /** 0-based steps `[batch]`, int64. */
  readonly t: Expr;
  /** Standard normal noise `[batch, ...]`. */
  readonly epsilon: Expr;
  /** The conditions of each sample, for a denoiser that takes them. */
  readonly condition?: Conditions<Expr>;
  /** The weight of each sample `[batch]`, from a sampler of time steps. @defaultValue 1 */
  readonly importance?: Expr;
}

/** The objective of a DDPM's training. */
export interface ObjectiveOptions {
  /**
   * `simple`: the squared error of the prediction. `vlb`: the bound's term at t in bits per
   * dimension. `rescaled_vlb`: vlb times the number of steps, an estimate of the whole bound.
   * `hybrid`: simple plus 0.001 of rescaled_vlb, whose gradient reaches only the variance (Nichol
   * and Dhariwal 2021, eq. 16).
   * @defaultValue "simple"
   */
  readonly objective?: "simple" | "vlb" | "rescaled_vlb" | "hybrid";
  /** Multiplies the squared error at each time step `[length]`, such as `lossWeights` gives. */
  readonly weights?: ArrayLike<number>;
  /**
   * The reverse variance in the bound, see `ddpmSteps`. A learned variance needs a denoiser with
   * twice the channels.
   * @defaultValue "learned_range"
   */
  readonly variance?: DdpmVariance;
  /** The likelihood at t = 0 in the bound. @defaultValue "discretized", for 8-bit images */
  readonly decoder?: Decoder;
}

/**
 * The objective: its mean over the batch, each sample's times its importance.
 *
 * The simple objective is the mean squared error of the denoiser's output at step t, over the batch
 * and all elements (Ho et al. 2020, eq. 14 for epsilon). The target of v is `signal_t epsilon -
 * noise_t x0`, the target of a flow's velocity `epsilon - x0`. On a flow's schedule the denoiser of a
 * velocity is told `length` times the noise in place of t, as when it is sampled.
 *
 * @param denoiser The denoiser to train.
 * @param schedule The noise schedule.
 * @throws RangeError when there is not one finite weight for each step, or the objective is
 * unknown.
 */
export function ddpmLoss(
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  options: ObjectiveOptions = {},
) {
  checkArguments({ denoiser, schedule }, { denoiser: rules.DENOISER, schedule: rules.SCHEDULE });
  checkOptions(options, {
    weights: rules.optional(rules.NUMBERS),
    objective: rules.optional(rules.TEXT),
    variance: rules.optional(rules.TEXT),
  });
  const plain = (options.objective ?? "simple") === "simple" && !options.weights;
  const losses = ddpmLosses(denoiser, schedule, options);
  return (inputs: DdpmLossInputs): Expr => {
    const { importance } = inputs;
    if (plain && !importance) return mean(square(errorOf(denoiser, schedule, inputs).error));
    const each = losses(inputs);
    return mean(importance ? mul(each, importance) : each);
  };
}

/**
 * The objective of each sample, `[batch]`: means over a sample's elements.
 *
 * @throws RangeError when there is not one finite weight for each step, or the objective is
 * unknown.
 */
export function ddpmLosses(
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  { objective = "simple", weights, variance = "learned_range", decoder }: ObjectiveOptions = {},
) {
  if (!["simple", "vlb", "rescaled_vlb", "hybrid"].includes(objective)) {
    throw new ArgumentError(
      `objective must be simple, vlb, rescaled_vlb or hybrid, got ${shown(objective)}`,
    );
  }
  if (weights && weights.length !== schedule.length) {
    throw new ArgumentError(`weights must be ${schedule.length} numbers, got ${weights.length}`);
  }
  for (const [t, weight] of Array.from(weights ?? []).entries()) {
    if (!Number.isFinite(weight)) {
      throw new ArgumentError(`weights must be finite numbers, got ${weight} at t = ${t}`);
    }
  }
  const { predicts } = denoiser;
  const bound = boundTerms({ schedule, predicts, variance, decoder });
  return (inputs: DdpmLossInputs): Expr => {
    const output = errorOf(denoiser, schedule, inputs);
    const simple = () => {
      const squares = sampleMeans(square(output.error));
      const at = weights && tableAt(Float64Array.from(weights), inputs.t, squares);
      return at ? mul(squares, at) : squares;
    };
    if (objective === "simple") return simple();
    const { x0, t } = inputs;
    const prediction = objective === "hybrid" ? stopGradient(output.prediction) : output.prediction;
    const terms = bound({ ...output, x0, t, prediction });
    const first = less(cast(t, output.x.dtype), 0.5);
    const vlb = mul(where(first, terms.decoder(), terms.kl()), Math.LOG2E);
    if (objective === "vlb") return vlb;
    if (objective === "rescaled_vlb") return mul(vlb, schedule.length);
    return add(simple(), mul(vlb, schedule.length / 1000));
  };
}

/** The denoiser's output at x_t, and the prediction's error. */
function errorOf(denoiser: Denoiser, schedule: NoiseSchedule, inputs: DdpmLossInputs) {
  const { x0, t, epsilon, condition } = inputs;
  if (denoiser.sharedTime) {
    throw new ArgumentError(
      "the denoiser takes one time step for the whole batch, and training needs one for each sample: export it with timestep [batch]",
    );
  }
  const x = qSample(schedule, x0, t, epsilon);
  const time = timeOf(denoiser, schedule, t);
  const { prediction, variance } = splitVariance(denoiser.apply(x, time, condition), x);
  return { x, prediction, variance, error: sub(prediction, target()) };

  function target(): Expr {
    if (denoiser.predicts === "epsilon") return epsilon;
    if (denoiser.predicts === "x0") return x0;
    if (denoiser.predicts === "flow") return sub(epsilon, x0);
    const { signal, noise } = levelsAt(schedule, t, x0);
    return sub(mul(signal, epsilon), mul(noise, x0));
  }
}

/** What a network is told of step t, rounded where it takes whole time steps. */
function timeOf({ predicts, fractionalTime }: Denoiser, schedule: NoiseSchedule, t: Expr): Expr {
  if (predicts !== "flow" || schedule.spec.kind !== "flow") return t;
  const { length } = schedule;
  const times = Float64Array.from({ length }, (_, at) => networkTime(schedule, predicts, at));
  if (fractionalTime) return gather(constant(tensor(times, [length], "float32")), t);
  return gather(constant(tensor(times.map(Math.round), [length], "int64")), t);
}
