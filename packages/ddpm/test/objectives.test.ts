import { readFileSync } from "node:fs";
import {
  add,
  concat,
  constant,
  type Expr,
  gradients,
  graphOf,
  matmul,
  mul,
  type Parameter,
  parameter,
  reshape,
  tensor,
} from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import {
  type FloatArray,
  gaussianDiffusionBound,
  normalNoise,
  numberArithmetic,
  randomStream,
} from "@gen/math";
import { type DdpmVariance, type Denoiser, schedulerSteps } from "@gen/sampling";
import { cosineSchedule, flowSchedule, linearSchedule, scheduleFromBetas } from "@gen/schedules";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixture } from "../../../tooling/fixtures/fixture.ts";
import { pixdata, varfix, wfix } from "../../../tooling/fixtures/inputs.ts";
import { priorBits } from "../src/data-bound.ts";
import { ddpmLosses, type ObjectiveOptions } from "../src/ddpm-loss.ts";
import {
  convertPrediction,
  dataBound,
  ddpmLoss,
  edmLoss,
  edmPreconditioning,
  lossSecondMoment,
  lossWeights,
  qSample,
  qStep,
} from "../src/index.ts";
import type { LossWeighting } from "../src/loss-weights.ts";
import { uniformTimes } from "../src/time-sampler.ts";

const { cases } = fixture("elementary.json");
const schedule = linearSchedule({ steps: 40, betaEnd: 0.25 });
const f64 = (values: ArrayLike<number>, shape: number[]) =>
  constant(tensor(values, shape, "float32"));

describe("the bound of a data set", () => {
  for (const { T, schedule: kind, shape, prior_bpd } of cases) {
    it(`has guided-diffusion's prior term, ${kind} ${T}`, () => {
      const options = { steps: T, betaStart: 0.1 / T, betaEnd: 20 / T };
      const made = kind === "linear" ? linearSchedule(options) : cosineSchedule({ steps: T });
      for (const [i, v] of priorBits(made, pixdata(shape), 4).entries()) {
        expect(Math.abs(v - prior_bpd[i])).toBeLessThan(1e-11);
      }
    });
  }

  it("is the closed form's for Gaussian data and an exact denoiser", async () => {
    const data = { mean: 0.4, sigma: 0.7 };
    const denoiser = (x: FloatArray, t: number) => {
      const { signal, noise } = schedule.level(t);
      const variance = signal ** 2 * data.sigma ** 2 + noise ** 2;
      return x.map((v) => (noise * (v - signal * data.mean)) / variance);
    };
    const batch = 20_000;
    const draws = normalNoise({ seed: 3, batch, size: 1 });
    const x0 = Float64Array.from(draws, (v) => data.mean + data.sigma * v);
    const found = await dataBound({
      schedule,
      denoiser,
      x0,
      shape: [batch, 1],
      decoder: "density",
      seed: 1,
    });
    const levels = Array.from({ length: 40 }, (_, t) => schedule.level(t));
    const exact = gaussianDiffusionBound(data, levels);
    const nats = (values: Float64Array) =>
      values.reduce((sum, v) => sum + v, 0) / batch / Math.LOG2E;
    expect(Math.abs(nats(found.prior) / exact.prior - 1)).toBeLessThan(0.02);
    for (const [i, step] of exact.steps.entries()) {
      expect(Math.abs(nats(found.terms[i + 1]) / step - 1)).toBeLessThan(0.05);
    }
    const { signal, noise } = schedule.level(0);
    const left = (data.sigma * noise) ** 2 / (signal ** 2 * data.sigma ** 2 + noise ** 2);
    const log = schedule.posteriorLogVarianceClipped[0];
    const decoder = 0.5 * (Math.log(2 * Math.PI) + log + left / Math.exp(log));
    expect(Math.abs(nats(found.terms[0]) - decoder)).toBeLessThan(0.02);
    const sum = [found.prior, ...found.terms].reduce((s, term) => s + nats(term), 0);
    expect(nats(found.total)).toBeCloseTo(sum, 10);
    expect(found.mean * Math.LN2).toBeCloseTo(sum, 10);
    expect(found.x0Error[0].reduce((s, v) => s + v, 0) / batch).toBeCloseTo(left, 3);
  });

  it("refuses options that do not fit, and stops by a signal", async () => {
    const options = { schedule, denoiser: (x: FloatArray) => x, x0: new Float64Array(4) };
    await expect(dataBound({ ...options, shape: [2, 1] })).rejects.toThrow("x0 must hold 2");
    await expect(dataBound({ ...options, shape: [2, 2], variance: "learned" })).rejects.toThrow(
      "twice the channels of x",
    );
    await expect(
      dataBound({ ...options, shape: [2, 2], signal: { aborted: true, reason: "enough" } }),
    ).rejects.toBe("enough");
  });
});

