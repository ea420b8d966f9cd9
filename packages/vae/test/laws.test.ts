/* Laws that the objectives keep, and small trainings with each. */
import type { Dataset } from "@gen/data";
import {
  constant,
  type Expr,
  exp,
  graphOf,
  input,
  mul,
  parameter,
  sub,
  sum,
  tensor,
} from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { normalNoise } from "@gen/math";
import { mmd, rbfKernel } from "@gen/math/metrics";
import { adam, mlp, network, residualBlock, sgd, train, weightsOf, withWeights } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { describe, expect, it } from "vitest";
import {
  attributeDirection,
  betaTcLoss,
  codeVectors,
  convVae,
  cyclicAnnealing,
  elbo,
  encode,
  factorVaeLoss,
  finiteScalarQuantizer,
  hierarchicalLoss,
  infoVaeLoss,
  iwaeLoss,
  type Likelihood,
  latentGrid,
  linearAnnealing,
  logLikelihood,
  meanElbo,
  meanLogLikelihood,
  mixturePrior,
  mlpVae,
  priorLatents,
  priorSamples,
  quantizedLoss,
  quantizedVae,
  reconstruct,
  trainVae,
  vae,
  vectorQuantizer,
  waeLoss,
} from "../src/index.ts";

const backend = await cpuBackend();
const shape = [4];
const data = normalNoise({ seed: 3, purpose: "items", batch: 24, size: 4 });
const unit = Float32Array.from(data, (v) => Math.round(4 / (1 + Math.exp(-2 * v))) / 4);
const labels = Int32Array.from({ length: 24 }, (_, i) => i % 3);
const dataset: Dataset = { name: "items", data: unit, shape, length: 24, labels };
const small = (more: object = {}) => mlpVae({ shape, hidden: [6], latent: 2, seed: 1, ...more });

/** The value of expressions on constants. */
function values(outputs: Record<string, Expr>): Record<string, number> {
  const found = evaluate(graphOf(outputs), {});
  return Object.fromEntries(Object.entries(found).map(([k, { data }]) => [k, Number(data[0])]));
}
const noise = (purpose: string, ...shape: number[]) => {
  const [batch, ...rest] = shape;
  const size = rest.reduce((a, b) => a * b, 1);
  return normalNoise({ seed: 5, purpose, batch, size });
};
const constants = (purpose: string, ...shape: number[]) =>
  constant(tensor(noise(purpose, ...shape), shape));
const x = constant(tensor(unit, [24, 4]));

