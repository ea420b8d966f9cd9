import { constant, type Expr, expandLike, type Tensor } from "@gen/graph";
import type { Conditions } from "../denoiser/conditions.ts";
import type { Denoiser, DenoiserFunction } from "../denoiser/denoiser.ts";
import { combine, combineFunctions, type GuidanceOptions, requireGuidance } from "./combine.ts";

/** Conditions by name, a number being a label for every sample; a number alone is the only one. */
export type GuidanceCondition = number | Conditions<number | Tensor>;

/** How {@link classifierFree} guides. */
export interface ClassifierFreeOptions extends GuidanceOptions {
  /** 1 is the plain conditional model, 0 the unconditional one, more than 1 guides. */
  readonly scale: number;
  /**
   * The condition that means none: in `mlp` and `unet`, the number of classes. Of several, those
   * that are guided, by name; the others stay.
   */
  readonly unconditional: GuidanceCondition;
}

/** How {@link classifierFree} guides functions. */
export interface ClassifierFreeFunctionOptions extends GuidanceOptions {
  /** 1 is the plain conditional model, 0 the unconditional one, more than 1 guides. */
  readonly scale: number;
  /** The same model without its condition. */
  readonly unconditional: DenoiserFunction;
  /** The shape `[batch, ...]` of x. */
  readonly shape: readonly number[];
}

/** One of several conditions. */
export interface ComposedCondition<C = GuidanceCondition> {
  readonly condition: C;
  /** How strongly it counts; less than 0 steers away from it. */
  readonly scale: number;
}

/** What {@link compose} joins. */
export interface ComposeOptions extends GuidanceOptions {
  readonly unconditional: GuidanceCondition;
  readonly conditions: readonly ComposedCondition[];
}

/** What {@link compose} joins where the denoisers are functions, each the model under a condition. */
export interface ComposeFunctionOptions extends GuidanceOptions {
  readonly conditions: readonly ComposedCondition<DenoiserFunction>[];
  /** The shape `[batch, ...]` of x. */
  readonly shape: readonly number[];
}

/**
 * Classifier-free guidance: `u + scale (c - u)` with c the prediction under the condition that
 * `sample` is given and u the one without (Ho and Salimans 2022, eq. 6, whose w is scale - 1).
 *
 * The score that this gives is that of `p(x) p(condition | x)^scale` at each noise level.
 *
 * @throws RangeError when the scale is not finite or an option is outside its range; on use, when
 * no condition is given.
 */
export function classifierFree(denoiser: Denoiser, options: ClassifierFreeOptions): Denoiser;
export function classifierFree(
  conditional: DenoiserFunction,
  options: ClassifierFreeFunctionOptions,
): DenoiserFunction;
export function classifierFree(
  denoiser: Denoiser | DenoiserFunction,
  options: ClassifierFreeOptions | ClassifierFreeFunctionOptions,
): Denoiser | DenoiserFunction {
  const { scale, unconditional } = options;
  requireGuidance([scale], options);
  if (typeof denoiser === "function") {
    const guided = options as ClassifierFreeFunctionOptions;
    return combineFunctions(guided.unconditional, [denoiser], [scale], guided);
  }
  return {
    ...denoiser,
    apply(x, t, condition) {
      if (!condition) throw new RangeError("classifier-free guidance needs a condition, got none");
      if (scale === 1) return denoiser.apply(x, t, condition);
      const none = toConditionExprs(unconditional as GuidanceCondition, x, condition);
      const u = denoiser.apply(x, t, none);
      if (scale === 0 && !options.interval && !options.rescale) return u;
      return combine(x, t, u, [denoiser.apply(x, t, condition)], [scale], options);
    },
  };
}

/**
 * Several conditions at once: `u + sum_i scale_i (c_i - u)` (Liu et al. 2022), as if they
 * were independent given x. Of functions, the first argument is the unconditional model.
 *
 * @throws RangeError when there is no condition, a scale is not finite or an option is outside its
 * range.
 */
export function compose(denoiser: Denoiser, options: ComposeOptions): Denoiser;
export function compose(
  unconditional: DenoiserFunction,
  options: ComposeFunctionOptions,
): DenoiserFunction;
export function compose(
  denoiser: Denoiser | DenoiserFunction,
  options: ComposeOptions | ComposeFunctionOptions,
): Denoiser | DenoiserFunction {
  const scales = options.conditions.map(({ scale }) => scale);
  if (scales.length === 0) throw new RangeError("conditions must list at least one, got none");
  requireGuidance(scales, options);
  if (typeof denoiser === "function") {
    const functions = options as ComposeFunctionOptions;
    const models = functions.conditions.map(({ condition }) => condition);
    return combineFunctions(denoiser, models, scales, functions);
  }
  const { conditions, unconditional } = options as ComposeOptions;
  return {
    ...denoiser,
    apply(x: Expr, t: Expr) {
      const under = (condition: GuidanceCondition) =>
        denoiser.apply(x, t, toConditionExprs(condition, x, undefined, denoiser.condition));
      const c = conditions.map(({ condition }) => under(condition));
      return combine(x, t, under(unconditional), c, scales, options);
    },
  };
}

/** Converts each named condition. Conditions that only `given` has are kept. */
function toConditionExprs(
  condition: GuidanceCondition,
  x: Expr,
  given: Conditions<Expr> | undefined,
  wanted: object = given ?? { condition },
): Conditions<Expr> {
  const [name, ...others] = Object.keys(wanted);
  if (typeof condition === "number" && others.length > 0) {
    throw new RangeError("unconditional must be given by name, as the condition is");
  }
  const named = Object.entries(typeof condition === "number" ? { [name]: condition } : condition);
  const exprs = named.map(([k, v]) => [k, toConditionExpr(v, x, given?.[k])]);
  return { ...given, ...Object.fromEntries(exprs) };
}

/** A condition as the expression that a denoiser takes; a label is repeated for the whole batch. */
function toConditionExpr(condition: number | Tensor, x: Expr, given?: Expr): Expr {
  if (typeof condition !== "number") return constant(condition);
  const label = constant(condition, given?.dtype ?? "int64");
  if (given) return expandLike(label, given);
  const [batch] = x.shape;
  if (typeof batch !== "number") {
    throw new RangeError(`a composition needs a batch of known size, got ${batch}`);
  }
  return constant({
    dtype: "int64",
    shape: [batch],
    data: new BigInt64Array(batch).fill(BigInt(condition)),
  });
}
