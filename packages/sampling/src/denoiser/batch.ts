import { concat, type Dim, type Expr, expand, slice } from "@gen/graph";
import { checkArguments, rules } from "@gen/math/arguments";

/** A row `[1, ...]` repeated to `[rows, ...]`; any other value, and a symbolic batch, as it is. */
export const repeatRow = (x: Expr, rows: Dim): Expr =>
  x.shape[0] === 1 && typeof rows === "number" ? expand(x, [rows, ...x.shape.slice(1)]) : x;

/** The largest batch that a file may fix; a larger one would only fill memory. */
const LARGEST = 4096;

/** The first usable number among the batches of a file's inputs. */
export const fixedBatch = (...batches: (Dim | undefined)[]): number | undefined =>
  batches.find((d): d is number => typeof d === "number" && d > 0 && d <= LARGEST);

/**
 * A model's output for inputs `[rows, ...]`. A model whose batch is a number runs once for each
 * `batch` rows; the last part repeats its last row.
 *
 * @param given The batch that the model's file fixes; a name or undefined where any batch fits.
 * @param inputs The model's inputs, `[rows, ...]` each; the first one gives the rows.
 * @param model The model, for inputs `[batch, ...]`.
 */
export function runInParts(
  given: Dim | undefined,
  inputs: readonly Expr[],
  model: (...inputs: Expr[]) => Expr,
): Expr {
  checkArguments(
    { given, inputs, model },
    {
      given: rules.optional(rules.either(rules.COUNT, rules.TEXT)),
      inputs: rules.listOf(rules.EXPRESSION, 1),
      model: rules.FUNCTION,
    },
  );
  const [rows] = inputs[0].shape;
  const batch = fixedBatch(given);
  if (batch === undefined || rows === batch || typeof rows !== "number") return model(...inputs);
  const part = (x: Expr, first: number): Expr => {
    const end = Math.min(first + batch, rows);
    const own = slice(x, 0, first, end);
    const missing = first + batch - end;
    return missing ? concat([own, repeatRow(slice(x, 0, end - 1, end), missing)], 0) : own;
  };
  const parts = Array.from({ length: Math.ceil(rows / batch) }, (_, i) =>
    model(...inputs.map((x) => part(x, i * batch))),
  );
  return slice(concat(parts, 0), 0, 0, rows);
}
