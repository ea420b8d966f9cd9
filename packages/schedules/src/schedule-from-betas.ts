import type { NoiseLevel } from "@gen/math";
import type { NoiseSchedule, ScheduleOptions, ScheduleSpec } from "./noise-schedule.ts";
import { rescaleBetasZeroSnr } from "./rescale-betas.ts";

/**
 * The schedule of given betas `[length]`.
 *
 * @throws RangeError when there are none or one lies outside [0, 1].
 */
export function scheduleFromBetas(
  betas: ArrayLike<number>,
  options: ScheduleOptions = {},
): NoiseSchedule {
  const spec = { kind: "betas", betas: Float64Array.from(betas) } as const;
  return new BetaSchedule(betas, options, spec);
}

/** {@link NoiseSchedule} over betas, with the way they were made. */
export class BetaSchedule implements NoiseSchedule {
  readonly length: number;
  readonly betas: Float64Array;
  readonly spec: ScheduleSpec;
  readonly setAlphaToOne: boolean;
  readonly rescaleBetasZeroSnr: boolean;
  readonly #tables = new Map<string, Float64Array>();
  // Held apart: a sampler's table asks for thousands of levels.
  #signals: Float64Array | undefined;
  #noises: Float64Array | undefined;

  constructor(betas: ArrayLike<number>, options: ScheduleOptions, spec: ScheduleSpec) {
    if (betas.length === 0) throw new RangeError("betas must not be empty");
    for (let t = 0; t < betas.length; t++) {
      if (!(betas[t] >= 0 && betas[t] <= 1)) {
        throw new RangeError(`betas must be in [0, 1], got ${betas[t]} at t = ${t}`);
      }
    }
    this.setAlphaToOne = options.setAlphaToOne ?? true;
    this.rescaleBetasZeroSnr = options.rescaleBetasZeroSnr ?? false;
    this.betas = this.rescaleBetasZeroSnr ? rescaleBetasZeroSnr(betas) : Float64Array.from(betas);
    this.length = betas.length;
    this.spec = spec;
  }

  level(t: number): NoiseLevel {
    if (t === -1) return this.setAlphaToOne ? { signal: 1, noise: 0 } : this.level(0);
    if (!(Number.isInteger(t) && t >= 0 && t < this.length)) {
      throw new RangeError(`t must be an integer in -1..${this.length - 1}, got ${t}`);
    }
    this.#signals ??= this.sqrtAlphasCumprod;
    this.#noises ??= this.sqrtOneMinusAlphasCumprod;
    return { signal: this.#signals[t], noise: this.#noises[t] };
  }

  get alphas(): Float64Array {
    return this.#table("alphas", (t) => 1 - this.betas[t]);
  }

  get alphasCumprod(): Float64Array {
    let product = 1;
    return this.#table("alphasCumprod", (t) => {
      product *= 1 - this.betas[t];
      return product;
    });
  }

  get alphasCumprodPrev(): Float64Array {
    const product = this.alphasCumprod;
    return this.#table("alphasCumprodPrev", (t) => (t === 0 ? 1 : product[t - 1]));
  }

  get sqrtAlphasCumprod(): Float64Array {
    const product = this.alphasCumprod;
    return this.#table("sqrtAlphasCumprod", (t) => Math.sqrt(product[t]));
  }

  get sqrtOneMinusAlphasCumprod(): Float64Array {
    const product = this.alphasCumprod;
    // A product of rescaled alphas may stray past 1 or below 0 by a rounding.
    return this.#table("sqrtOneMinusAlphasCumprod", (t) => Math.sqrt(Math.max(1 - product[t], 0)));
  }

  get sqrtRecipAlphasCumprod(): Float64Array {
    const product = this.alphasCumprod;
    return this.#table("sqrtRecipAlphasCumprod", (t) => Math.sqrt(1 / product[t]));
  }

  get sigmas(): Float64Array {
    const product = this.alphasCumprod;
    return this.#table("sigmas", (t) => Math.sqrt((1 - product[t]) / product[t]));
  }

  get snr(): Float64Array {
    const product = this.alphasCumprod;
    return this.#table("snr", (t) => product[t] / (1 - product[t]));
  }

  get logSnr(): Float64Array {
    const snr = this.snr;
    return this.#table("logSnr", (t) => Math.log(snr[t]));
  }

  get posteriorVariance(): Float64Array {
    const [product, previous] = [this.alphasCumprod, this.alphasCumprodPrev];
    return this.#table(
      "posteriorVariance",
      (t) => (this.betas[t] * (1 - previous[t])) / (1 - product[t]),
    );
  }

  get posteriorLogVarianceClipped(): Float64Array {
    const variance = this.posteriorVariance;
    // A schedule of one step has no t = 1 to borrow from.
    const first = this.length > 1 ? variance[1] : this.betas[0];
    return this.#table("posteriorLogVarianceClipped", (t) =>
      Math.log(t === 0 ? first : variance[t]),
    );
  }

  get posteriorMeanX0(): Float64Array {
    const [product, previous] = [this.alphasCumprod, this.alphasCumprodPrev];
    return this.#table(
      "posteriorMeanX0",
      (t) => (this.betas[t] * Math.sqrt(previous[t])) / (1 - product[t]),
    );
  }

  get posteriorMeanX(): Float64Array {
    const [product, previous] = [this.alphasCumprod, this.alphasCumprodPrev];
    return this.#table(
      "posteriorMeanX",
      (t) => ((1 - previous[t]) * Math.sqrt(1 - this.betas[t])) / (1 - product[t]),
    );
  }

  #table(name: string, f: (t: number) => number): Float64Array {
    let table = this.#tables.get(name);
    if (!table) {
      table = new Float64Array(this.length);
      for (let t = 0; t < this.length; t++) table[t] = f(t);
      this.#tables.set(name, table);
    }
    return table;
  }
}
