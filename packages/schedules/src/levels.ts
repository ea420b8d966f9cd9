import type { NoiseLevel } from "@gen/math";
import { checkArguments, rules } from "@gen/math/arguments";

/**
 * The level of signal 1 and noise sigma, which Karras et al. 2022 sample in.
 *
 * @param sigma The noise, 0 or more.
 * @throws RangeError when an argument is outside its range.
 */
export function varianceExplodingLevel(sigma: number): NoiseLevel {
  checkArguments({ sigma }, { sigma: rules.NOT_NEGATIVE });
  return { signal: 1, noise: sigma };
}

/**
 * The same ratio of noise to signal with `signal^2 + noise^2 = 1`.
 *
 * @param sigma The noise divided by the signal, 0 or more.
 * @throws RangeError when an argument is outside its range.
 */
export function variancePreservingLevel(sigma: number): NoiseLevel {
  checkArguments({ sigma }, { sigma: rules.NOT_NEGATIVE });
  const norm = Math.hypot(1, sigma);
  return { signal: 1 / norm, noise: sigma / norm };
}

/**
 * The variance preserving level of a log signal-to-noise ratio, `log(signal^2 / noise^2)` in nats:
 * `signal^2 = sigmoid(logSnr)`; infinite ratios are the clean level and pure noise.
 *
 * @param logSnr The log signal-to-noise ratio, in nats.
 * @throws RangeError when an argument is outside its range.
 */
export function logSnrLevel(logSnr: number): NoiseLevel {
  checkArguments({ logSnr }, { logSnr: rules.NUMBER });
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  return { signal: Math.sqrt(sigmoid(logSnr)), noise: Math.sqrt(sigmoid(-logSnr)) };
}

/**
 * The log signal-to-noise ratio of a level, `2 log(signal / noise)` in nats.
 *
 * @param level A noise level.
 * @throws RangeError when an argument is outside its range.
 */
export function logSnrOf(level: NoiseLevel): number {
  checkArguments({ level }, { level: rules.LEVEL });
  const { signal, noise } = level;
  return 2 * (Math.log(signal) - Math.log(noise));
}

/**
 * The level of a straight flow at time s in [0, 1]: `{ signal: 1 - s, noise: s }` (Lipman et al.
 * 2023; Liu et al. 2023), s first moved by `shift s / (1 + (shift - 1) s)` (Esser et al. 2024,
 * eq. 23).
 *
 * @param s The time, in [0, 1]; 0 is clean.
 * @param shift Above 1, more noise at the same time.
 * @throws RangeError when an argument is outside its range.
 */
export function flowLevel(s: number, shift = 1): NoiseLevel {
  checkArguments({ s, shift }, { s: rules.UNIT, shift: rules.NOT_NEGATIVE });
  const moved = (shift * s) / (1 + (shift - 1) * s);
  return { signal: 1 - moved, noise: moved };
}

/**
 * The linear schedule in continuous time s in [0, 1] (Song et al. 2021, eq. 33):
 * `signal^2 = exp(-s betaMin - s^2 (betaMax - betaMin) / 2)`, variance preserving.
 *
 * @param s The time, in [0, 1]; 0 is clean.
 * @param betaMin The rate of noise at time 0.
 * @param betaMax The rate of noise at time 1.
 * @throws RangeError when an argument is outside its range.
 */
export function continuousLinearLevel(s: number, betaMin = 0.1, betaMax = 20): NoiseLevel {
  checkArguments(
    { s, betaMin, betaMax },
    { s: rules.UNIT, betaMin: rules.FINITE, betaMax: rules.FINITE },
  );
  const exponent = s * betaMin + 0.5 * s * s * (betaMax - betaMin);
  return { signal: Math.exp(-0.5 * exponent), noise: Math.sqrt(-Math.expm1(-exponent)) };
}

/**
 * The cosine schedule in continuous time s in [0, 1], variance preserving and scaled to be clean at
 * s = 0 (Nichol and Dhariwal 2021, eq. 17): `signal = cos(v(s)) / cos(v(0))`,
 * `v(s) = (s + offset) / (1 + offset) * pi / 2`.
 *
 * @param s The time, in [0, 1]; 0 is clean.
 * @param offset Keeps the first levels from being too clean.
 * @throws RangeError when an argument is outside its range.
 */
export function continuousCosineLevel(s: number, offset = 0.008): NoiseLevel {
  checkArguments({ s, offset }, { s: rules.UNIT, offset: rules.FINITE });
  const angle = (at: number) => (((at + offset) / (1 + offset)) * Math.PI) / 2;
  const [now, start] = [angle(s), angle(0)];
  // cos^2 a - cos^2 b = sin(b - a) sin(b + a), which keeps its digits near s = 0.
  const noise = Math.sqrt(Math.sin(now - start) * Math.sin(now + start)) / Math.cos(start);
  return { signal: s === 1 ? 0 : Math.cos(now) / Math.cos(start), noise };
}
