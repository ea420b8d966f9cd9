/*
 * The time axis of every figure: log SNR = log(signal^2 / noise^2). On an axis of time steps a
 * picture appears only in the last sixth; on this axis the change is even.
 */
import type { NoiseLevel } from "@gen/math";

/** The ends of the axis: almost pure noise, and points that look clean. */
export const logSnrRange = { from: -5, to: 8 } as const;

/** The moments of a figure's stills, for readers who prefer reduced motion. */
export const stillLogSnrs: readonly number[] = [-5, 0, 2, 4, 7];

/** The log SNR at a position in [0, 1] of the axis. */
export const logSnrAt = (at: number): number =>
  logSnrRange.from + at * (logSnrRange.to - logSnrRange.from);

/** The position of a log SNR on the axis. */
export const positionOf = (logSnr: number): number =>
  (logSnr - logSnrRange.from) / (logSnrRange.to - logSnrRange.from);

/** The variance-preserving level of a log SNR: `signal^2 = 1 / (1 + exp(-logSnr))`. */
export function levelOf(logSnr: number): NoiseLevel {
  return {
    signal: Math.sqrt(1 / (1 + Math.exp(-logSnr))),
    noise: Math.sqrt(1 / (1 + Math.exp(logSnr))),
  };
}
