import { ArgumentError, checkArguments, rules } from "@gen/math/arguments";
/**
 * Betas rescaled so that the last level holds no signal (Lin et al. 2023, algorithm 1):
 * `sqrt(alphasCumprod)` is shifted to end at 0 and scaled to keep its first value.
 *
 * @param betas The variances of the steps, `[length]`, in [0, 1].
 * @throws RangeError on fewer than 2 betas, or when a step but the last already has the last level's
 * signal.
 */
export function rescaleBetasZeroSnr(betas: ArrayLike<number>): Float64Array {
  checkArguments({ betas }, { betas: rules.NUMBERS });
  if (betas.length < 2) {
    throw new ArgumentError(
      `betas must be 2 or more to be rescaled to zero SNR, got ${betas.length}`,
    );
  }
  let product = 1;
  const signals = Float64Array.from(betas, (beta) => {
    product *= 1 - beta;
    return Math.sqrt(product);
  });
  const first = signals[0];
  const last = signals[signals.length - 1];
  const early = signals.findIndex((signal, t) => t < signals.length - 1 && !(signal > last));
  if (early >= 0) {
    throw new ArgumentError(
      `betas must lower the signal until the last step to be rescaled to zero SNR, got signal ${signals[early]} at t = ${early} and ${last} at the end`,
    );
  }
  const squares = signals.map((signal) => ((signal - last) * (first / (first - last))) ** 2);
  return squares.map((square, t) => 1 - (t === 0 ? square : square / squares[t - 1]));
}
