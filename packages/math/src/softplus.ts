/** `log(1 + exp(a))`, with full relative accuracy for every finite `a`. */
export function softplus(a: number): number {
  return Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
}

/** `1 / (1 + exp(-a))`, with full relative accuracy for every finite `a`. */
export function sigmoid(a: number): number {
  const e = Math.exp(-Math.abs(a));
  return (a < 0 ? e : 1) / (1 + e);
}
