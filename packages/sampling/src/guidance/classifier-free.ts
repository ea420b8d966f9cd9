import {
  add,
  cast,
  concat,
  constant,
  div,
  type Expr,
  expandLike,
  maximum,
  mean,
  mul,
  type Signature,
  slice,
  sqrt,
  square,
  sub,
} from "@gen/graph";
import type { FloatArray } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { repeatRow } from "../denoiser/batch.ts";
import {
  type ConditionOption,
  type Conditions,
  conditionTensor,
  valuesByName,
} from "../denoiser/conditions.ts";
import {
  changePrediction,
  type Denoiser,
  type DenoiserFunction,
  splitVariance,
} from "../denoiser/denoiser.ts";
import { hostFormula, outputTensor } from "../denoiser/host-function.ts";
import { DENOISER } from "../run/run-rules.ts";
import type { SampleOptions } from "../run/sample-options.ts";
import { type GuidanceOptions, requireGuidance, whereWithin } from "./guidance-options.ts";

/** The options of {@link classifierFree}. */
export interface ClassifierFreeOptions<C = ConditionOption> extends GuidanceOptions {
  /** 1 is the plain conditional model, 0 the unconditional model, more than 1 guides. */
  readonly scale: number;
  /**
   * The condition that means none: in `mlp` and `unet`, the number of classes. With several
   * conditions, the guided ones by name; the others stay. For functions: the unconditional model.
   */
  readonly unconditional: C;
  /**
   * A condition with a scale of its own, such as the image that an editor changes: what means
   * none of it, beside `unconditional`. For functions: the model under neither.
   * @defaultValue none
   */
  readonly second?: {
    /** The scale of the second condition. */
    readonly scale: number;
    /** What means none of it; for functions, the model under neither condition. */
    readonly unconditional: C;
  };
}

/** The options of {@link compose}. */
export interface ComposeOptions<C = ConditionOption> extends GuidanceOptions {
  /** The conditions, each with its weight. */
  readonly conditions: readonly {
    /** The condition; for functions, the model under the condition. */
    readonly condition: C;
    /** The condition's weight; less than 0 steers away from the condition. */
    readonly scale: number;
  }[];
}

/** The shape `[batch, ...]` of the x that functions take. */
type FunctionShape = Pick<SampleOptions, "shape">;

/**
 * Classifier-free guidance: `u + scale (c - u)` with c the prediction under the condition that
 * `sample` is given and u the prediction without a condition (Ho and Salimans 2022, eq. 6, whose w
 * is scale - 1).
 *
 * The result has the score of `p(x) p(condition | x)^scale` at each noise level. With a second
 * condition it is `u + scale (c - i) + second.scale (i - u)`, i under the second condition alone and u
 * under neither (Brooks et al. 2023, eq. 3).
 *
 * @param denoiser A denoiser that knows its condition and none.
 * @param options The scale, what means no condition, and where guidance acts.
 * @throws RangeError when the scale is not finite or an option is outside its range; on use, when
 * no condition is given.
 */
export function classifierFree(denoiser: Denoiser, options: ClassifierFreeOptions): Denoiser;
/**
 * {@link classifierFree} of functions of numbers, which run in float64 on the host.
 *
 * @param conditional The denoiser under the condition.
 * @param options The scale, the denoiser without a condition, and the shape `[batch, ...]` of x.
 */
