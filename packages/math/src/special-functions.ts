/** `log(1 + exp(a))`, with full relative accuracy for every finite `a`. */
export function softplus(a: number): number {
  return Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
}

/** `1 / (1 + exp(-a))`, with full relative accuracy for every finite `a`. */
export function sigmoid(a: number): number {
  const e = Math.exp(-Math.abs(a));
  return (a < 0 ? e : 1) / (1 + e);
}

/** `log(1 + u) - u` with full relative accuracy; never positive. */
export function log1pMinus(u: number): number {
  if (Math.abs(u) > 0.01) return Math.log1p(u) - u;
  let sum = 0;
  for (let k = 10; k >= 2; k--) sum = -1 / k - sum * u;
  return sum * u * u;
}

/** `exp(d) - 1 - d` with full relative accuracy; never negative. */
export function expm1Minus(d: number): number {
  if (Math.abs(d) > 0.01) return Math.expm1(d) - d;
  let sum = 0;
  for (let k = 10; k >= 2; k--) sum = (1 + sum * d) / k;
  return sum * d * d;
}

/**
 * The KL of two Gaussians with equal means, `r^2 / 2 - 1/2 - log r` with `r = sigma / other`, in
 * nats.
 */
export function klSpread(sigma: number, other: number): number {
  const u = (sigma - other) / other;
  if (u > -0.5 && u < 1) return klSpreadNear(u);
  const r = sigma / other;
  return 0.5 * (r - 1) * (r + 1) - (Math.log(sigma) - Math.log(other));
}

/** The same for `r = 1 + u` with a small `u` that is known to its last digit. */
export function klSpreadNear(u: number): number {
  return 0.5 * u * u - log1pMinus(u);
}
