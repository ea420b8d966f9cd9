import {
  add,
  cast,
  constant,
  type Expr,
  equal,
  gradients,
  logSumExp,
  mul,
  type Parameter,
  sub,
  sum,
  tensor,
} from "@gen/graph";
import { epsilonCoefficients, type FloatArray, type PredictionType } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, refused, rules } from "@gen/math/arguments";
import type { NoiseSchedule } from "@gen/schedules";
import type { Conditions } from "../denoiser/conditions.ts";
import { changePrediction, type Denoiser, type DenoiserFunction } from "../denoiser/denoiser.ts";
import { hostFormula, hostTensor, outputTensor } from "../denoiser/host-function.ts";
import { perSample, tableAt } from "../denoiser/per-sample.ts";
import { DENOISER } from "../run/run-rules.ts";
import { type Interval, requireGuidance, whereWithin } from "./guidance-options.ts";

/** A classifier of noisy samples: x `[batch, ...]` and t `[batch]` to logits `[batch, classes]`. */
export interface Classifier {
  /**
   * The logits `[batch, classes]`.
   *
   * @param x Noisy samples, `[batch, ...]`.
   * @param t The samples' time steps, `[batch]`.
   */
  apply(x: Expr, t: Expr): Expr;
  /** The classifier's weights; their names differ from the denoiser's. */
  readonly parameters: readonly Parameter[];
}

/**
 * The gradient of `log p(class | x_t)` with respect to x, as large as x.
 *
 * @param x Noisy samples, `[batch, ...]` row-major.
 * @param t The time step of all samples, 0-based.
 */
export type ClassifierGradient = (x: FloatArray, t: number) => FloatArray | Promise<FloatArray>;

/** The options of {@link classifierGuided}. */
export interface ClassifierGuidedOptions {
  /** The noise levels that the denoiser and the classifier were trained at. */
  readonly schedule: Pick<NoiseSchedule, "length" | "level">;
  /** The strength of the guidance; 1 samples from the class itself. @defaultValue 1 */
  readonly scale?: number;
  /**
   * `score`: the gradient moves the prediction, for every sampler. `mean`: the gradient moves a
   * step's mean by the step's variance; steps that add no noise, such as the last one and all of
   * eta 0, are not guided.
   * @defaultValue "score"
   */
  readonly form?: "score" | "mean";
  /** Where guidance acts. @defaultValue everywhere */
  readonly interval?: Interval;
}

/** The options of {@link classifierGuided} for networks. */
export interface ClassifierGuidedNetworkOptions extends ClassifierGuidedOptions {
  /**
   * The class to guide to.
   * @defaultValue the condition that `sample` is given, which the denoiser then does not see
   */
  readonly label?: number;
}

/** The options of {@link classifierGuided} for functions. */
export interface ClassifierGuidedFunctionOptions extends ClassifierGuidedOptions {
  /** The denoiser's prediction type. @defaultValue "epsilon" */
  readonly predicts?: PredictionType;
  /** The shape `[batch, ...]` of x; needed if the denoiser gives a variance too. */
  readonly shape?: readonly number[];
}

/**
 * Classifier guidance (Dhariwal and Nichol 2021): with g the gradient of `log p(class | x_t)`, in
 * the score form `epsilon - scale noise_t g` (algorithm 2), in the mean form a step's mean plus
 * `scale variance g` (algorithm 1, with g at x_t as in guided-diffusion).
 *
 * In the score form another prediction changes as epsilon's change at the same x_t implies. The
 * parameters of the two networks must have different names.
 *
 * In two places guided-diffusion differs. It clips x0 before the score form moves it; `clip` acts on
 * the guided x0, which thus keeps its bounds. In the mean form it also moves the mean of the last
 * step, by the variance that it clips to that of t = 1; here that step's variance is 0.
 *
 * @param denoiser The network that is guided.
 * @param classifier A classifier of noisy samples.
 * @param options The schedule, the scale, the form, and the class.
 * @throws RangeError when scale, form or interval is not as described; on use, when there is
 * neither a label nor a condition.
 */
export function classifierGuided(
  denoiser: Denoiser,
  classifier: Classifier,
  options: ClassifierGuidedNetworkOptions,
): Denoiser;
/**
 * {@link classifierGuided} of functions of numbers, which run in float64 on the host.
 *
 * @param denoiser The denoiser that is guided, a function of numbers.
 * @param classifier The gradient of `log p(class | x_t)`, as large as x.
 * @param options The schedule, the scale, the form, and the denoiser's prediction type.
 */
export function classifierGuided(
  denoiser: DenoiserFunction,
  classifier: ClassifierGradient,
  options: ClassifierGuidedFunctionOptions,
): DenoiserFunction;
export function classifierGuided(
  denoiser: Denoiser | DenoiserFunction,
  classifier: Classifier | ClassifierGradient,
  options: ClassifierGuidedNetworkOptions & ClassifierGuidedFunctionOptions,
): Denoiser | DenoiserFunction {
  checkArguments({ denoiser, classifier }, { denoiser: DENOISER, classifier: CLASSIFIER });
  checkOptions(options, {
    schedule: rules.SCHEDULE,
    predicts: rules.optional(rules.PREDICTS),
    shape: rules.optional(rules.SIZES),
    label: rules.optional(rules.INDEX),
  });
  const { scale = 1, form = "score", interval } = options;
  requireGuidance([scale], { interval });
  if (form !== "score" && form !== "mean") {
    throw refused("form", "score or mean", form);
  }
  if (typeof denoiser === "function" && typeof classifier === "function") {
    return guideFunction(denoiser, classifier, options);
  }
  if (typeof denoiser === "function" || typeof classifier === "function") {
    const kind = typeof denoiser === "function" ? "a function" : "a network";
    throw refused("classifier", `${kind}, as the denoiser is`, classifier);
  }
  return guideNetwork(denoiser, classifier, options);
}