export function classifierFree(
  conditional: DenoiserFunction,
  options: ClassifierFreeOptions<DenoiserFunction> & FunctionShape,
): DenoiserFunction;
export function classifierFree(
  denoiser: Denoiser | DenoiserFunction,
  options: ClassifierFreeOptions<ConditionOption | DenoiserFunction> & Partial<FunctionShape>,
): Denoiser | DenoiserFunction {
  checkArguments({ denoiser, options }, { denoiser: DENOISER, options: rules.OBJECT });
  const { scale, unconditional, second } = options;
  checkArguments(options, { second: rules.optional(SECOND) });
  requireGuidance(second ? [scale, second.scale] : [scale], options);
  // A second condition guides from neither: u + scale (c - u) + (second.scale - scale) (i - u).
  const scales = second ? [scale, second.scale - scale] : [scale];
  const ratios = second && [1, 0];
  if (typeof denoiser === "function") {
    const none = unconditional as DenoiserFunction;
    if (!second) return combineFunctions(none, [denoiser], scales, options);
    const neither = second.unconditional as DenoiserFunction;
    return combineFunctions(neither, [denoiser, none], scales, options, ratios);
  }
  const isOne = scale === 1 && !second;
  return {
    ...denoiser,
    batch: isOne ? denoiser.batch : sharedBatch(denoiser, 1 + scales.length),
    apply(x, t, condition) {
      if (!condition)
        throw new ArgumentError("classifier-free guidance needs a condition, got none");
      if (isOne) return denoiser.apply(x, t, condition);
      const none = toConditionExprs(unconditional as ConditionOption, t, condition);
      if (second) {
        const neither = toConditionExprs(second.unconditional as ConditionOption, t, none);
        const [u, i, c] = outputsUnder(denoiser, x, t, [neither, none, condition]);
        return combine(x, t, u, [c, i], scales, options, ratios);
      }
      const isPlain = scale === 0 && !options.interval && !options.rescale;
      if (isPlain) return denoiser.apply(x, t, none);
      const [u, c] = outputsUnder(denoiser, x, t, [none, condition]);
      return combine(x, t, u, [c], scales, options);
    },
  };
}

/**
 * Several conditions at once: `u + sum_i scale_i (c_i - u)` (Liu et al. 2022), which treats the
 * conditions as independent given x. Of functions, the first argument is the unconditional model.
 *
 * @param denoiser A denoiser that knows its condition and none.
 * @param options The weighted conditions and what means no condition.
 * @throws RangeError when there is no condition, a scale is not finite or an option is outside its
 * range.
 */
export function compose(
  denoiser: Denoiser,
  options: ComposeOptions & Pick<ClassifierFreeOptions, "unconditional">,
): Denoiser;
/**
 * {@link compose} of functions of numbers, which run in float64 on the host.
 *
 * @param unconditional The denoiser without a condition.
 * @param options The weighted denoisers under each condition, and the shape `[batch, ...]` of x.
 */
export function compose(
  unconditional: DenoiserFunction,
  options: ComposeOptions<DenoiserFunction> & FunctionShape,
): DenoiserFunction;
export function compose(
  denoiser: Denoiser | DenoiserFunction,
  options: ComposeOptions<ConditionOption | DenoiserFunction> &
    Partial<Pick<ClassifierFreeOptions, "unconditional"> & FunctionShape>,
): Denoiser | DenoiserFunction {
  checkArguments({ denoiser }, { denoiser: DENOISER });
  checkOptions(options, { conditions: CONDITIONS });
  const scales = options.conditions.map(({ scale }) => scale);
  const conditions = options.conditions.map(({ condition }) => condition);
  if (scales.length === 0) throw new ArgumentError("conditions must list at least one, got none");
  requireGuidance(scales, options);
  if (typeof denoiser === "function") {
    return combineFunctions(denoiser, conditions as DenoiserFunction[], scales, options);
  }
  return {
    ...denoiser,
    batch: sharedBatch(denoiser, scales.length + 1),
    apply(x: Expr, t: Expr) {
      const all = [options.unconditional, ...conditions].map((condition) =>
        toConditionExprs(condition as ConditionOption, t, undefined, denoiser.condition),
      );
      const [u, ...c] = outputsUnder(denoiser, x, t, all);
      return combine(x, t, u, c, scales, options);
    },
  };
}

const CONDITIONS = rules.listOf(rules.having("{ condition, scale }", { scale: rules.NUMBER }));

/** The samples that a network of fixed batch serves in one run, under `count` conditions each. */
const sharedBatch = ({ batch }: Denoiser, count: number): number | undefined =>
  batch && Math.max(1, Math.floor(batch / count));

/** The outputs under each of several conditions; a network of fixed batch takes all at once. */
function outputsUnder(
  denoiser: Denoiser,
  x: Expr,
  t: Expr,
  conditions: readonly Conditions<Expr>[],
): Expr[] {
  const [rows] = x.shape;
  const names = Object.keys(conditions[0]);
  const isAlike = conditions.every(
    (one) => Object.keys(one).length === names.length && names.every((name) => name in one),
  );
  if (denoiser.batch === undefined || typeof rows !== "number" || !isAlike) {
    return conditions.map((condition) => denoiser.apply(x, t, condition));
  }
  const join = (parts: readonly Expr[]) =>
    concat(
      parts.map((part) => cast(repeatRow(part, rows), parts[0].dtype)),
      0,
    );
  const joined = names.map((name) => {
    return [name, join(conditions.map((condition) => condition[name]))];
  });
  const [xs, ts] = [x, t].map((e) => join(conditions.map(() => e)));
  const outputs = denoiser.apply(xs, ts, Object.fromEntries(joined));
  return conditions.map((_, i) => slice(outputs, 0, i * rows, (i + 1) * rows));
}

