import {
  cast,
  concat,
  constant,
  type Expr,
  equal,
  exprArithmetic,
  gather,
  mul,
  parameter,
  reshape,
  slice,
  tensor,
  trace,
  where,
} from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { type FloatArray, mixtureOracle, numberArithmetic } from "@gen/math";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { linearSchedule, readSchedulerConfig } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import {
  BATCH,
  casesOf,
  indices,
  noise,
  optionsOf,
  prediction,
  ROW,
} from "../../../tooling/fixtures/class-cases.ts";
import {
  type Classifier,
  classifierFree,
  classifierGuided,
  compose,
  type Denoiser,
  type DenoiserFunction,
  ddpmSteps,
  inpaint,
  type Progress,
  resampledSteps,
  sample,
  schedulerSteps,
  stepTable,
  trajectory,
} from "../src/index.ts";

// Two classes in the plane with a known density at every noise level.
const mixture = {
  weights: [3, 1],
  means: [
    [-1.5, -1],
    [1.5, 1],
  ],
  sigmas: [
    [0.5, 0.3],
    [0.4, 0.6],
  ],
};
const schedule = linearSchedule({ steps: 100, betaEnd: 0.15 });
const one = (k: number) => ({
  weights: [1],
  means: [mixture.means[k]],
  sigmas: [mixture.sigmas[k]],
});
const classes = [one(0), one(1)];

/** Applies f to each point of `[batch, 2]`. */
const pointwise = (f: (point: number[], t: number) => readonly number[]) => {
  return (x: FloatArray, t: number) =>
    Float64Array.from(
      Array.from({ length: x.length / 2 }, (_, i) => f([x[2 * i], x[2 * i + 1]], t)).flat(),
    );
};
const exact = (data: typeof mixture, point: readonly number[], t: number) =>
  mixtureOracle(numberArithmetic, data, schedule.level(t), point);
const noiseOf = (data: typeof mixture): DenoiserFunction =>
  pointwise((point, t) => exact(data, point, t).epsilon);
const classSlope = (k: number) =>
  pointwise((point, t) => exact(mixture, point, t).classGradient(k));

/** The oracle over expressions. */
function exprOracle(data: typeof mixture, x: Expr, t: Expr) {
  const table = (values: Float64Array) =>
    reshape(gather(constant(tensor(Float32Array.from(values))), t), [x.shape[0], 1]);
  const level = {
    signal: table(schedule.sqrtAlphasCumprod),
    noise: table(schedule.sqrtOneMinusAlphasCumprod),
  };
  return mixtureOracle(exprArithmetic, data, level, [slice(x, 1, 0, 1), slice(x, 1, 1, 2)]);
}
const exprNoise = (data: typeof mixture, x: Expr, t: Expr) =>
  concat([...exprOracle(data, x, t).epsilon], 1);
/** Conditional on a label; the label 2 means none. */
const conditional: Denoiser = {
  predicts: "epsilon",
  parameters: [],
  apply(x, t, condition) {
    if (!condition) return exprNoise(mixture, x, t);
    const is = (k: number) =>
      equal(reshape(cast(condition.condition, "float32"), [x.shape[0], 1]), k);
    const known = where(is(0), exprNoise(classes[0], x, t), exprNoise(classes[1], x, t));
    return where(is(2), exprNoise(mixture, x, t), known);
  },
};
const classifier: Classifier = {
  parameters: [],
  // Logits need not be normalized.
  apply: (x, t) => concat([...exprOracle(mixture, x, t).classLogProbs], 1),
};

const backend = cpuBackend();
const ddim = stepTable(trajectory(schedule, { steps: 10 }));
const ddpm = stepTable(trajectory(schedule), { eta: 1 });
const shape = [6, 2];
const labels = [0, 1, 1, 0, 1, 1];
const network = async (denoiser: Denoiser, condition?: typeof labels, steps = ddim) => {
  const { x } = await sample({ backend, denoiser, steps, shape, seed: 2, condition });
  return Array.from(x);
};
const plain = async (denoiser: DenoiserFunction, steps = ddim) => {
  const { x } = await sample({ denoiser, steps, shape, seed: 2 });
  return Array.from(x);
};
/** A function that takes the model of each sample's label. */
const byLabel =
  (models: readonly DenoiserFunction[]): DenoiserFunction =>
  async (x, t) => {
    const all = await Promise.all(models.map((model) => model(x, t)));
    return Float64Array.from(x, (_, i) => all[labels[Math.floor(i / 2)]][i]);
  };