const shape = [4, 2, 2, 2];
const size = 32;
const x0: Float64Array = pixdata(shape);
const epsilon = Float64Array.from(normalNoise({ seed: 2, batch: 4, size: 8 }));
const times = [0, 1, 17, 39];
const inputs = {
  x0: f64(x0, shape),
  t: constant(tensor(times, [4], "int64")),
  epsilon: f64(epsilon, shape),
};
const value = (loss: Expr) => Array.from(evaluate(graphOf({ loss }), {}).loss.data, Number);

/** A denoiser with a constant output, set by two parameters. */
function stubborn(predicts: Denoiser["predicts"] = "epsilon", doubled = true) {
  const mean = parameter("mean", tensor(Float32Array.from(wfix(shape) as Float64Array), shape));
  const raw = parameter("raw", tensor(Float32Array.from(varfix(shape, 0) as Float64Array), shape));
  const parameters: Parameter[] = doubled ? [mean, raw] : [mean];
  const model: Denoiser = {
    predicts,
    parameters,
    apply: () => (doubled ? concat([mean, raw], 1) : mean),
  };
  return { model, mean, raw };
}

describe("ddpmLosses", () => {
  it("vlb is the bound's own term, whatever the variance and the prediction", async () => {
    for (const predicts of ["epsilon", "x0", "v", "flow"] as const) {
      for (const variance of [
        "fixed_small",
        "fixed_large",
        "learned_log",
        "learned_range",
      ] as DdpmVariance[]) {
        const { model, mean, raw } = stubborn(predicts);
        const losses = ddpmLosses(model, schedule, { objective: "vlb", variance });
        const found = value(losses(inputs));
        for (const [row, t] of times.entries()) {
          const output = new Float64Array(2 * size);
          for (let i = 0; i < size; i++) {
            const at = Math.floor(i / 8) * 16 + (i % 8);
            output[at] = Number((mean.value.data as Float32Array)[i]);
            output[at + 8] = Number((raw.value.data as Float32Array)[i]);
          }
          const { terms } = await dataBound({
            schedule,
            x0: Float64Array.from(x0, Math.fround),
            shape,
            predicts,
            variance,
            denoiser: () => output,
            noise: () => epsilon,
          });
          const expected = terms[t][row];
          expect(Math.abs(found[row] - expected)).toBeLessThan(2e-4 * (1 + Math.abs(expected)));
        }
      }
    }
  });

  it("rescaled_vlb is vlb times the steps, hybrid is simple plus 0.001 of rescaled_vlb", () => {
    const { model } = stubborn();
    const of = (objective: ObjectiveOptions["objective"]) =>
      value(ddpmLosses(model, schedule, { objective })(inputs));
    const [simple, vlb] = [of("simple"), of("vlb")];
    for (const [i, v] of of("rescaled_vlb").entries()) expect(v).toBeCloseTo(40 * vlb[i], 6);
    for (const [i, v] of of("hybrid").entries()) {
      expect(Math.abs(v - (simple[i] + 0.04 * vlb[i]))).toBeLessThan(1e-4 * Math.abs(v));
    }
  });

  it("hybrid trains the mean by the simple loss alone, and the variance by the bound alone", () => {
    const { model, mean, raw } = stubborn();
    const slopes = (objective: ObjectiveOptions["objective"], of: Parameter) => {
      const [g] = gradients(ddpmLoss(model, schedule, { objective })(inputs), [of]);
      return Array.from(evaluate(graphOf({ g }), {}).g.data, Number);
    };
    const close = (a: number[], b: number[]) => {
      expect(Math.max(...b.map(Math.abs))).toBeGreaterThan(0);
      for (const [i, v] of b.entries()) expect(a[i]).toBeCloseTo(v, 5);
    };
    close(slopes("hybrid", mean), slopes("simple", mean));
    close(
      slopes("hybrid", raw),
      slopes("vlb", raw).map((v) => 0.04 * v),
    );
    expect(slopes("simple", raw).every((v) => v === 0)).toBe(true);
  });

  it("is averaged by ddpmLoss, with importance and weights", () => {
    const { model } = stubborn("epsilon", false);
    const each = value(ddpmLosses(model, schedule)(inputs));
    const average = (values: number[]) => values.reduce((s, v) => s + v, 0) / values.length;
    expect(value(ddpmLoss(model, schedule)(inputs))[0]).toBeCloseTo(average(each), 6);
    const importance = f64([1, 0, 2, 0.5], [4]);
    const weighed = value(ddpmLoss(model, schedule)({ ...inputs, importance }))[0];
    expect(weighed).toBeCloseTo(average([each[0], 0, 2 * each[2], 0.5 * each[3]]), 6);
    const weights = lossWeights(schedule, "tutorial");
    const weighted = value(ddpmLosses(model, schedule, { weights })(inputs));
    for (const [i, t] of times.entries()) expect(weighted[i]).toBeCloseTo(weights[t] * each[i], 6);
  });

  it("refuses unknown options", () => {
    const { model } = stubborn("epsilon", false);
    expect(() => ddpmLoss(model, schedule, { objective: "l1" as never })).toThrow("objective must");
    expect(() => ddpmLoss(model, schedule, { weights: [1] })).toThrow("weights must be 40 numbers");
    const vlb = ddpmLoss(model, schedule, { objective: "vlb" });
    expect(() => vlb(inputs)).toThrow("twice the channels of x");
  });
});

