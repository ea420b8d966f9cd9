import { add, type Expr, gradients, mul, type Parameter, sum } from "@gen/graph";
import {
  epsilonCoefficients,
  type FloatArray,
  type NoiseLevel,
  type PredictionType,
} from "@gen/math";
import type { NoiseSchedule } from "@gen/schedules";
import type { Conditions } from "../denoiser/conditions.ts";
import { changePrediction, type Denoiser, type DenoiserFunction } from "../denoiser/denoiser.ts";
import { hostFormula, hostTensor, outputTensor } from "../denoiser/host-function.ts";
import { perSample, tableAt } from "../denoiser/values-at.ts";
import { type Interval, requireInterval, whereWithin } from "./interval.ts";
import { labelLogProb } from "./label-log-prob.ts";

/** A classifier of noisy samples: x `[batch, ...]` and t `[batch]` to logits `[batch, classes]`. */
export interface Classifier {
  apply(x: Expr, t: Expr): Expr;
  readonly parameters: readonly Parameter[];
}

/** The gradient of `log p(class | x_t)` with respect to x, as large as x. */
export type ClassifierGradient = (x: FloatArray, t: number) => FloatArray | Promise<FloatArray>;

/** How {@link classifierGuided} guides. */
export interface ClassifierGuidedOptions {
  /** The noise levels that the denoiser and the classifier were trained at. */
  readonly schedule: Pick<NoiseSchedule, "length" | "level">;
  /**
   * How strongly; 1 samples from the class itself.
   * @defaultValue 1
   */
  readonly scale?: number;
  /**
   * `score`, the default: the gradient moves the prediction, which serves every sampler. `mean`: it
   * moves the mean of a step by the step's variance, which serves steps that add noise.
   */
  readonly form?: "score" | "mean";
  /**
   * Where guidance acts.
   * @defaultValue everywhere
   */
  readonly interval?: Interval;
}

/** For networks: the class. */
export interface ClassifierLabel {
  /**
   * The class to guide to. Without it the class is the condition that `sample` is given, which the
   * denoiser then does not see.
   */
  readonly label?: number;
}

/**
 * Classifier guidance (Dhariwal and Nichol 2021): with g the gradient of `log p(class | x_t)`, in
 * the score form `epsilon - scale noise_t g` (algorithm 2), in the mean form a step's mean plus
 * `scale variance g` (algorithm 1, g taken at x_t as in guided-diffusion).
 *
 * The score form turns into other predictions by what a change of epsilon means to them at the same
 * x_t. Networks must have parameters of different names.
 *
 * @throws RangeError when scale, form or interval is not as described; on use, when there is
 * neither a label nor a condition.
 */
export function classifierGuided(
  denoiser: Denoiser,
  classifier: Classifier,
  options: ClassifierGuidedOptions & ClassifierLabel,
): Denoiser;
export function classifierGuided(
  denoiser: DenoiserFunction,
  classifier: ClassifierGradient,
  options: ClassifierGuidedOptions & {
    /**
     * What the denoiser predicts.
     * @defaultValue "epsilon"
     */
    readonly predicts?: PredictionType;
    /** The shape `[batch, ...]` of x; needed where the denoiser gives a variance too. */
    readonly shape?: readonly number[];
  },
): DenoiserFunction;
export function classifierGuided(
  denoiser: Denoiser | DenoiserFunction,
  classifier: Classifier | ClassifierGradient,
  options: ClassifierGuidedOptions &
    ClassifierLabel & { predicts?: PredictionType; shape?: readonly number[] },
): Denoiser | DenoiserFunction {
  const { scale = 1, form = "score", interval } = options;
  if (!Number.isFinite(scale)) throw new RangeError(`scale must be a number, got ${scale}`);
  if (form !== "score" && form !== "mean") {
    throw new RangeError(`form must be score or mean, got ${String(form)}`);
  }
  requireInterval(interval);
  if (typeof denoiser === "function" && typeof classifier === "function") {
    return guideFunction(denoiser, classifier, options);
  }
  if (typeof denoiser === "function" || typeof classifier === "function") {
    throw new TypeError("denoiser and classifier must both be networks or both functions");
  }
  return guideNetwork(denoiser, classifier, options);
}

