import { log1pMinus } from "./small-differences.ts";

/** `r^2 / 2 - 1/2 - log r` for `r = sigma / other`: the KL of two Gaussians of one mean, in nats. */
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
