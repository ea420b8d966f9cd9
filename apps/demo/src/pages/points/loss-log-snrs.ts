/** The log SNR of each noise level whose loss is shown, from almost clean to almost noise. */
export const lossLogSnrs = [4, 2, 0, -2, -4] as const;

/** The losses at `lossLogSnrs`. */
export interface LevelLosses {
  readonly learned: readonly number[];
  readonly least: readonly number[];
}