const SECOND = rules.having("{ scale, unconditional }", { scale: rules.NUMBER });

/** Scales that sum to 1 in the same proportions: the same conditions without guidance. */
function ratiosOf(scales: readonly number[]): number[] {
  const sum = scales.reduce((a, b) => a + b, 0);
  return scales.map((scale) => (sum === 0 ? 1 / scales.length : scale / sum));
}

/** `u + sum_i scale_i (c_i - u)` of denoisers' outputs; the learned variance is the first c's. */
function combine(
  x: Expr,
  t: Expr,
  unconditional: Expr,
  conditional: readonly Expr[],
  scales: readonly number[],
  { interval, rescale = 0 }: GuidanceOptions,
  ratios: readonly number[] = ratiosOf(scales),
): Expr {
  const base = splitVariance(unconditional, x).prediction;
  const predictions = conditional.map((output) => splitVariance(output, x).prediction);
  const weighted = (weights: readonly number[]) =>
    predictions.reduce((total, c, i) => add(total, mul(sub(c, base), weights[i])), base);
  return changePrediction(conditional[0], x, () => {
    let guided = weighted(scales);
    if (rescale === 0 && !interval) return guided;
    const plain = weighted(ratios);
    if (rescale > 0) {
      const ratio = div(spread(plain), maximum(spread(guided), 1e-12));
      guided = mul(guided, add(mul(ratio, rescale), 1 - rescale));
    }
    return whereWithin(t, interval, guided, plain);
  });
}

/** The standard deviation over each sample, as `[batch, 1, ...]`. */
function spread(x: Expr): Expr {
  const axes = x.shape.map((_, i) => i).slice(1);
  return sqrt(mean(square(sub(x, mean(x, axes, true))), axes, true));
}

/** {@link combine} for functions on x of shape `[batch, ...]`. */
function combineFunctions(
  unconditional: DenoiserFunction,
  conditional: readonly DenoiserFunction[],
  scales: readonly number[],
  options: GuidanceOptions & Partial<FunctionShape>,
  ratios?: readonly number[],
): DenoiserFunction {
  const { shape } = options as FunctionShape;
  if (scales.length === 1 && scales[0] === 1) return conditional[0];
  const models = [["u", unconditional] as const, ...Object.entries(conditional)];
  const outputs = async (x: FloatArray, t: number) => {
    const all = models.map(async ([name, model]) => {
      return [name, outputTensor(await model(x.slice(), t), shape)] as const;
    });
    return Object.fromEntries(await Promise.all(all));
  };
  return hostFormula(shape, outputs, ({ x, t, u, ...c }) =>
    combine(x, t, u, Object.values(c), scales, options, ratios),
  );
}

/**
 * The conditions as expressions, if they are none yet; a number is repeated in the shape of the given condition, or for
 * every sample of t `[batch]`. Conditions that only `given` has are kept.
 */
function toConditionExprs(
  condition: ConditionOption,
  t: Expr,
  given: Conditions<Expr> | undefined,
  wanted: Conditions<Signature> | undefined = given,
): Conditions<Expr> {
  const names = Object.keys(wanted ?? { condition });
  if (typeof condition === "number" && names.length > 1) {
    throw new ArgumentError("unconditional must be given by name, as the condition is");
  }
  const exprs = Object.entries(valuesByName(condition, names)).map(([name, value]) => {
    const like = given?.[name];
    if (typeof value === "object" && "op" in value) return [name, value as unknown as Expr];
    if (typeof value !== "number")
      return [name, constant(conditionTensor(name, value, wanted?.[name]))];
    return [name, expandLike(constant(value, like?.dtype ?? "int64"), like ?? t)];
  });
  return { ...given, ...Object.fromEntries(exprs) };
}