const CLASSIFIER = rules.either(
  rules.having("a classifier, such as trainClassifier gives", {
    apply: rules.FUNCTION,
    parameters: rules.LIST,
  }),
  rules.FUNCTION,
);

function guideNetwork(
  denoiser: Denoiser,
  classifier: Classifier,
  options: ClassifierGuidedNetworkOptions,
): Denoiser {
  const { schedule, form, label } = options;
  const slope = (x: Expr, t: Expr, condition: Conditions<Expr> | undefined) => {
    const logProb = labelLogProb(classifier.apply(x, t), label ?? onlyLabel(condition));
    return slopeOf(gradients(sum(logProb), [x])[0], t, options);
  };
  const shifts = Float64Array.from({ length: schedule.length }, (_, t) =>
    shiftOf(denoiser.predicts, schedule, t),
  );
  return {
    ...denoiser,
    parameters: [...denoiser.parameters, ...classifier.parameters],
    apply(x, t, condition) {
      const output = denoiser.apply(x, t, label === undefined ? undefined : condition);
      if (form === "mean") return output;
      return shifted(output, x, tableAt(shifts, t, x), slope(x, t, condition));
    },
    ...(form === "mean" && { gradient: slope }),
  };
}

function guideFunction(
  denoise: DenoiserFunction,
  classify: ClassifierGradient,
  options: ClassifierGuidedFunctionOptions,
): DenoiserFunction {
  const { schedule, form, predicts = "epsilon", shape } = options;
  const given = async (x: FloatArray, t: number) => ({
    g: hostTensor(await classify(x.slice(), t), shape ?? [1, x.length]),
  });
  if (form === "mean") {
    const gradient = hostFormula(shape, given, ({ g, t }) => slopeOf(g, t, options));
    return Object.assign((x: FloatArray, t: number) => denoise(x, t), { gradient });
  }
  const all = async (x: FloatArray, t: number) => {
    const output = await denoise(x.slice(), t);
    if (output.length === 2 * x.length && !shape) {
      throw new ArgumentError("shape must be given for a denoiser that gives a variance too");
    }
    const shift = hostTensor([shiftOf(predicts, schedule, t)], [1]);
    return { ...(await given(x, t)), shift, output: outputTensor(output, shape ?? [1, x.length]) };
  };
  return hostFormula(shape, all, ({ x, t, g, output, shift }) =>
    shifted(output, x, perSample(shift, x), slopeOf(g, t, options)),
  );
}

/** `scale g` within the interval, 0 elsewhere: what guidance adds for each unit of variance. */
const slopeOf = (g: Expr, t: Expr, { scale = 1, interval }: ClassifierGuidedOptions): Expr =>
  whereWithin(t, interval, mul(g, scale), mul(g, 0));

/** The score form: the prediction moves by `shift` (see {@link shiftOf}) times the slope. */
const shifted = (output: Expr, x: Expr, shift: Expr, slope: Expr): Expr =>
  changePrediction(output, x, (prediction) => add(prediction, mul(shift, slope)));

/** A prediction's change for each unit of the gradient: `-noise` times its change with epsilon. */
function shiftOf(
  predicts: PredictionType,
  schedule: ClassifierGuidedOptions["schedule"],
  t: number,
): number {
  const level = schedule.level(t);
  if (level.noise === 0) return 0;
  const { prediction } = epsilonCoefficients(predicts, level);
  // Zero where the signal is zero: x_t then holds no information about the class.
  return prediction === 0 ? 0 : -level.noise / prediction;
}

function onlyLabel(condition: Conditions<Expr> | undefined): Expr {
  if (!condition) {
    throw new ArgumentError("classifier guidance needs a label or a condition, got neither");
  }
  const [label, ...others] = Object.values(condition);
  if (others.length === 0) return label;
  throw new ArgumentError("classifier guidance needs a label if there are several conditions");
}

/**
 * `log softmax(logits)[label]` in nats, `[batch]`: the log probability of each sample's label.
 * Logits are `[batch, classes]`; labels are `[batch]`, or a number for all samples.
 *
 * @param logits The classifier's output, `[batch, classes]`.
 * @param label The class of each sample, `[batch]`, or one 0-based number for all.
 */
export function labelLogProb(logits: Expr, label: Expr | number): Expr {
  checkArguments(
    { logits, label },
    { logits: rules.EXPRESSION, label: rules.either(rules.INDEX, rules.EXPRESSION) },
  );
  const classes = Number(logits.shape[1]);
  const indices = constant(tensor(Array.from({ length: classes }, (_, k) => k)));
  const wanted =
    typeof label === "number" ? constant(label) : perSample(cast(label, "float32"), logits);
  const chosen = sum(mul(cast(equal(indices, wanted), logits.dtype), logits), [1]);
  return sub(chosen, logSumExp(logits, 1));
}
