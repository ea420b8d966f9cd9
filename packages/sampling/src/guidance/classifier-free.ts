import {
  add,
  constant,
  div,
  type Expr,
  expandLike,
  maximum,
  mean,
  mul,
  sqrt,
  square,
  sub,
  type Tensor,
} from "@gen/graph";
import type { FloatArray } from "@gen/math";
import type { Conditions } from "../denoiser/conditions.ts";
import {
  changePrediction,
  type Denoiser,
  type DenoiserFunction,
  splitVariance,
} from "../denoiser/denoiser.ts";
import { hostFormula, outputTensor } from "../denoiser/host-function.ts";
import type { SampleOptions } from "../run/sample-options.ts";
import { type GuidanceOptions, requireGuidance, whereWithin } from "./guidance-options.ts";

/** Conditions by name, or the label of the only condition; a number labels every sample. */
export type GuidanceCondition = number | Conditions<number | Tensor>;

/** The options of {@link classifierFree}. */
export interface ClassifierFreeOptions<C = GuidanceCondition> extends GuidanceOptions {
  /** 1 is the plain conditional model, 0 the unconditional model, more than 1 guides. */
  readonly scale: number;
  /**
   * The condition that means none: in `mlp` and `unet`, the number of classes. With several
   * conditions, the guided ones by name; the others stay. For functions: the unconditional model.
   */
  readonly unconditional: C;
}

/** The options of {@link compose}. */
export interface ComposeOptions<C = GuidanceCondition> extends GuidanceOptions {
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
 * The result has the score of `p(x) p(condition | x)^scale` at each noise level.
 *
 * @throws RangeError when the scale is not finite or an option is outside its range; on use, when
 * no condition is given.
 */
export function classifierFree(denoiser: Denoiser, options: ClassifierFreeOptions): Denoiser;
export function classifierFree(
  conditional: DenoiserFunction,
  options: ClassifierFreeOptions<DenoiserFunction> & FunctionShape,
): DenoiserFunction;
export function classifierFree(
  denoiser: Denoiser | DenoiserFunction,
  options: ClassifierFreeOptions<GuidanceCondition | DenoiserFunction> & Partial<FunctionShape>,
): Denoiser | DenoiserFunction {
  const { scale, unconditional } = options;
  requireGuidance([scale], options);
  if (typeof denoiser === "function") {
    return combineFunctions(unconditional as DenoiserFunction, [denoiser], [scale], options);
  }
  return {
    ...denoiser,
    apply(x, t, condition) {
      if (!condition) throw new RangeError("classifier-free guidance needs a condition, got none");
      if (scale === 1) return denoiser.apply(x, t, condition);
      const none = toConditionExprs(unconditional as GuidanceCondition, t, condition);
      const u = denoiser.apply(x, t, none);
      if (scale === 0 && !options.interval && !options.rescale) return u;
      return combine(x, t, u, [denoiser.apply(x, t, condition)], [scale], options);
    },
  };
}

/**
 * Several conditions at once: `u + sum_i scale_i (c_i - u)` (Liu et al. 2022), which treats the
 * conditions as independent given x. Of functions, the first argument is the unconditional model.
 *
 * @throws RangeError when there is no condition, a scale is not finite or an option is outside its
 * range.
 */
export function compose(
  denoiser: Denoiser,
  options: ComposeOptions & Pick<ClassifierFreeOptions, "unconditional">,
): Denoiser;
export function compose(
  unconditional: DenoiserFunction,
  options: ComposeOptions<DenoiserFunction> & FunctionShape,
): DenoiserFunction;
export function compose(
  denoiser: Denoiser | DenoiserFunction,
  options: ComposeOptions<GuidanceCondition | DenoiserFunction> &
    Partial<Pick<ClassifierFreeOptions, "unconditional"> & FunctionShape>,
): Denoiser | DenoiserFunction {
  const scales = options.conditions.map(({ scale }) => scale);
  const conditions = options.conditions.map(({ condition }) => condition);
  if (scales.length === 0) throw new RangeError("conditions must list at least one, got none");
  requireGuidance(scales, options);
  if (typeof denoiser === "function") {
    return combineFunctions(denoiser, conditions as DenoiserFunction[], scales, options);
  }
  return {
    ...denoiser,
    apply(x: Expr, t: Expr) {
      const [u, ...c] = [options.unconditional, ...conditions].map((condition) => {
        const given = condition as GuidanceCondition;
        return denoiser.apply(x, t, toConditionExprs(given, t, undefined, denoiser.condition));
      });
      return combine(x, t, u, c, scales, options);
    },
  };
}

/** `u + sum_i scale_i (c_i - u)` of denoisers' outputs; the learned variance is the first c's. */
function combine(
  x: Expr,
  t: Expr,
  unconditional: Expr,
  conditional: readonly Expr[],
  scales: readonly number[],
  { interval, rescale = 0 }: GuidanceOptions,
): Expr {
  const base = splitVariance(unconditional, x).prediction;
  const predictions = conditional.map((output) => splitVariance(output, x).prediction);
  const weighted = (weights: readonly number[]) =>
    predictions.reduce((total, c, i) => add(total, mul(sub(c, base), weights[i])), base);
  return changePrediction(conditional[0], x, () => {
    let guided = weighted(scales);
    if (rescale === 0 && !interval) return guided;
    // Scales that sum to 1 in the same proportions: the same conditions without guidance.
    const sum = scales.reduce((a, b) => a + b, 0);
    const plain = weighted(scales.map((scale) => (sum === 0 ? 1 / scales.length : scale / sum)));
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
): DenoiserFunction {
  const { shape } = options as FunctionShape;
  if (scales.length === 1 && scales[0] === 1) return conditional[0];
  const models = [["u", unconditional] as const, ...Object.entries(conditional)];
  const outputs = async (x: FloatArray, t: number) => {
    const all = models.map(async ([name, model]) => {
      return [name, outputTensor(await model(x, t), shape)] as const;
    });
    return Object.fromEntries(await Promise.all(all));
  };
  return hostFormula(shape, outputs, ({ x, t, u, ...c }) =>
    combine(x, t, u, Object.values(c), scales, options),
  );
}

/**
 * The conditions as expressions; a label is repeated for every sample of t `[batch]`. Conditions
 * that only `given` has are kept.
 */
function toConditionExprs(
  condition: GuidanceCondition,
  t: Expr,
  given: Conditions<Expr> | undefined,
  wanted: object = given ?? { condition },
): Conditions<Expr> {
  const [name, ...others] = Object.keys(wanted);
  if (typeof condition === "number" && others.length > 0) {
    throw new RangeError("unconditional must be given by name, as the condition is");
  }
  const named = Object.entries(typeof condition === "number" ? { [name]: condition } : condition);
  const exprs = named.map(([name, value]) => {
    if (typeof value !== "number") return [name, constant(value)];
    const like = given?.[name];
    return [name, expandLike(constant(value, like?.dtype ?? "int64"), like ?? t)];
  });
  return { ...given, ...Object.fromEntries(exprs) };
}