const close = (a: ArrayLike<number>, b: ArrayLike<number>, digits = 4) => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i], digits);
};
const both = byLabel(classes.map(noiseOf));

/** Mean, deviation of the first coordinate, and share of points on the second class's side. */
function summary(x: FloatArray) {
  const first = Array.from(x).filter((_, i) => i % 2 === 0);
  const mean = first.reduce((sum, v) => sum + v, 0) / first.length;
  const spread = Math.sqrt(first.reduce((sum, v) => sum + (v - mean) ** 2, 0) / first.length);
  return { mean, spread, share: first.filter((v) => v > 0).length / first.length };
}

describe("classifier-free guidance", () => {
  const free = (scale: number, extra = {}) =>
    classifierFree(conditional, { scale, unconditional: 2, ...extra });
  const freeFunction = (scale: number, extra = {}) =>
    classifierFree(both, { scale, unconditional: noiseOf(mixture), shape, ...extra });

  it("is the plain conditional model at 1 and the unconditional model at 0", async () => {
    close(await network(free(1), labels), await network(conditional, labels), 12);
    close(await network(free(0), labels), await network(conditional), 12);
    close(await plain(freeFunction(1)), await plain(both), 12);
    close(await plain(freeFunction(0)), await plain(noiseOf(mixture)), 12);
  });

  it("is the same for networks and functions, with its interval and rescaling", async () => {
    for (const extra of [
      {},
      { interval: [20, 70] },
      { rescale: 0.7 },
      { interval: [50, 99], rescale: 1 },
    ]) {
      close(await network(free(2.5, extra), labels), await plain(freeFunction(2.5, extra)));
    }
  });

  it("takes a second condition with a scale of its own", async () => {
    const [text, image] = [2.5, 1.7];
    const second = { scale: image, unconditional: noiseOf(classes[0]) };
    const at = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i));
    const models = [both, noiseOf(mixture), second.unconditional];
    const [c, i, u] = await Promise.all(models.map((model) => model(at.slice(), 40)));
    const wanted = at.map((_, k) => u[k] + text * (c[k] - i[k]) + image * (i[k] - u[k]));
    close(await freeFunction(text, { second })(at, 40), wanted, 10);
    for (const extra of [{}, { rescale: 0.6 }, { interval: [30, 60] }]) {
      const ofNetwork = free(text, { ...extra, second: { scale: image, unconditional: 0 } });
      const ofFunction = freeFunction(text, { ...extra, second });
      close(await network(ofNetwork, labels), await plain(ofFunction), 3);
    }
    const one = freeFunction(1, { second: { ...second, scale: 1 } });
    close(await one(at, 40), c, 10);
    const spread = (v: ArrayLike<number>, k: number) => Math.abs(v[2 * k] - v[2 * k + 1]);
    const rescaled = await freeFunction(text, { second, rescale: 1 })(at, 40);
    for (let k = 0; k < 6; k++) expect(spread(rescaled, k)).toBeCloseTo(spread(c, k), 8);
    expect(() => free(2, { second: 3 })).toThrow("second must be { scale, unconditional }, got 3");
  });

  it("has the score of p(x) p(class | x)^scale", async () => {
    const [t, scale, h] = [40, 3, 1e-5];
    const { noise } = schedule.level(t);
    const guided = classifierFree(noiseOf(classes[1]), {
      scale,
      unconditional: noiseOf(mixture),
      shape: [1, 2],
    });
    const log = (point: number[]) => {
      const { logDensity, classLogProbs } = exact(mixture, point, t);
      return logDensity + scale * classLogProbs[1];
    };
    const point = [0.3, -0.2];
    const found = await guided(Float64Array.from(point), t);
    for (const d of [0, 1]) {
      const [up, down] = [h, -h].map((e) => log(point.map((v, i) => (i === d ? v + e : v))));
      expect(found[d]).toBeCloseTo((-noise * (up - down)) / (2 * h), 7);
    }
  });

  it("acts only within its interval, and is the conditional model elsewhere", async () => {
    const guided = freeFunction(4, { interval: [30, 60] });
    const x = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i));
    for (const t of [29, 61]) close(await guided(x, t), await both(x, t), 12);
    for (const t of [30, 60]) close(await guided(x, t), await freeFunction(4)(x, t), 12);
  });

  it("with rescale 1 has the conditional prediction's spread in every sample", async () => {
    const x = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i));
    const guided = await freeFunction(4, { rescale: 1 })(x, 50);
    const wanted = await both(x, 50);
    for (let i = 0; i < 12; i += 2) {
      expect(Math.abs(guided[i] - guided[i + 1])).toBeCloseTo(
        Math.abs(wanted[i] - wanted[i + 1]),
        10,
      );
    }
  });

  // Two models whose guided prediction is the one that diffusers' classes were given.
  it.each(["DDIM", "DDPM", "DPMSolverMultistep", "UniPCMultistep"])(
    "is clipped as diffusers' %sScheduler does it: the predictions are guided, then x0 is clipped",
    async (name) => {
      const scale = 3;
      const model =
        (share: number): DenoiserFunction =>
        (x, t) =>
          Float64Array.from(x, (v, i) => prediction(v, t, i) + share * Math.cos(v + 0.03 * t + i));
      const shape = [BATCH, ROW];
      const unconditional = model(scale / (scale - 1));
      const denoiser = classifierFree(model(1), { scale, unconditional, shape });
      const className = `${name}Scheduler`;
      let [compared, moved] = [0, 0];
      // At most 20 of the cases that name a bound.
      const all = casesOf(className).filter(
        ({ config }) => "clip_sample" in config || "thresholding" in config,
      );
      const bounded = all.filter((_, i) => i % Math.ceil(all.length / 20) === 0);
      for (const { config, options, sample: wanted } of bounded) {
        if (!wanted) continue;
        const scheduler = readSchedulerConfig({ _class_name: className, ...config });
        const given = { ...optionsOf(options), compat: "diffusers" } as const;
        const { steps, clip, initialScale, draws } = schedulerSteps(scheduler, given);
        if (clip === false || draws || steps.some(({ variance }) => variance)) continue;
        const run = {
          ...{ steps, shape, initialScale },
          x: indices.map((i) => noise(-1, i)),
          noise: (row: number) => Float64Array.from(indices, (i) => noise(row, i)),
        };
        const { x } = await sample({ ...run, denoiser, clip });
        close(x, wanted, 9);
        const { x: free } = await sample({ ...run, denoiser });
        moved += Number(free.some((v, i) => Math.abs(v - wanted[i]) > 0.01));
        compared++;
      }
      expect(compared).toBeGreaterThan(5);
      expect(moved).toBeGreaterThan(compared / 2);
    },
  );

  it("throws for a bad scale, rescale or interval, and without a condition", async () => {
    expect(() => free(Number.NaN)).toThrow("scale must be a number, got NaN");
    expect(() => free(2, { rescale: 2 })).toThrow("rescale must be in [0, 1], got 2");
    expect(() => free(2, { interval: [5, 1] })).toThrow("interval must be [low, high] in order");
    await expect(network(free(2))).rejects.toThrow("needs a condition, got none");
  });
});

