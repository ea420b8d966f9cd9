const twoOverRootPi = 1.1283791670955126;

/**
 * The error function, to about 1e-15: `2/sqrt(pi) * e^(-x^2) * sum 2^n x^(2n+1) / (2n+1)!!`
 * near 0 (Abramowitz and Stegun 7.1.6), and the continued fraction 7.1.14 of its complement beyond.
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return Number.isNaN(a) ? a : Math.sign(x);
  const square = x * x;
  if (a < 2.5) {
    let term = x;
    let total = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
      term *= (2 * square) / (2 * n + 1);
      total += term;
    }
    return twoOverRootPi * Math.exp(-square) * total;
  }
  let tail = 0;
  for (let n = 60; n >= 1; n--) tail = n / 2 / (a + tail);
  const complement = (twoOverRootPi / 2) * (Math.exp(-square) / (a + tail));
  return Math.sign(x) * (1 - complement);
}