describe("the importance-weighted bound", () => {
  /** x = w z + sigma noise on a line, with the exact posterior of z, or a wider one. */
  function line(wider = 0) {
    const [w, sigma] = [1.5, 0.5];
    const variance = sigma ** 2 / (w ** 2 + sigma ** 2);
    const row = (name: string, rows: number[], bias: number[]) => {
      const weight = parameter(`${name}.weight`, tensor(rows, [rows.length, 1]));
      const offset = parameter(`${name}.bias`, tensor(bias));
      return network({ x: { shape: ["batch", 1] } }, (x) =>
        sub(mul(x, sum(weight, [1])), mul(offset, -1)),
      );
    };
    const encoder = row("encoder", [w / (w ** 2 + sigma ** 2), 0], [0, Math.log(variance) + wider]);
    const model = vae({ encoder, decoder: row("decoder", [w], [0]), likelihood: { sigma } });
    const total = w ** 2 + sigma ** 2;
    const logDensity = (x: number) => -0.5 * (Math.log(2 * Math.PI * total) + x ** 2 / total);
    return { model, logDensity };
  }
  const points: Dataset = {
    name: "line",
    data: Float32Array.of(-2, 0.1, 1, 3),
    shape: [1],
    length: 4,
  };
  const exact = (logDensity: (x: number) => number) =>
    Array.from(points.data, Number).reduce((s, v) => s + logDensity(v) / 4, 0);

  it("is the exact log likelihood for any number of draws of the exact posterior", async () => {
    const { model, logDensity } = line();
    for (const samples of [1, 7]) {
      const found = await logLikelihood({ backend, model, dataset: points, samples });
      expect(found.logLikelihood).toBeCloseTo(exact(logDensity), 5);
    }
    const one = await elbo({ backend, model, dataset: points, samples: 400 });
    expect(one.elbo).toBeLessThan(exact(logDensity) + 0.1);
  });

  it("has parts whose items have the bits of the whole, and join to it", async () => {
    const run = { backend, model: line(1.5).model, samples: 5, seed: 3 };
    const half = (from: number): Dataset => ({
      ...points,
      data: points.data.slice(from, from + 2),
      length: 2,
    });
    const halves = [0, 2].map((first) => ({ ...run, dataset: half(first), first }));
    const numbers = (...all: ArrayLike<number>[]) => all.flatMap((some) => Array.from(some));
    const whole = await logLikelihood({ ...run, dataset: points });
    const [a, b] = await Promise.all(halves.map((options) => logLikelihood(options)));
    expect(numbers(a.items, b.items)).toEqual(numbers(whole.items));
    expect(meanLogLikelihood(numbers(a.items, b.items))).toEqual({
      ...whole,
      items: numbers(whole.items),
    });
    const bound = await elbo({ ...run, dataset: points });
    const [c, d] = await Promise.all(halves.map((options) => elbo(options)));
    const join = (name: "reconstruction" | "kl" | "mean") => numbers(c.items[name], d.items[name]);
    const items = { reconstruction: join("reconstruction"), kl: join("kl"), mean: join("mean") };
    const { items: _, ...means } = meanElbo(items);
    expect(means).toEqual((({ items: _, ...rest }) => rest)(bound));
    // The noise of the second half is not that of the first.
    const again = await elbo({ ...halves[1], first: 0 });
    expect(numbers(again.items.reconstruction)).not.toEqual(numbers(d.items.reconstruction));
    expect(() => meanLogLikelihood([])).toThrow("a number for each item");
    expect(() => meanElbo({ reconstruction: [1], kl: [1, 2], mean: [1] })).toThrow("got 2 and 1");
  });

  it("rises with the draws towards the exact log likelihood", async () => {
    const { model, logDensity } = line(1.5);
    const bound = async (samples: number) =>
      (await logLikelihood({ backend, model, dataset: points, samples, seed: 2 })).logLikelihood;
    const [few, many, most] = [await bound(1), await bound(20), await bound(2000)];
    expect(many).toBeGreaterThan(few);
    expect(Math.abs(most - exact(logDensity))).toBeLessThan(0.03);
    expect(Math.abs(most - exact(logDensity))).toBeLessThan(
      Math.abs(many - exact(logDensity)) + 0.03,
    );
  });

  it("has one value with each gradient, and lies above the ELBO of the same draws", () => {
    const model = small();
    const epsilon = constants("draws", 24, 6, 2);
    const of = (options: object) => values(iwaeLoss(model, options)({ x, epsilon }));
    const plain = of({});
    expect(of({ gradient: "doubly-reparameterized" }).loss).toBeCloseTo(plain.loss, 12);
    expect(of({ gradient: "grouped", groups: 3 }).loss).toBeCloseTo(plain.loss, 12);
    const grouped = of({ groups: 3 });
    const elbo = of({ groups: 6 });
    expect(plain.loss).toBeLessThan(grouped.loss);
    expect(grouped.loss).toBeLessThan(elbo.loss);
    expect(of({ elboShare: 1 }).loss).toBeCloseTo(elbo.loss, 12);
    expect(of({ elboShare: 0.4 }).bound).toBeCloseTo(plain.bound, 12);
  });
});

