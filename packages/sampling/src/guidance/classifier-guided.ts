import {
  add,
  cast,
  concat,
  constant,
  type Expr,
  equal,
  gather,
  gradients,
  logSumExp,
  mul,
  type Parameter,
  reshape,
  sub,
  sum,
  tensor,
} from "@gen/graph";
import { type FloatArray, type NoiseLevel, type PredictionType, predictionRow } from "@gen/math";
import type { NoiseSchedule } from "@gen/schedules";
import { type Conditions, isSingle } from "../denoiser/conditions.ts";
import { type Denoiser, type DenoiserFunction, splitVariance } from "../denoiser/denoiser.ts";
import { splitRows } from "../denoiser/split-rows.ts";
import { type Interval, requireInterval, whereWithin, within } from "./interval.ts";

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
  /** How strongly; 1, which samples from the class itself, unless told. */
  readonly scale?: number;
  /**
   * `score`, the default: the gradient moves the prediction, which serves every sampler. `mean`: it
   * moves the mean of a step by the step's variance, which serves steps that add noise.
   */
  readonly form?: "score" | "mean";
  /** Where guidance acts; everywhere unless told. */
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
  denoiser: Denoiser<Conditions<Expr>>,
  classifier: Classifier,
  options: ClassifierGuidedOptions & ClassifierLabel,
): Denoiser<Conditions<Expr>>;
export function classifierGuided(
  denoiser: DenoiserFunction,
  classifier: ClassifierGradient,
  options: ClassifierGuidedOptions & {
    /** What the denoiser predicts; epsilon unless told. */
    readonly predicts?: PredictionType;
    /** The shape `[batch, ...]` of x; needed where the denoiser tells a variance too. */
    readonly shape?: readonly number[];
  },
): DenoiserFunction;
export function classifierGuided(
  denoiser: Denoiser<Conditions<Expr>> | DenoiserFunction,
  classifier: Classifier | ClassifierGradient,
  options: ClassifierGuidedOptions &
    ClassifierLabel & { predicts?: PredictionType; shape?: readonly number[] },
): Denoiser<Conditions<Expr>> | DenoiserFunction {
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

function guideNetwork(
  denoiser: Denoiser<Conditions<Expr>>,
  classifier: Classifier,
  options: ClassifierGuidedOptions & ClassifierLabel,
): Denoiser<Conditions<Expr>> {
  const { schedule, scale = 1, form = "score", label, interval } = options;
  const slope = (x: Expr, t: Expr, condition: Conditions<Expr> | undefined) => {
    const g = mul(classGradient(classifier, x, t, label ?? condition), scale);
    return interval ? whereWithin(t, interval, g, mul(g, 0)) : g;
  };
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
  const table = Float64Array.from({ length: schedule.length }, (_, t) =>
    shiftOf(denoiser.predicts, schedule.level(t)),
  );
  return {
    ...denoiser,
    parameters,
    apply(x, t, condition) {
      const output = splitVariance(denoiser.apply(x, t, seen(condition)), x);
      const at = reshape(
        gather(constant(tensor(table, [table.length], "float32")), t),
        x.shape.map((d, i) => (i === 0 ? d : 1)),
      );
      const guided = add(output.prediction, mul(at, slope(x, t, condition)));
      return output.variance ? concat([guided, output.variance], 1) : guided;
    },
  };
}

function guideFunction(
  denoise: DenoiserFunction,
  classify: ClassifierGradient,
  options: ClassifierGuidedOptions & { predicts?: PredictionType; shape?: readonly number[] },
): DenoiserFunction {
  const { schedule, scale = 1, form = "score", interval, predicts = "epsilon" } = options;
  const slope = async (x: FloatArray, t: number) =>
    within(t, interval)
      ? Float64Array.from(await classify(x, t), (v) => scale * v)
      : new Float64Array(x.length);
  if (form === "mean") {
    return Object.assign((x: FloatArray, t: number) => denoise(x, t), { gradient: slope });
  }
  return async (x, t) => {
    const g = await slope(x, t);
    const output = Float64Array.from(await denoise(x, t));
    const shift = shiftOf(predicts, schedule.level(t));
    if (output.length === x.length) return output.map((v, i) => v + shift * g[i]);
    const { shape } = options;
    if (!shape) throw new RangeError("shape is needed where the denoiser tells a variance too");
    // Only what is predicted moves; it stands in the first half of each sample's channels.
    splitRows(output, shape);
    const size = x.length / shape[0];
    for (let i = 0; i < x.length; i++) {
      output[i + size * Math.floor(i / size)] += shift * g[i];
    }
    return output;
  };
}

/** How far a prediction moves for each unit of the gradient; no signal, no telling of classes. */
function shiftOf(predicts: PredictionType, level: NoiseLevel): number {
  const { signal, noise } = level;
  const { p, q } = predictionRow(predicts, level);
  if (p === 0) return -noise * q;
  return signal === 0 ? 0 : -noise * (q - (p * noise) / signal);
}

/** The gradient of each row's `log p(class | x_t)`. */
function classGradient(
  classifier: Classifier,
  x: Expr,
  t: Expr,
  label: Conditions<Expr> | number | undefined,
): Expr {
  if (label === undefined) {
    throw new RangeError("classifier guidance needs a label or a condition, got neither");
  }
  if (typeof label !== "number" && !isSingle(label)) {
    throw new RangeError("classifier guidance needs a label where there are several conditions");
  }
  const logits = classifier.apply(x, t);
  const classes = Number(logits.shape[1]);
  const names = constant(tensor(Array.from({ length: classes }, (_, k) => k)));
  const wanted =
    typeof label === "number"
      ? constant(label)
      : reshape(cast(label, "float32"), [label.shape[0], 1]);
  const chosen = sum(mul(cast(equal(names, wanted), logits.dtype), logits), [1]);
  const [gradient] = gradients(sum(sub(chosen, logSumExp(logits, 1))), [x]);
  return gradient;
}