describe("classifier guidance", () => {
  const guided = (scale: number, extra = {}) =>
    classifierGuided(conditional, classifier, { schedule, scale, ...extra });
  const guidedFunction = (scale: number, k: number, extra = {}) =>
    classifierGuided(noiseOf(mixture), classSlope(k), { schedule, scale, ...extra });

  it("in the score form equals classifier-free guidance if both are exact", async () => {
    for (const scale of [0, 1, 2.5]) {
      const free = classifierFree(conditional, { scale, unconditional: 2 });
      close(await network(guided(scale), labels), await network(free, labels));
      const functions = byLabel([guidedFunction(scale, 0), guidedFunction(scale, 1)]);
      close(await network(guided(scale), labels), await plain(functions));
    }
  });

  it("takes a label in place of the condition, which the denoiser then sees", async () => {
    const expected = await plain(guidedFunction(1.5, 1));
    close(await network(guided(1.5, { label: 1 })), expected);
    const twice = await network(guided(1.5, { label: 1 }), [2, 2, 2, 2, 2, 2]);
    close(twice, expected);
  });

  it("samples the class itself at scale 1, from the mixture's own model", async () => {
    const steps = stepTable(trajectory(schedule, { steps: 50 }));
    const { x } = await sample({
      denoiser: guidedFunction(1, 1),
      steps,
      shape: [2000, 2],
      seed: 4,
    });
    const { mean, spread, share } = summary(x);
    expect(Math.abs(mean - 1.5)).toBeLessThan(0.05);
    expect(Math.abs(spread / 0.4 - 1)).toBeLessThan(0.07);
    expect(share).toBeGreaterThan(0.99);
    const free = await sample({ denoiser: guidedFunction(0, 1), steps, shape: [2000, 2], seed: 4 });
    expect(Math.abs(summary(free.x).share - 0.25)).toBeLessThan(0.04);
  });

  it("in the mean form moves a step's mean by its variance times the gradient", async () => {
    const steps = ddpm.slice(40, 41);
    const run = { steps, shape: [1, 2], x: [0.4, -0.3], noise: () => Float64Array.of(0.2, 0.9) };
    const before = await sample({ denoiser: noiseOf(mixture), ...run });
    const after = await sample({ denoiser: guidedFunction(2, 1, { form: "mean" }), ...run });
    const g = classSlope(1)(Float64Array.of(0.4, -0.3), steps[0].t);
    for (const d of [0, 1]) {
      expect(after.x[d]).toBeCloseTo(before.x[d] + 2 * steps[0].next.noise ** 2 * g[d], 12);
    }
    const mean = guided(2, { form: "mean", label: 1 });
    const fused = await sample({ backend, denoiser: mean, ...run });
    close(fused.x, after.x, 5);
  });

  it("in the mean form does not guide steps without noise: the last one and those of eta 0", async () => {
    const guide = guidedFunction(2, 1, { form: "mean" });
    for (const variance of ["fixed_small", "fixed_large"] as const) {
      const last = ddpmSteps(schedule, { variance }).slice(-1);
      expect(last[0]).toMatchObject({ t: 0, next: { noise: 0 } });
      expect(await plain(guide, last)).toEqual(await plain(noiseOf(mixture), last));
      close(
        await network(guided(2, { form: "mean", label: 1 }), undefined, last),
        await plain(noiseOf(mixture), last),
      );
    }
    expect(await plain(guide)).toEqual(await plain(noiseOf(mixture)));
    // In the score form they are guided.
    expect(await plain(guidedFunction(2, 1))).not.toEqual(await plain(noiseOf(mixture)));
    // A last step to a level with noise has a variance, and is guided.
    const noisy = stepTable(trajectory(schedule).slice(0, -1), { eta: 1 }).slice(-1);
    const [before, after] = [await plain(noiseOf(mixture), noisy), await plain(guide, noisy)];
    expect(Math.abs(after[0] - before[0])).toBeGreaterThan(1e-4);
  });

  it("in the score form is clipped after the guidance, which thus stays in bounds", async () => {
    const steps = ddim.slice(0, 1);
    const [{ t }] = steps;
    const { signal, noise } = schedule.level(t);
    const x = [0.5, -0.2];
    const [scale, clip] = [30, 0.75];
    const run = { steps, shape: [1, 2], x, clip };
    let x0: FloatArray = new Float64Array();
    const onStep = async (progress: Progress) => {
      x0 = await progress.x0();
    };
    await sample({ ...run, denoiser: guidedFunction(scale, 1), onStep });
    const epsilon = noiseOf(mixture)(Float64Array.from(x), t) as FloatArray;
    const slope = classSlope(1)(Float64Array.from(x), t);
    const bounded = (v: number) => Math.min(Math.max(v, -clip), clip);
    const clean = x.map((v, i) => (v - noise * epsilon[i]) / signal);
    const moves = x.map((_, i) => (noise * scale * noise * slope[i]) / signal);
    close(
      x0,
      clean.map((v, i) => bounded(v + moves[i])),
      12,
    );
    // guided-diffusion's condition_score: the clipped estimate moves, out of bounds here.
    const theirs = clean.map((v, i) => bounded(v) + moves[i]);
    expect(Math.max(...theirs.map(Math.abs))).toBeGreaterThan(clip);
  });

  it("in the mean form samples the class by DDPM's steps", async () => {
    const denoiser = guidedFunction(1, 1, { form: "mean" });
    const { x } = await sample({ denoiser, steps: ddpm, shape: [1500, 2], seed: 5 });
    const { mean, spread, share } = summary(x);
    expect(share).toBeGreaterThan(0.98);
    expect(Math.abs(mean - 1.5)).toBeLessThan(0.08);
    expect(Math.abs(spread / 0.4 - 1)).toBeLessThan(0.15);
  });

  it("moves every prediction type as it moves epsilon", async () => {
    const x = Float64Array.of(0.5, -0.4, 1, 2);
    const t = 33;
    const { signal, noise } = schedule.level(t);
    const epsilon = await guidedFunction(2, 1)(x, t);
    const x0 = (e: FloatArray) => x.map((v, i) => (v - noise * e[i]) / signal);
    const forms = {
      x0,
      v: (e: FloatArray) => x0(e).map((v, i) => signal * e[i] - noise * v),
      flow: (e: FloatArray) => x0(e).map((v, i) => e[i] - v),
    };
    for (const [predicts, form] of Object.entries(forms)) {
      const model: DenoiserFunction = async (x, t) => form(await noiseOf(mixture)(x, t));
      const moved = classifierGuided(model, classSlope(1), {
        schedule,
        scale: 2,
        predicts: predicts as keyof typeof forms,
      });
      close(await moved(x, t), form(epsilon), 10);
    }
  });

  it("does not change a learned variance", async () => {
    const doubled: DenoiserFunction = async (x, t) => {
      const e = await noiseOf(mixture)(x, t);
      // [batch, 2 * 2]: each point's noise, then its raw variance.
      return Float64Array.from({ length: 2 * x.length }, (_, i) =>
        i % 4 < 2 ? e[2 * Math.floor(i / 4) + (i % 4)] : 100 + i,
      );
    };
    const x = Float64Array.of(0.5, -0.4, 1, 2);
    const expected = await guidedFunction(2, 1)(x, 30);
    const moved = classifierGuided(doubled, classSlope(1), { schedule, scale: 2, shape: [2, 2] });
    const free = classifierFree(doubled, { scale: 3, unconditional: doubled, shape: [2, 2] });
    for (const [found, wanted] of [
      [await moved(x, 30), expected],
      [await free(x, 30), await noiseOf(mixture)(x, 30)],
    ]) {
      close(found, [wanted[0], wanted[1], 102, 103, wanted[2], wanted[3], 106, 107], 12);
    }
  });

  it("acts within its interval, and throws for a bad form, a missing label or mixed kinds", async () => {
    const interval = [30, 60] as const;
    const x = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i));
    close(await guidedFunction(2, 1, { interval })(x, 61), await noiseOf(mixture)(x, 61), 14);
    close(
      await network(guided(2, { interval, label: 1 })),
      await plain(guidedFunction(2, 1, { interval })),
    );
    expect(() => guided(2, { form: "both" })).toThrow("form must be score or mean, got both");
    await expect(network(guided(2))).rejects.toThrow("needs a label or a condition, got neither");
    expect(() => classifierGuided(conditional, classSlope(1) as never, { schedule })).toThrow(
      "as the denoiser is, got",
    );
  });

  it("carries the parameters of both networks", () => {
    const weight = parameter("weight", tensor([1]));
    const model = classifierGuided(
      conditional,
      { ...classifier, parameters: [weight] },
      { schedule },
    );
    expect(model.parameters).toEqual([weight]);
  });
});

