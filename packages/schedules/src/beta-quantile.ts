/**
 * The quantile of the beta distribution: the x with `I_x(a, b) = p`, by halving, to the last digits.
 */
export function betaQuantile(p: number, a: number, b: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  // The nearer end keeps its digits.
  if (incompleteBeta(0.5, a, b) < p) return 1 - betaQuantile(1 - p, b, a);
  let [low, high] = [0, 0.5];
  for (let middle = 0.25; middle > low && middle < high; middle = (low + high) / 2) {
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return high;
}

/** `I_x(a, b)`, the share of the distribution below x, for x up to 1/2. */
const incompleteBeta = (x: number, a: number, b: number): number =>
  partialBeta(x, a, b) / (partialBeta(0.5, a, b) + partialBeta(0.5, b, a));

/** `B_x(a, b)` for x up to 1/2, by its power series (Abramowitz and Stegun 26.5.4). */
function partialBeta(x: number, a: number, b: number): number {
  let power = 1;
  let sum = 1 / a;
  for (let n = 1; Math.abs(power) > 1e-18 && n < 200; n++) {
    power *= ((n - b) / n) * x;
    sum += power / (a + n);
  }
  return x ** a * sum;
}
