import { cleanLevel, type NoiseLevel, posteriorCoefficients } from "@gen/math";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { flowLevel } from "./levels.ts";
import { stepCount } from "./linspace.ts";
import type { NoiseSchedule } from "./noise-schedule.ts";

/** Options of {@link flowSchedule}. */
export interface FlowScheduleOptions {
  /** How many training steps. @defaultValue 1000 */
  readonly steps?: number;
  /** Above 1, more steps where there is more noise (Esser et al. 2024, eq. 23). @defaultValue 1 */
  readonly shift?: number;
}

/**
 * A straight flow at T steps: `{ signal: 1 - s, noise: s }` at `s = (t + 1) / T`, shifted, so that
 * the last step holds no signal (Lipman et al. 2023; Liu et al. 2023).
 *
 * It preserves no variance, so the tables are those of its levels: `alphasCumprod` is the square of
 * the signal, `betas` the variance added at each step, and the noise stands where
 * `sqrt(1 - alphasCumprod)` does elsewhere.
 *
 * @throws RangeError when steps is no positive integer or shift is negative or not finite.
 */
export function flowSchedule(options: FlowScheduleOptions = {}): NoiseSchedule {
  checkOptions(options, {
    steps: rules.optional(rules.COUNT),
    shift: rules.optional(rules.NOT_NEGATIVE),
  });
  const { steps = 1000, shift = 1 } = options;
  return new FlowSchedule(stepCount(steps), shift);
}

class FlowSchedule implements NoiseSchedule {
  readonly setAlphaToOne = true;
  readonly rescaleBetasZeroSnr = false;
  readonly #levels: readonly NoiseLevel[];

  constructor(
    readonly length: number,
    readonly shift: number,
  ) {
    this.#levels = Array.from({ length }, (_, t) =>
      Object.freeze(flowLevel((t + 1) / length, shift)),
    );
  }

  get spec() {
    return { kind: "flow", shift: this.shift } as const;
  }

  level(t: number): NoiseLevel {
    const level = t === -1 ? cleanLevel : this.#levels[t];
    if (level) return level;
    throw new ArgumentError(`t must be an integer in -1..${this.length - 1}, got ${t}`);
  }

  get betas() {
    return this.#table(({ noise }, before, alpha) => noise ** 2 - alpha * before.noise ** 2);
  }

  get alphas() {
    return this.#table((_, __, alpha) => alpha);
  }

  get alphasCumprod() {
    return this.#table(({ signal }) => signal ** 2);
  }

  get alphasCumprodPrev() {
    return this.#table((_, before) => before.signal ** 2);
  }

  get sqrtAlphasCumprod() {
    return this.#table(({ signal }) => signal);
  }

  get sqrtOneMinusAlphasCumprod() {
    return this.#table(({ noise }) => noise);
  }

  get sqrtRecipAlphasCumprod() {
    return this.#table(({ signal }) => 1 / signal);
  }

  get sigmas() {
    return this.#table(({ signal, noise }) => noise / signal);
  }

  get snr() {
    return this.#table(({ signal, noise }) => (signal / noise) ** 2);
  }

  get logSnr() {
    return this.snr.map(Math.log);
  }

  get posteriorVariance() {
    return this.#table((now, before) => posteriorCoefficients(now, before, 1).noise ** 2);
  }

  get posteriorLogVarianceClipped() {
    const logs = this.posteriorVariance.map(Math.log);
    // A schedule of one step has no t = 1 to borrow from.
    logs[0] = this.length > 1 ? logs[1] : Math.log(this.betas[0]);
    return logs;
  }

  get posteriorMeanX0() {
    return this.#table((now, before) => posteriorCoefficients(now, before, 1).x0);
  }

  get posteriorMeanX() {
    return this.#table((now, before) => posteriorCoefficients(now, before, 1).x);
  }

  #table(entry: (now: NoiseLevel, before: NoiseLevel, alpha: number) => number): Float64Array {
    return Float64Array.from(this.#levels, (now, t) => {
      const before = t === 0 ? cleanLevel : this.#levels[t - 1];
      return entry(now, before, (now.signal / before.signal) ** 2);
    });
  }
}