describe("composed conditions", () => {
  it("multiply as densities: the score of p(x) p(a|x)^u p(b|x)^v", async () => {
    const [t, h] = [40, 1e-5];
    const { noise } = schedule.level(t);
    const conditions = [
      { condition: noiseOf(classes[0]), scale: 1.5 },
      { condition: noiseOf(classes[1]), scale: -0.5 },
    ];
    const composed = compose(noiseOf(mixture), { conditions, shape: [1, 2] });
    const point = [0.1, 0.4];
    const log = (at: number[]) => {
      const { logDensity, classLogProbs } = exact(mixture, at, t);
      return logDensity + 1.5 * classLogProbs[0] - 0.5 * classLogProbs[1];
    };
    const found = await composed(Float64Array.from(point), t);
    for (const d of [0, 1]) {
      const [up, down] = [h, -h].map((e) => log(point.map((v, i) => (i === d ? v + e : v))));
      expect(found[d]).toBeCloseTo((-noise * (up - down)) / (2 * h), 7);
    }
  });

  it("are the same for networks and functions, and a single condition is classifier-free guidance", async () => {
    const extra = { interval: [10, 80] as const, rescale: 0.3 };
    const model = compose(conditional, {
      unconditional: 2,
      conditions: [
        { condition: 0, scale: 0.8 },
        { condition: { condition: tensor([1, 1, 1, 1, 1, 1], [6], "int64") }, scale: 1.4 },
      ],
      ...extra,
    });
    const functions = compose(noiseOf(mixture), {
      conditions: [
        { condition: noiseOf(classes[0]), scale: 0.8 },
        { condition: noiseOf(classes[1]), scale: 1.4 },
      ],
      shape,
      ...extra,
    });
    close(await network(model), await plain(functions), 3);
    const single = compose(conditional, {
      unconditional: 2,
      conditions: [{ condition: 1, scale: 2 }],
    });
    const free = classifierFree(conditional, { scale: 2, unconditional: 2 });
    const all = [1, 1, 1, 1, 1, 1];
    close(await network(single), await network(free, all), 10);
    expect(() => compose(conditional, { unconditional: 2, conditions: [] })).toThrow(
      "conditions must list at least one, got none",
    );
  });

  it("take a batch whose size is known only when the graph runs", () => {
    const conditions = [{ condition: 1, scale: 2 }];
    const { apply } = compose(conditional, { unconditional: 2, conditions });
    const inputs = {
      x: tensor([0.1, 0.4, -1, 2, 0.3, 0], [3, 2]),
      t: tensor([40, 3, 90], [3], "int64"),
    };
    const [named, known] = ["batch", 3].map((batch) => {
      const signature = {
        x: { shape: [batch, 2] },
        t: { shape: [batch], dtype: "int64" },
      } as const;
      return evaluate(
        trace(({ x, t }) => ({ y: apply(x, t) }), signature),
        inputs,
      ).y;
    });
    expect(named).toEqual(known);
  });
});

