import { add, div, type Expr, minimum, mul, reshape, sqrt, square, sum } from "@gen/graph";

/** The Euclidean norm of all elements of all expressions, a scalar. */
export const globalNorm = (parts: readonly Expr[]): Expr =>
  sqrt(parts.map((part) => sum(square(part))).reduce((a, b) => add(a, b)));

/**
 * Multiplies gradients by `min(1, limit / (norm + 1e-6))` of their global norm, as PyTorch's
 * `clip_grad_norm_` (Pascanu, Mikolov and Bengio 2013, algorithm 1).
 * @throws RangeError when `limit` is not above 0.
 */
export function clipByGlobalNorm(gradients: readonly Expr[], limit: number): Expr[] {
  if (!(limit > 0)) throw new RangeError(`clipNorm must be above 0, got ${limit}`);
  const factor = minimum(div(limit, add(globalNorm(gradients), 1e-6)), 1);
  const factorLike = ({ shape }: Expr) => reshape(factor, Array(shape.length).fill(1));
  return gradients.map((gradient) => mul(gradient, factorLike(gradient)));
}