describe("lossWeights", () => {
  const number = fc.double({ min: -2, max: 2, noNaN: true });

  it("weigh the same error alike for every prediction type", () => {
    const t = fc.integer({ min: 0, max: 39 });
    fc.assert(
      fc.property(t, number, number, number, (t, v, e, gap) => {
        fc.pre(Math.abs(gap) > 0.1);
        const x = qSample(schedule, Float64Array.of(v), t, Float64Array.of(e));
        const estimate = (to: Denoiser["predicts"], epsilon: number) =>
          convertPrediction(schedule, Float64Array.of(epsilon), { from: "epsilon", to, x, t })[0];
        for (const kind of ["tutorial", "min_snr", "vlb"] as LossWeighting[]) {
          const expected = lossWeights(schedule, kind)[t] * gap ** 2;
          for (const predicts of ["x0", "v", "flow"] as const) {
            const error = estimate(predicts, e + gap) - estimate(predicts, e);
            const found = lossWeights(schedule, kind, { predicts })[t] * error ** 2;
            expect(Math.abs(found / expected - 1)).toBeLessThan(1e-6);
          }
        }
      }),
    );
  });

  it("tutorial is the gap from x_{t-1} when a forward step is undone", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 39 }), number, number, number, (t, v, e, guess) => {
        const previous = Float64Array.of(v);
        const x = qStep(schedule, previous, t, Float64Array.of(e))[0];
        const [alpha, beta] = [schedule.alphas[t], schedule.betas[t]];
        const mean = (x - Math.sqrt(1 - alpha) * guess) / Math.sqrt(alpha);
        const weight = lossWeights(schedule, "tutorial")[t];
        expect(weight).toBeCloseTo(beta / alpha, 14);
        expect((v - mean) ** 2).toBeCloseTo(weight * (e - guess) ** 2, 10);
      }),
    );
  });

  it("vlb is the KL of the means, min_snr is cut off at gamma", () => {
    const vlb = lossWeights(schedule, "vlb");
    const t = 20;
    const step = (epsilon: number) =>
      convertPrediction(schedule, Float64Array.of(epsilon), {
        from: "epsilon",
        to: "previous",
        x: Float64Array.of(0.3),
        t,
      })[0];
    const kl = (step(0.2) - step(0.9)) ** 2 / (2 * schedule.posteriorVariance[t]);
    expect(vlb[t] * 0.7 ** 2).toBeCloseTo(kl, 12);
    const cut = lossWeights(schedule, "min_snr", { predicts: "x0", gamma: 3 });
    expect(Math.max(...cut)).toBe(3);
    expect(cut[39]).toBe(schedule.snr[39]);
    expect(lossWeights(schedule, "simple").every((v) => v === 1)).toBe(true);
    const silent = linearSchedule({ steps: 40, rescaleBetasZeroSnr: true });
    expect(lossWeights(silent, "min_snr", { predicts: "v" }).every(Number.isFinite)).toBe(true);
    expect(() => lossWeights(schedule, "p2" as never)).toThrow("kind must be one of simple");
    expect(() => lossWeights(schedule, "min_snr", { gamma: 0 })).toThrow("gamma must be positive");
    expect(() => lossWeights(schedule, "simple", { predicts: "noise" as never })).toThrow(
      "predicts must be epsilon, x0, v or flow, got noise",
    );
  });

  it("are the limits where a step leaves no signal, or refused", () => {
    const silent = linearSchedule({ rescaleBetasZeroSnr: true });
    const before = silent.alphasCumprod[998];
    expect(before).toBeCloseTo(4.21e-9, 11);
    const last = (kind: LossWeighting, predicts: Denoiser["predicts"]) =>
      lossWeights(silent, kind, { predicts })[999];
    // beta is 1 and the posterior variance beta_t (1 - abar_{t-1}) / (1 - abar_t) = 1 - abar_{t-1}.
    for (const predicts of ["x0", "v", "flow"] as const) {
      expect(last("tutorial", predicts) / before - 1).toBeCloseTo(0, 12);
      expect(last("vlb", predicts) / (before / (2 * (1 - before))) - 1).toBeCloseTo(0, 12);
    }
    // The limit: as beta of the last step goes to 1, the weights go to the closed numbers.
    const near = scheduleFromBetas([...silent.betas.subarray(0, 999), 1 - 1e-9]);
    for (const kind of ["tutorial", "vlb", "min_snr"] as const) {
      const close = lossWeights(near, kind, { predicts: "v" })[999];
      expect(Math.abs(last(kind, "v") - close)).toBeLessThan(1e-7 * before);
    }
    for (const kind of ["tutorial", "vlb"] as const) {
      expect(() => lossWeights(silent, kind)).toThrow(
        /weight (tutorial|vlb) on epsilon must be finite, got Infinity at t = 999/,
      );
    }
    expect(lossWeights(silent, "min_snr")[999]).toBe(1);
    const flow = lossWeights(flowSchedule({ steps: 50 }), "tutorial", { predicts: "flow" });
    expect(flow[49]).toBeCloseTo(0.02 ** 2, 12);
    // Two clean steps: the posterior variance is 0, and so is the bound's denominator.
    expect(() => lossWeights(scheduleFromBetas([0, 0, 0.1]), "vlb", { predicts: "v" })).toThrow(
      "must be finite",
    );
  });

  it("of a bound with another variance or decoder is refused", async () => {
    const run = { schedule, denoiser: (x: FloatArray) => x, x0: Float64Array.of(0), shape: [1, 1] };
    await expect(dataBound({ ...run, variance: "fixed_lage" as DdpmVariance })).rejects.toThrow(
      "variance must be fixed_small, fixed_large, learned, learned_log or learned_range, got fixed_lage",
    );
    await expect(dataBound({ ...run, decoder: "discrete" as "density" })).rejects.toThrow(
      "decoder must be discretized or density, got discrete",
    );
  });

  it("are refused by the loss if one is not finite", () => {
    const weights = new Float64Array(40).fill(1);
    weights[39] = Number.NaN;
    const denoiser: Denoiser = { predicts: "v", apply: (x) => x, parameters: [] };
    expect(() => ddpmLoss(denoiser, schedule, { weights })).toThrow(
      "weights must be finite numbers, got NaN at t = 39",
    );
  });
});