describe("inpainting", () => {
  // Two dependent coordinates: the known coordinate decides the other's side.
  const pair = {
    weights: [1, 1],
    means: [
      [-0.8, -0.8],
      [0.8, 0.8],
    ],
    sigmas: [
      [0.5, 0.5],
      [0.5, 0.5],
    ],
  };
  const at = 0.4;
  // The second class's odds given the first coordinate, and the mean of the second coordinate.
  const odds = Math.exp((2 * at * 0.8) / 0.25);
  const wanted = (0.8 * (odds - 1)) / (odds + 1);
  const model = noiseOf(pair);
  const options = { schedule, known: [at, 0], mask: [1, 0] };
  const run = async (steps: ReturnType<typeof resampledSteps>) => {
    const size = [500, 2];
    const denoiser = inpaint(model, { ...options, shape: size });
    const { x } = await sample({ denoiser, steps, shape: size, seed: 6 });
    for (let i = 0; i < x.length; i += 2) expect(x[i]).toBeCloseTo(at, 12);
    return summary(x.slice(1)).mean;
  };

  it("keeps the known values and, resampled, draws the others from their conditional", async () => {
    const once = await run(resampledSteps(schedule, { steps: 25, times: 1 }));
    const often = await run(resampledSteps(schedule, { steps: 25, jump: 1, times: 20 }));
    expect(Math.abs(often - wanted)).toBeLessThan(0.07);
    expect(wanted - once).toBeGreaterThan(0.3);
  });

  it("is the same for networks and functions, for every prediction", async () => {
    const known = Float64Array.from({ length: 12 }, (_, i) => Math.cos(i));
    const mask = known.map((v) => (v > 0 ? 1 : 0));
    const whole = { schedule, known, mask, shape };
    for (const predicts of ["epsilon", "x0", "v", "flow"] as const) {
      const steps = resampledSteps(schedule, { steps: 6, jump: 2, times: 2, predicts });
      const filled = inpaint({ ...conditional, predicts }, whole);
      const fused = await sample({ backend, denoiser: filled, steps, shape, seed: 3 });
      const denoiser = inpaint(noiseOf(mixture), { ...whole, predicts });
      const { x } = await sample({ denoiser, steps, shape, seed: 3 });
      for (const [i, v] of x.entries()) {
        expect(Math.abs(fused.x[i] - v)).toBeLessThan(2e-4 * (1 + Math.abs(v)));
        if (mask[i]) expect(v).toBeCloseTo(known[i], 10);
      }
    }
  });

  it("goes back by the forward process without an evaluation", () => {
    const moves = trajectory(schedule, { steps: 10 });
    const steps = resampledSteps(moves, { jump: 4, times: 3 });
    const counts = [0, 1, 2, 3].map(() => 3 * 4);
    expect(steps).toHaveLength(counts[0] + counts[1] + 3 * 2);
    expect(steps.slice(0, 12).map(({ t }) => t)).toEqual([1, 2, 3].flatMap(() => [90, 80, 70, 60]));
    // A row that goes back restores the signal and the noise of the stretch's first level.
    const { denoised, next } = steps[3];
    const from = schedule.level(60);
    const start = schedule.level(90);
    const linear = (x: number, prediction: number) =>
      next.x0 * (denoised.x * x + denoised.prediction * prediction) +
      next.x * x +
      next.prediction * prediction;
    expect(linear(from.signal, 0)).toBeCloseTo(start.signal, 12);
    expect(Math.hypot(linear(from.noise, 1), next.noise)).toBeCloseTo(start.noise, 12);
  });

  it("throws for a mask of another size and a bad jump", () => {
    expect(() => inpaint(model, { ...options, mask: [1], shape })).toThrow(
      "mask must hold 12 numbers, or 2 for all samples, got 1",
    );
    expect(() => resampledSteps(schedule, { jump: 0 })).toThrow("jump must be a positive integer");
  });
});