describe("the parts of the KL", () => {
  it.each(["stratified", "weighted"] as const)("sum to log q(z | x) - log p(z): %s", (sampling) => {
    const model = small();
    const epsilon = constants("draws", 24, 2);
    const options = { dataSize: 24, sampling, beta: 1 };
    const parts = values(betaTcLoss(model, options)({ x, epsilon }));
    const { loss, bound } = values(
      iwaeLoss(model)({ x, epsilon: constant(tensor(noise("draws", 24, 2), [24, 1, 2])) }),
    );
    const { mutualInformation, totalCorrelation, dimensionwise, reconstruction } = parts;
    const kl = mutualInformation + totalCorrelation + dimensionwise;
    expect(parts.loss).toBeCloseTo(reconstruction + kl, 10);
    // With one draw the importance-weighted bound has the same two terms.
    expect(loss).toBe(bound);
    expect(parts.loss).toBeCloseTo(loss, 10);
  });

  it("has the discrepancy of the metric mmd", () => {
    const model = small();
    const prior = noise("prior", 24, 2);
    const inputs = {
      x,
      epsilon: constants("draws", 24, 2),
      prior: constant(tensor(prior, [24, 2])),
    };
    const kernel = (d: Expr) => exp(mul(d, -0.5 / 1.3 ** 2));
    const found = values(waeLoss(model, { kernel })(inputs));
    const means = evaluate(graphOf({ z: model.encode(x).mean }), {}).z.data as ArrayLike<number>;
    expect(found.mmd).toBeCloseTo(mmd(means, prior, 2, rbfKernel(1.3)), 7);
    const info = values(infoVaeLoss(model, { alpha: 1, lambda: 0 })(inputs));
    expect(info.loss).toBeCloseTo(info.reconstruction, 10);
  });
});

describe("quantizers", () => {
  it("finite scalars reach each code, and no other", () => {
    const { codes, apply } = finiteScalarQuantizer([4, 3]);
    expect(codes).toBe(12);
    const grid: number[] = [];
    for (const a of [-9, -0.8, 0, 0.9, 9]) for (const b of [-9, 0.1, 9]) grid.push(a, b);
    const out = apply(constant(tensor(grid, [15, 2])));
    const found = evaluate(graphOf({ codes: out.codes, z: out.z }), {});
    expect(new Set(Array.from(found.codes.data, Number)).size).toBe(12);
    const firsts = Array.from(found.z.data, Number).filter((_, i) => i % 2 === 0);
    expect(Math.min(...firsts)).toBe(-1);
    expect(Math.max(...firsts)).toBe(0.5);
  });

  it("moving averages move a codebook in training, and leave a code that nothing chose", async () => {
    const quantizer = vectorQuantizer({ codes: 3, features: 2, decay: 0.9 });
    const model = quantizedVae({
      encoder: mlp({ name: "e.", inputs: 4, hidden: [5], outputs: 2 }),
      decoder: mlp({ name: "d.", inputs: 2, hidden: [5], outputs: 4 }),
      quantizer,
    });
    const loss = quantizedLoss(model);
    const before = weightsOf(model);
    const { weights } = await train({
      backend,
      signature: { x: { shape: [24, 4] } },
      parameters: model.parameters,
      loss,
      updates: loss.updates,
      optimizer: adam({ learningRate: 1e-2 }),
      batches: [{ x: { data: unit, shape: [24, 4] } }],
      steps: 1,
    });
    const next = loss.updates({ x });
    const wanted = evaluate(graphOf(Object.fromEntries(next.map(([p, e]) => [p.name, e]))), {});
    for (const name of ["quantizer.codebook", "quantizer.counts"]) {
      const found = Array.from(weights[name].data, Number);
      expect(found.length).toBe(before[name].data.length);
      for (const [i, v] of found.entries()) expect(v).toBeCloseTo(Number(wanted[name].data[i]), 5);
    }
    const counts = Array.from(weights["quantizer.counts"].data, Number);
    expect(counts.reduce((a, b) => a + b, 0)).toBeCloseTo(0.9 * 3 + 0.1 * 24, 5);
    for (const [k, count] of counts.entries()) {
      if (Math.abs(count - 0.9) > 1e-6) continue;
      for (const i of [2 * k, 2 * k + 1]) {
        const name = "quantizer.codebook";
        expect(weights[name].data[i]).toBe(before[name].data[i]);
      }
    }
  });
});

describe("annealing", () => {
  it("rises in a line, or in cycles", () => {
    const line = linearAnnealing({ steps: 10, to: 2 });
    expect([0, 5, 10, 99].map(line)).toEqual([0, 1, 2, 2]);
    const cycles = cyclicAnnealing({ steps: 40, cycles: 2 });
    expect([0, 5, 10, 19, 20, 25].map(cycles)).toEqual([0, 0.5, 1, 1, 0, 0.5]);
  });
});