describe("EDM", () => {
  // Written by tooling/reference/edm-loss.py: PyTorch, float64.
  type Stored = { shape: number[]; data: number[] };
  const reference = JSON.parse(
    readFileSync(new URL("reference/edm.json", import.meta.url), "utf8"),
  ) as {
    inputs: Record<"sigma" | "x0" | "epsilon", Stored>;
    cases: {
      dataDeviation: number;
      preconditioning: Record<string, number[]>;
      weights: Record<"weight" | "time" | "bias", Stored>;
      loss: number;
      gradients: Record<string, Stored>;
    }[];
  };
  const constantOf = ({ data, shape }: Stored) => constant(tensor(data, shape, "float64"));
  const near = (found: number, wanted: number) =>
    expect(Math.abs(found - wanted)).toBeLessThan(1e-11 * Math.max(1, Math.abs(wanted)));

  it.each(reference.cases)(
    "has PyTorch's numbers and gradients at deviation $dataDeviation",
    (one) => {
      const { inputs } = reference;
      const { dataDeviation: deviation } = one;
      for (const [i, sigma] of inputs.sigma.data.entries()) {
        const found = edmPreconditioning(numberArithmetic, sigma, deviation);
        for (const [name, values] of Object.entries(one.preconditioning))
          near(found[name as keyof typeof found], values[i]);
        near(found.weight * found.output ** 2, 1);
      }
      const p = Object.fromEntries(
        Object.entries(one.weights).map(([name, { data, shape }]) => [
          name,
          parameter(name, tensor(data, shape, "float64")),
        ]),
      );
      const apply = (x: Expr, t: Expr) =>
        add(
          add(matmul(x, p.weight, { transposeB: true }), mul(reshape(t, [5, 1]), p.time)),
          p.bias,
        );
      const loss = edmLoss(
        { apply },
        { dataDeviation: deviation },
      )({
        x0: constantOf(inputs.x0),
        sigma: constantOf(inputs.sigma),
        epsilon: constantOf(inputs.epsilon),
      });
      const slopes = gradients(loss, Object.values(p));
      const named = Object.fromEntries(Object.keys(p).map((name, i) => [name, slopes[i]]));
      const found = evaluate(graphOf({ loss, ...named }), {});
      near(Number(found.loss.data[0]), one.loss);
      for (const [name, { data }] of Object.entries(one.gradients))
        for (const [i, value] of data.entries()) near(Number(found[name].data[i]), value);
    },
  );

  it("refuses a deviation that is not positive", () => {
    expect(() => edmPreconditioning(numberArithmetic, 1, 0)).toThrow("dataDeviation must be");
    expect(() => edmLoss({ apply: (x) => x }, { dataDeviation: -1 })).toThrow("dataDeviation");
  });
});

