import {
  add,
  cast,
  constant,
  type Expr,
  floor,
  gather,
  isFloat,
  reshape,
  tensor,
} from "@gen/graph";
import { checkArguments, rules } from "@gen/math/arguments";

/** Values `[batch]`, or `[1]` for all samples, reshaped to multiply `like` `[batch, ...]`. */
export const perSample = (values: Expr, like: Expr): Expr =>
  reshape(
    values,
    like.shape.map((_, i) => (i === 0 ? values.shape[0] : 1)),
  );

/**
 * The nearest whole time steps of t, int64.
 *
 * @param t Time steps `[batch]`, integers or floats.
 */
export function wholeTime(t: Expr): Expr {
  checkArguments({ t }, { t: rules.EXPRESSION });
  return isFloat(t.dtype) ? cast(floor(add(t, 0.5)), "int64") : t;
}

/**
 * A table's values at each sample's nearest t `[batch]`, to multiply `like` `[batch, ...]`.
 *
 * @param table A value for each time step, `[T]`.
 * @param t The samples' time steps, `[batch]`.
 * @param like What the values are to multiply, `[batch, ...]`.
 * @throws RangeError when an argument is of another kind.
 */
export function tableAt(table: Float64Array, t: Expr, like: Expr): Expr {
  checkArguments(
    { table, t, like },
    { table: rules.NUMBERS, t: rules.EXPRESSION, like: rules.EXPRESSION },
  );
  return perSample(gather(constant(tensor(table, [table.length], like.dtype)), wholeTime(t)), like);
}