describe("guidance of a model with a learned variance", () => {
  const doubled: Denoiser = {
    ...conditional,
    apply: (x, t, condition) => concat([conditional.apply(x, t, condition), mul(x, 0.2)], 1),
  };
  /** `[batch, 2 * 2]`: each point's noise, then its raw variance. */
  const twice =
    (model: DenoiserFunction): DenoiserFunction =>
    async (x, t) => {
      const e = await model(x, t);
      return Float64Array.from({ length: 2 * x.length }, (_, i) => {
        const at = 2 * Math.floor(i / 4) + (i % 2);
        return i % 4 < 2 ? e[at] : 0.2 * x[at];
      });
    };
  const steps = ddpm
    .filter((_, i) => i % 10 === 9)
    .map((step) =>
      step.next.noise
        ? { ...step, variance: { of: "logVariance", offset: -3, slope: 0.5 } as const }
        : step,
    );
  const known = { schedule, known: [0.2, -0.4], mask: [0, 1], shape };
  const cases: [string, Denoiser, DenoiserFunction][] = [
    [
      "classifier-free",
      classifierFree(doubled, { scale: 2, unconditional: 2, interval: [10, 90], rescale: 0.5 }),
      classifierFree(twice(both), {
        scale: 2,
        unconditional: twice(noiseOf(mixture)),
        interval: [10, 90],
        rescale: 0.5,
        shape,
      }),
    ],
    [
      "by a classifier, score form",
      classifierGuided(doubled, classifier, { schedule, scale: 1.5 }),
      byLabelDoubled(
        [0, 1].map((k) =>
          classifierGuided(twice(noiseOf(mixture)), classSlope(k), { schedule, scale: 1.5, shape }),
        ),
      ),
    ],
    ["inpainting", inpaint(doubled, known), inpaint(twice(both), known)],
  ];
  for (const [name, model, f] of cases) {
    it(`is the same for networks and functions: ${name}`, async () => {
      close(await network(model, labels, steps), await plain(f, steps), 3);
    });
  }
});

/** As `byLabel`, for outputs with twice the channels. */
function byLabelDoubled(models: readonly DenoiserFunction[]): DenoiserFunction {
  return async (x, t) => {
    const all = await Promise.all(models.map((model) => model(x, t)));
    return all[0].map((_, i) => all[labels[Math.floor(i / 4)]][i]);
  };
}