describe("a flow's network", () => {
  const flow = { schedule: flowSchedule({ steps: 8 }), predictionType: "flow" as const };

  it("is told in training what samplers tell it at the same noise", () => {
    const told: Expr[] = [];
    const apply: Denoiser["apply"] = (x, t) => {
      told.push(t);
      return x;
    };
    const asked = constant(tensor([0, 3, 7], [3], "int64"));
    const zeros = constant(tensor([0, 0, 0], [3, 1], "float32"));
    const inputs = { x0: zeros, t: asked, epsilon: zeros };
    for (const fractionalTime of [true, false])
      ddpmLoss({ predicts: "flow", parameters: [], apply, fractionalTime }, flow.schedule)(inputs);
    for (const t of told)
      expect(Array.from(evaluate(graphOf({ t }), {}).t.data, Number)).toEqual([1, 4, 8]);
    for (const sampler of ["flow-euler", "euler", "ddim"] as const) {
      const { steps } = schedulerSteps(flow, { sampler, steps: 8 });
      expect(steps.map(({ t }) => t)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    }
  });
});

describe("time samplers", () => {
  const stream = () => randomStream({ seed: 1, purpose: "time steps" });

  it("uniformTimes draws all steps alike, with importance 1", () => {
    const { t, importance } = uniformTimes(8).sample(8000, stream());
    const counts = new Array<number>(8).fill(0);
    for (const one of t) counts[one]++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(importance.every((v) => v === 1)).toBe(true);
  });

  it("lossSecondMoment draws where losses are large and keeps the mean", () => {
    const sampler = lossSecondMoment(4, { history: 2, uniform: 0.1 });
    const losses = [1, 2, 3, 4];
    expect([...sampler.probabilities()]).toEqual([0.25, 0.25, 0.25, 0.25]);
    sampler.update([0, 1, 2, 3, 0], [9, 9, 9, 9, 1]);
    // Not every step has its history yet.
    expect([...sampler.probabilities()]).toEqual([0.25, 0.25, 0.25, 0.25]);
    for (let k = 0; k < 2; k++) sampler.update([0, 1, 2, 3], losses);
    const expected = losses.map((v) => 0.9 * (v / 10) + 0.1 / 4);
    for (const [i, v] of sampler.probabilities().entries()) expect(v).toBeCloseTo(expected[i], 14);
    const { t, importance } = sampler.sample(20_000, stream());
    const counts = new Array<number>(4).fill(0);
    for (const one of t) counts[one]++;
    for (const [i, p] of expected.entries()) {
      expect(Math.abs(counts[i] / 20_000 - p)).toBeLessThan(0.015);
    }
    const mean = t.reduce((sum, one, i) => sum + importance[i] * losses[one], 0) / t.length;
    expect(Math.abs(mean - 2.5)).toBeLessThan(0.02);
  });

  it("refuse settings out of range", () => {
    expect(() => lossSecondMoment(4, { history: 0 })).toThrow("history must be a positive integer");
    expect(() => lossSecondMoment(4, { uniform: 2 })).toThrow("uniform must be in [0, 1], got 2");
    expect(() => lossSecondMoment(4).update([4], [1])).toThrow("t must be integers in 0..3, got 4");
  });
});
