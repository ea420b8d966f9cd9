import { type Expr, type Tensor, tensor, trace } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import { ArgumentError, checkArguments, rules, shown } from "@gen/math/arguments";
import { sizeOf } from "./shapes.ts";

/** Tensors by name. */
type Tensors = Readonly<Record<string, Tensor>>;

let evaluator: Promise<typeof import("@gen/graph/evaluate")> | undefined;

/**
 * A formula over expressions as a function of tensors, evaluated in float64 on the host. It is
 * compiled once for each set of shapes; the first call loads the evaluator.
 *
 * @param formula Expressions by name to expressions by name.
 * @throws as a rejection: the formula's errors, RangeError for inputs that do not fit.
 */
export function hostFunction<Name extends string>(
  formula: (inputs: Record<string, Expr>) => Record<Name, Expr>,
) {
  checkArguments({ formula }, { formula: rules.FUNCTION });
  const compiled = new Map<string, (inputs: Tensors) => Record<string, Tensor>>();
  return async (inputs: Tensors): Promise<Record<Name, Tensor>> => {
    evaluator ??= import("@gen/graph/evaluate");
    const { compileEvaluation } = await evaluator;
    let key = "";
    for (const name of Object.keys(inputs)) key += `${name}:${inputs[name].shape};`;
    const evaluate = compiled.get(key) ?? compileEvaluation(trace(formula, inputs));
    compiled.set(key, evaluate);
    return evaluate(inputs) as Record<Name, Tensor>;
  };
}

/**
 * A formula of x, t `[1]` and the tensors of `given` as a function of numbers. Without a shape all
 * numbers of x are one sample.
 */
export function hostFormula(
  shape: readonly number[] | undefined,
  given: (x: FloatArray, t: number) => Promise<Tensors>,
  formula: (inputs: Record<string, Expr>) => Expr,
): (x: FloatArray, t: number) => Promise<Float64Array> {
  const evaluate = hostFunction((inputs) => ({ y: formula(inputs) }));
  return async (x, t) => {
    const at = { x: hostTensor(x, shape ?? [1, x.length]), t: hostTensor([t], [1]) };
    const { y } = await evaluate({ ...at, ...(await given(x, t)) });
    return y.data as Float64Array;
  };
}

/**
 * Numbers as a float64 tensor, for the input of a formula; a Float64Array is not copied.
 *
 * @param values The numbers, row-major.
 * @param shape The tensor's shape; its product is the count of numbers.
 */
export function hostTensor(values: ArrayLike<number>, shape: readonly number[]): Tensor {
  checkArguments({ values, shape }, { values: rules.NUMBERS, shape: rules.listOf(rules.INDEX) });
  return tensor(values, shape, "float64");
}

/**
 * A denoiser's output as a tensor: in the shape of x, or with twice the channels (axis 1) if it has
 * a variance too.
 *
 * @param output The denoiser's numbers, row-major.
 * @param shape The shape of x, `[batch, channels, ...]`.
 * @throws RangeError when the output is neither as large as x nor twice as large.
 */
export function outputTensor(output: FloatArray, shape: readonly number[]): Tensor {
  checkArguments({ shape }, { shape: rules.SIZES });
  const size = sizeOf(shape);
  if (output?.length === size) return hostTensor(output, shape);
  const [batch, channels, ...rest] = shape;
  if (output?.length === 2 * size && channels !== undefined) {
    return hostTensor(output, [batch, 2 * channels, ...rest]);
  }
  throw new ArgumentError(
    `a denoiser's output must be ${size} numbers, as x is, got ${rules.NUMBERS[1](output) ? output.length : shown(output)}`,
  );
}
