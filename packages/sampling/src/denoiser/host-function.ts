import { type Expr, type Tensor, tensor, trace } from "@gen/graph";
import type { FloatArray } from "@gen/math";

type Tensors = Readonly<Record<string, Tensor>>;

let evaluator: Promise<typeof import("@gen/graph/evaluate")> | undefined;

/**
 * A formula over expressions as a function of tensors, evaluated in float64 on the host. It is
 * compiled once for each set of shapes; the evaluator is loaded by the first call.
 *
 * @throws as a rejection: what the formula throws, RangeError or TypeError for inputs that do not fit.
 */
export function hostFunction<Name extends string>(
  formula: (inputs: Record<string, Expr>) => Record<Name, Expr>,
) {
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
 * A formula of x, t `[1]` and what `given` finds for them as a function of numbers. Without a shape
 * all numbers of x count as one sample.
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

/** Numbers in float64 as a formula's input; a Float64Array is not copied. */
export const hostTensor = (values: ArrayLike<number>, shape: readonly number[]): Tensor =>
  tensor(values, shape, "float64");

/**
 * A denoiser's output as a tensor: of the shape of x, or with twice the channels (axis 1) where it
 * gives a variance too.
 *
 * @throws RangeError when the output is neither as large as x nor twice as large.
 */
export function outputTensor(output: FloatArray, shape: readonly number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const doubled = output?.length === 2 * size && shape.length > 1;
  if (!doubled && output?.length !== size) {
    throw new RangeError(
      `a denoiser must give as many numbers as x, ${size}, got ${output?.length}`,
    );
  }
  return hostTensor(
    output,
    shape.map((d, i) => (doubled && i === 1 ? 2 * d : d)),
  );
}