describe("trainVae", () => {
  const options = { backend, dataset, steps: 30, batchSize: 12, learningRate: 2e-2, logEvery: 1 };
  const fell = (history: readonly { readonly losses: Readonly<Record<string, number>> }[]) => {
    const mean = (part: typeof history) =>
      part.reduce((s, { losses }) => s + losses.loss / part.length, 0);
    return mean(history.slice(0, 5)) - mean(history.slice(-5));
  };

  it.each<[string, object]>([
    ["3 draws", { samples: 3 }],
    ["IWAE", { samples: 4, objective: iwaeLoss }],
    ["InfoVAE", { objective: infoVaeLoss }],
    ["WAE", { objective: waeLoss }],
    ["beta-TC", { objective: (m: never) => betaTcLoss(m, { dataSize: 24, beta: 2 }) }],
    ["a learned prior", { model: small({ pseudoInputs: 3 }) }],
    ["annealed beta", { beta: linearAnnealing({ steps: 20, from: 1, to: 0 }) }],
    ["a condition", { model: small({ classes: 3 }) }],
  ])("lowers the loss: %s", async (_, more) => {
    const { training } = await trainVae({ ...options, model: small(), ...more });
    expect(fell(training.history)).toBeGreaterThan(0.02);
  });

  it("FactorVAE's discriminator and VAE both learn, and the VAE has its own weights alone", async () => {
    const judge = mlp({ name: "judge.", inputs: 2, hidden: [8], outputs: 1 });
    const { vae, weights, training } = await trainVae({
      ...options,
      model: small(),
      objective: (model) => factorVaeLoss(model, judge, { gamma: 1 }),
    });
    const [first, last] = [training.history[0].losses, training.history[29].losses];
    expect(last.reconstruction).toBeLessThan(first.reconstruction);
    expect(vae.parameters.some(({ name }) => name.startsWith("judge"))).toBe(false);
    const old = weightsOf(judge)["judge.layers.0.weight"];
    expect(weights["judge.layers.0.weight"].data).not.toEqual(old.data);
  });

  it("convVae refines each size, here by a residual block", async () => {
    const items: Dataset = { ...dataset, shape: [1, 2, 2] };
    const refine = (name: string, channels: number) => residualBlock(name, channels, channels);
    const model = convVae({ size: 2, channels: [4], latent: 1, refine });
    const names = model.parameters.map(({ name }) => name);
    expect(names).toContain("encoder.down.0.refine.conv1.weight");
    expect(names).toContain("decoder.up.0.refine.conv1.weight");
    const { training } = await trainVae({ ...options, dataset: items, model });
    expect(fell(training.history)).toBeGreaterThan(0.02);
  });

  it("a discriminator has its own rule", async () => {
    const judge = mlp({ name: "judge.", inputs: 2, hidden: [8], outputs: 1 });
    const train = (rate: number) =>
      trainVae({
        ...options,
        steps: 1,
        model: small(),
        optimizer: sgd({ learningRate: 0 }),
        objective: (model) =>
          factorVaeLoss(model, judge, {
            optimizer: adam({ learningRate: rate, betas: [0.5, 0.9] }),
          }),
      });
    const { weights } = await train(0.25);
    const before = { ...weightsOf(small()), ...weightsOf(judge) };
    for (const [name, { data }] of Object.entries(weights)) {
      const moved = Array.from(data as Float32Array, (v, i) =>
        Math.abs(v - Number(before[name].data[i])),
      );
      // The first step of Adam is its rate, whatever the slope.
      const most = Math.max(...moved);
      if (name.startsWith("judge")) expect(most).toBeCloseTo(0.25, 3);
      else expect(most).toBe(0);
    }
  });

  it.each([
    ["a learned codebook", undefined],
    ["moving averages", 0.9],
  ])("codes are learned, encoded and drawn: %s", async (_, decay) => {
    const model = quantizedVae({
      encoder: mlp({ name: "e.", inputs: 4, hidden: [8], outputs: 2 }),
      decoder: mlp({ name: "d.", inputs: 2, hidden: [8], outputs: 4 }),
      quantizer: vectorQuantizer({ codes: 4, features: 2, decay }),
    });
    const { vae, training } = await trainVae({ ...options, model });
    const last = training.history.at(-1)?.losses as Record<string, number>;
    expect(last.loss).toBeLessThan(training.history[0].losses.loss);
    expect(last.kl).toBeCloseTo(Math.log(4), 5);
    const run = { backend, model: vae as typeof model };
    const { mean, codes } = await encode({ ...run, dataset });
    const vectors = codeVectors(run.model, codes as Float32Array);
    for (const [i, v] of mean.entries()) expect(vectors[i]).toBeCloseTo(v, 5);
    const drawn = await priorLatents({ ...run, count: 40 });
    const known = codeVectors(run.model, [0, 1, 2, 3]);
    const rows = (z: Float32Array) =>
      new Set(Array.from({ length: z.length / 2 }, (_, i) => `${z[2 * i]},${z[2 * i + 1]}`));
    expect(rows(drawn)).toEqual(rows(known));
    const found = await elbo({ ...run, dataset });
    expect(found.kl).toBeCloseTo(Math.log(4), 5);
    await expect(logLikelihood({ ...run, dataset, samples: 2 })).rejects.toThrow("got codes");
    expect(() => codeVectors(run.model, [4])).toThrow("codes must be below 4, got 4");
  });

  it.each<[string, Likelihood]>([
    ["continuous Bernoulli", "continuous-bernoulli"],
    ["global sigma", { sigma: "global" }],
    ["predicted sigma", { sigma: "predicted" }],
    ["logistic", { logistic: 5 }],
    ["categorical", { categorical: 5 }],
  ])("learns each likelihood, and gives means in the shape of x: %s", async (_, likelihood) => {
    const model = small({ likelihood });
    const { vae, training } = await trainVae({ ...options, model });
    expect(fell(training.history)).toBeGreaterThan(0.05);
    const { shape, data } = await reconstruct({ backend, model: vae, dataset });
    expect(shape).toEqual([24, 4]);
    const error = (of: (i: number) => number) =>
      Array.from(unit).reduce((s, v, i) => s + (v - of(i)) ** 2, 0);
    expect(error((i) => data[i])).toBeLessThan(error(() => 1.1));
    if (typeof likelihood === "string" || "categorical" in likelihood) {
      expect(data.every((v) => v >= 0 && v <= 1)).toBe(true);
    }
  });

  it("draws from a learned prior, and of a class", async () => {
    const mixed = small({ pseudoInputs: 3 });
    const learned = await priorSamples({ backend, model: mixed, count: 5 });
    // Training moves the inputs out of [0, 1].
    const weights = weightsOf(mixed);
    const moved = {
      ...weights,
      "prior.pseudoInputs": tensor(new Float32Array(12).fill(-0.5), [3, 4]),
    };
    const outside = await priorSamples({ backend, model: withWeights(mixed, moved), count: 5 });
    expect(outside.shape).toEqual([5, 4]);
    expect(learned.shape).toEqual([5, 4]);
    const model = small({ classes: 3 });
    const of = async (label: number) =>
      (await priorSamples({ backend, model, count: 2, labels: [label, label] })).data;
    expect(Array.from(await of(0))).not.toEqual(Array.from(await of(1)));
    await expect(priorSamples({ backend, model, count: 2 })).rejects.toThrow(
      "a conditional VAE needs labels, one for each item, got none",
    );
  });

  it("counts the active units", async () => {
    // The posterior means are the first two numbers of x, times one factor each.
    const decoder = mlp({ name: "d.", inputs: 2, hidden: [3], outputs: 4 });
    const units = async (...factors: number[]) => {
      const by = constant(tensor([...factors, 0, 0], [1, 4]));
      const encoder = network({ x: { shape: ["batch", 4] } }, (x) => mul(x, by));
      return (await elbo({ backend, model: vae({ encoder, decoder }), dataset })).activeUnits;
    };
    expect([await units(1, 1), await units(0.01, 2), await units(0, 0)]).toEqual([2, 1, 0]);
  });

  it("refuses what does not go together", async () => {
    const objective = infoVaeLoss;
    await expect(
      trainVae({ ...options, model: small(), objective, accumulate: 2 }),
    ).rejects.toThrow(
      "accumulate must be 1 with an objective that compares a batch's items, got 2",
    );
    const plain = { ...dataset, labels: undefined };
    const conditional = trainVae({ ...options, dataset: plain, model: small({ classes: 3 }) });
    await expect(conditional).rejects.toThrow("items has no labels");
    expect(() => infoVaeLoss(small({ pseudoInputs: 2 }))).toThrow("learns its prior");
    const upper = mlpVae({ name: "upper.", shape: [3], hidden: [4], latent: 1 });
    expect(() => hierarchicalLoss(small(), upper)).toThrow(
      "the upper VAE must take [2], the lower one's latent, got [3]",
    );
    const epsilon = input("epsilon", { shape: [24, 4, 2] });
    expect(() => iwaeLoss(small(), { groups: 3 })({ x, epsilon })).toThrow(
      "groups must be a divisor of the 4 draws, got 3",
    );
  });
});

