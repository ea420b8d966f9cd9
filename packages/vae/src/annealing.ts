import { checkOptions, rules } from "@gen/math/arguments";

/**
 * A weight that rises in a line from `from` at step 0 to `to` at step `steps`, and stays (Bowman et
 * al. 2016, section 3.1, with another curve). For `beta` of `trainVae`.
 *
 * @param options The steps, and both ends.
 */
export function linearAnnealing(options: {
  /** Steps until the end. */
  readonly steps: number;
  /** The weight at step 0. @defaultValue 0 */
  readonly from?: number;
  /** The weight from step `steps` on. @defaultValue 1 */
  readonly to?: number;
}): (step: number) => number {
  checkOptions(options, { steps: rules.COUNT, ...ends });
  const { steps, from = 0, to = 1 } = options;
  return (step) => from + (to - from) * Math.min(step / steps, 1);
}

/**
 * A weight that rises from `from` to `to` in each of several cycles (Fu et al. 2019, eq. 6 and 7):
 * in a line over the first `ratio` of the cycle's steps, then it stays. For `beta` of `trainVae`.
 *
 * @param options The steps in all, the cycles, and both ends.
 */
export function cyclicAnnealing(options: {
  /** Steps of the training. */
  readonly steps: number;
  /** Cycles in these steps. @defaultValue 4 */
  readonly cycles?: number;
  /** The share of a cycle in which the weight rises, in (0, 1]. @defaultValue 0.5 */
  readonly ratio?: number;
  /** The weight at the start of a cycle. @defaultValue 0 */
  readonly from?: number;
  /** The weight at the end of a cycle. @defaultValue 1 */
  readonly to?: number;
}): (step: number) => number {
  checkOptions(options, {
    steps: rules.COUNT,
    cycles: rules.optional(rules.COUNT),
    ratio: rules.optional(SHARE),
    ...ends,
  });
  const { steps, cycles = 4, ratio = 0.5, from = 0, to = 1 } = options;
  const length = steps / cycles;
  const place = (step: number) => (step % Math.ceil(length)) / length;
  return (step) => from + (to - from) * Math.min(place(step) / ratio, 1);
}

const ends = {
  from: rules.optional(rules.NOT_NEGATIVE),
  to: rules.optional(rules.NOT_NEGATIVE),
};

const SHARE = [
  "in (0, 1]",
  (value: unknown) => typeof value === "number" && value > 0 && value <= 1,
] as const;