/** `scale g` within the interval, 0 elsewhere: what guidance adds for each unit of variance. */
function slopeOf(g: Expr, t: Expr, { scale = 1, interval }: ClassifierGuidedOptions): Expr {
  const scaled = mul(g, scale);
  return whereWithin(t, interval, scaled, mul(g, 0));
}

/** The score form: the prediction moves by `shift` (see {@link shiftOf}) times the slope. */
const shifted = (output: Expr, x: Expr, shift: Expr, slope: Expr): Expr =>
  changePrediction(output, x, (prediction) => add(prediction, mul(shift, slope)));

/** How far a prediction moves for each unit of the gradient: `-noise` times its change with epsilon. */
function shiftOf(predicts: PredictionType, level: NoiseLevel): number {
  if (level.noise === 0) return 0;
  const { prediction } = epsilonCoefficients(predicts, level);
  // Zero where the signal is zero: x_t then holds no information about the class.
  return prediction === 0 ? 0 : -level.noise / prediction;
}

function guideNetwork(
  denoiser: Denoiser,
  classifier: Classifier,
  options: ClassifierGuidedOptions & ClassifierLabel,
): Denoiser {
  const { schedule, form = "score", label } = options;
  const slope = (x: Expr, t: Expr, condition: Conditions<Expr> | undefined) =>
    slopeOf(classGradient(classifier, x, t, label ?? condition), t, options);
  const seen = (condition: Conditions<Expr> | undefined) =>
    label === undefined ? undefined : condition;
  const parameters = [...denoiser.parameters, ...classifier.parameters];
  if (form === "mean") {
    return {
      ...denoiser,
      parameters,
      apply: (x, t, condition) => denoiser.apply(x, t, seen(condition)),
      gradient: slope,
    };
  }
  const shifts = Float64Array.from({ length: schedule.length }, (_, t) =>
    shiftOf(denoiser.predicts, schedule.level(t)),
  );
  return {
    ...denoiser,
    parameters,
    apply(x, t, condition) {
      const output = denoiser.apply(x, t, seen(condition));
      return shifted(output, x, tableAt(shifts, t, x), slope(x, t, condition));
    },
  };
}

function guideFunction(
  denoise: DenoiserFunction,
  classify: ClassifierGradient,
  options: ClassifierGuidedOptions & { predicts?: PredictionType; shape?: readonly number[] },
): DenoiserFunction {
  const { schedule, form = "score", predicts = "epsilon" } = options;
  const given = async (x: FloatArray, t: number) => ({
    g: hostTensor(await classify(x, t), options.shape ?? [1, x.length]),
  });
  if (form === "mean") {
    const gradient = hostFormula(options.shape, given, ({ g, t }) => slopeOf(g, t, options));
    return Object.assign((x: FloatArray, t: number) => denoise(x, t), { gradient });
  }
  const all = async (x: FloatArray, t: number) => {
    const output = await denoise(x, t);
    if (output.length === 2 * x.length && !options.shape) {
      throw new RangeError("shape is needed where the denoiser gives a variance too");
    }
    const shift = hostTensor([shiftOf(predicts, schedule.level(t))], [1]);
    const { g } = await given(x, t);
    return { g, shift, output: outputTensor(output, options.shape ?? [1, x.length]) };
  };
  return hostFormula(options.shape, all, ({ x, t, g, output, shift }) =>
    shifted(output, x, perSample(shift, x), slopeOf(g, t, options)),
  );
}

/** The gradient of each sample's `log p(class | x_t)`. */
function classGradient(
  classifier: Classifier,
  x: Expr,
  t: Expr,
  label: Conditions<Expr> | number | undefined,
): Expr {
  if (label === undefined) {
    throw new RangeError("classifier guidance needs a label or a condition, got neither");
  }
  const [one, ...others] = typeof label === "number" ? [label] : Object.values(label);
  if (others.length > 0) {
    throw new RangeError("classifier guidance needs a label where there are several conditions");
  }
  const [gradient] = gradients(sum(labelLogProb(classifier.apply(x, t), one)), [x]);
  return gradient;
}