describe("places in the latent space", () => {
  it("a grid has the normal quantiles along both axes", () => {
    // scipy.stats.norm.ppf([0.1, 0.3, 0.5, 0.7, 0.9]), scipy 1.15.
    const wanted = [-1.2815515655, -0.5244005127, 0, 0.5244005127, 1.2815515655];
    const grid = latentGrid(5);
    for (let row = 0; row < 5; row++) {
      for (let column = 0; column < 5; column++) {
        expect(grid[2 * (5 * row + column)]).toBeCloseTo(wanted[column], 6);
        expect(grid[2 * (5 * row + column) + 1]).toBeCloseTo(wanted[4 - row], 6);
      }
    }
  });

  it("an attribute is the mean of its class minus that of the others", () => {
    const z = Float32Array.of(1, 2, 3, 4, 8, 0);
    expect(Array.from(attributeDirection(z, [1, 1, 0], 1))).toEqual([-6, 3]);
    expect(() => attributeDirection(z, [1, 1, 1], 1)).toThrow("not all");
    expect(() => attributeDirection(z, [1, 1], 3)).toThrow("label must be");
    expect(() => attributeDirection(z, [1, 1, 0, 2], 1)).toThrow("a row for each label");
  });
});

describe("a mixture fitted to latents", () => {
  // Two clouds of 3:1 about (-3, 0) and (3, 1), with deviations 0.5 and 1.
  const count = 2000;
  const noise = normalNoise({ seed: 7, purpose: "clouds", batch: count, size: 2 });
  const isFirst = (row: number) => row % 4 !== 3;
  const z = noise.map((v, i) => {
    const [mean, sigma] = isFirst(Math.floor(i / 2)) ? [[-3, 0], 0.5] : [[3, 1], 1];
    return (mean as number[])[i % 2] + (sigma as number) * v;
  });

  it("finds the clouds that made them, and beats N(0, I) by nats", () => {
    const { weights, means, variances, logLikelihood, draw } = mixturePrior({
      z,
      size: 2,
      components: 2,
    });
    const k = means[0] < 0 ? 0 : 1;
    expect(weights[k]).toBeCloseTo(0.75, 2);
    expect([means[2 * k], means[2 * k + 1]].map((v, j) => Math.abs(v - [-3, 0][j]) < 0.05)).toEqual(
      [true, true],
    );
    expect(Math.sqrt(variances[2 * (1 - k)])).toBeCloseTo(1, 1);
    // Minus the entropy: sum w log w - sum w log(2 pi e sigma^2), which the fit may beat a little.
    const entropy = (w: number, s: number) =>
      w * (Math.log(w) - Math.log(2 * Math.PI * Math.E * s * s));
    expect(logLikelihood).toBeCloseTo(entropy(0.75, 0.5) + entropy(0.25, 1), 1);
    const draws = draw(4000, 1);
    const mean = draws.reduce((sum, v, i) => sum + (i % 2 === 0 ? v : 0), 0) / 4000;
    expect(mean).toBeCloseTo(-1.5, 0);
    expect(draw(3, 1)).toEqual(draws.slice(0, 6));
  });

  it("of one component has the mean and variance of the latents; refuses too few", () => {
    const one = mixturePrior({ z: Float32Array.of(1, 3, 5, 7), size: 1, components: 1 });
    for (const [found, wanted] of [
      [one.means[0], 4],
      [one.variances[0], 5],
      [one.weights[0], 1],
    ])
      expect(found).toBeCloseTo(wanted, 9);
    expect(one.logLikelihood).toBeCloseTo(-0.5 * Math.log(2 * Math.PI * Math.E * 5), 9);
    expect(() => mixturePrior({ z: Float32Array.of(1), size: 1, components: 2 })).toThrow(
      "z must be",
    );
  });
});
