import { cleanLevel, type NoiseLevel, posteriorCoefficients } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import type { NoiseSchedule, ScheduleOptions, ScheduleSpec } from "./noise-schedule.ts";
import { rescaleBetasZeroSnr } from "./rescale-betas.ts";
import { scheduleRules } from "./schedule-rules.ts";

/**
 * The schedule of given betas `[length]`.
 *
 * @param betas The variances of the steps, `[length]`, in [0, 1].
 * @throws RangeError when there are none or one lies outside [0, 1].
 */
export function scheduleFromBetas(
  betas: ArrayLike<number>,
  options: ScheduleOptions = {},
): NoiseSchedule {
  checkArguments({ betas }, { betas: rules.NUMBERS });
  checkOptions(options, scheduleRules);
  const given = Float64Array.from(betas);
  return new BetaSchedule(given, options, { kind: "betas", betas: given.slice() });
}

/** {@link NoiseSchedule} over betas, with the way they were made. */
export class BetaSchedule implements NoiseSchedule {
  readonly length: number;
  declare readonly betas: Float64Array;
  readonly spec: ScheduleSpec;
  readonly setAlphaToOne: boolean;
  readonly rescaleBetasZeroSnr: boolean;
  readonly #tables = new Map<string, Float64Array>();
  // Held apart: a sampler's table asks for thousands of levels.
  #signals: Float64Array | undefined;
  #noises: Float64Array | undefined;

  /**
   * Keeps `betas` without a copy. `finished` are the alphasCumprod of betas that need no rescaling
   * any more, and whether they were rescaled.
   */
  constructor(
    betas: Float64Array,
    options: ScheduleOptions,
    spec: ScheduleSpec,
    finished?: { readonly products: Float64Array; readonly rescaleBetasZeroSnr: boolean },
  ) {
    if (betas.length === 0) throw new ArgumentError("betas must not be empty");
    for (let t = 0; t < betas.length; t++) {
      if (!(betas[t] >= 0 && betas[t] <= 1)) {
        throw new ArgumentError(`betas must be in [0, 1], got ${betas[t]} at t = ${t}`);
      }
    }
    this.setAlphaToOne = options.setAlphaToOne ?? true;
    const kept = options.rescaleBetasZeroSnr ? rescaleBetasZeroSnr(betas) : betas;
    // An own property, as the other plain fields are, that gives a copy as the other tables do.
    Object.defineProperty(this, "betas", { enumerable: true, get: () => kept.slice() });
    this.rescaleBetasZeroSnr =
      finished?.rescaleBetasZeroSnr ?? options.rescaleBetasZeroSnr ?? false;
    if (finished) this.#tables.set("alphasCumprod", finished.products);
    this.length = betas.length;
    this.spec = spec;
  }

  level(t: number): NoiseLevel {
    if (t === -1) return this.setAlphaToOne ? cleanLevel : this.level(0);
    this.#signals ??= this.sqrtAlphasCumprod;
    this.#noises ??= this.sqrtOneMinusAlphasCumprod;
    const signal: number | undefined = this.#signals[t];
    if (signal === undefined) {
      throw new ArgumentError(`t must be an integer in -1..${this.length - 1}, got ${t}`);
    }
    return { signal, noise: this.#noises[t] };
  }

  get alphas(): Float64Array {
    return this.#table("alphas", () => this.betas.map((beta) => 1 - beta));
  }

  get alphasCumprod(): Float64Array {
    return this.#table("alphasCumprod", () => {
      const products = this.betas.slice();
      let product = 1;
      for (let t = 0; t < products.length; t++) products[t] = product *= 1 - products[t];
      return products;
    });
  }

  get alphasCumprodPrev(): Float64Array {
    return this.#table("alphasCumprodPrev", () => {
      const previous = new Float64Array(this.length).fill(1);
      previous.set(this.alphasCumprod.subarray(0, -1), 1);
      return previous;
    });
  }

  get sqrtAlphasCumprod(): Float64Array {
    return this.#table("sqrtAlphasCumprod", () => this.alphasCumprod.map(Math.sqrt));
  }

  get sqrtOneMinusAlphasCumprod(): Float64Array {
    return this.#table("sqrtOneMinusAlphasCumprod", () =>
      // A product of rescaled alphas may stray past 1 by a rounding.
      this.alphasCumprod.map((product) => (product < 1 ? Math.sqrt(1 - product) : 0)),
    );
  }

  get sqrtRecipAlphasCumprod(): Float64Array {
    return this.#table("sqrtRecipAlphasCumprod", () =>
      this.alphasCumprod.map((product) => Math.sqrt(1 / product)),
    );
  }

  get sigmas(): Float64Array {
    return this.#table("sigmas", () =>
      this.alphasCumprod.map((product) => Math.sqrt((1 - product) / product)),
    );
  }

  get snr(): Float64Array {
    return this.#table("snr", () => this.alphasCumprod.map((product) => product / (1 - product)));
  }

  get logSnr(): Float64Array {
    return this.#table("logSnr", () => this.snr.map(Math.log));
  }

  get posteriorVariance(): Float64Array {
    return this.#posterior("noise").map((deviation) => deviation ** 2);
  }

  get posteriorLogVarianceClipped(): Float64Array {
    return this.#table("posteriorLogVarianceClipped", () => {
      const logs = this.posteriorVariance.map(Math.log);
      // A schedule of one step has no t = 1 to borrow from.
      logs[0] = this.length > 1 ? logs[1] : Math.log(this.betas[0]);
      return logs;
    });
  }

  get posteriorMeanX0(): Float64Array {
    return this.#posterior("x0");
  }

  get posteriorMeanX(): Float64Array {
    return this.#posterior("x");
  }

  #posterior(name: "x0" | "x" | "noise"): Float64Array {
    return this.#table(name, () =>
      this.betas.map((_, t) => {
        const before = t === 0 ? cleanLevel : this.level(t - 1);
        return posteriorCoefficients(this.level(t), before, 1)[name];
      }),
    );
  }

  #table(name: string, make: () => Float64Array): Float64Array {
    const table = this.#tables.get(name) ?? make();
    this.#tables.set(name, table);
    return table.slice();
  }
}
