import { add, constant, graphOf, matmul, parameter, tensor, trace } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { arrayArithmetic, numberArithmetic } from "@gen/math";
import { network } from "@gen/nn";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Vae, vae, vaeLoss, vaeTerms } from "../src/index.ts";
import { itemTerms } from "../src/vae-loss.ts";

const real = fc.double({ min: -6, max: 6, noNaN: true });

describe("vaeTerms", () => {
  it("has a KL that is never negative, and 0 only for the prior", () => {
    fc.assert(
      fc.property(real, real, (mean, logVariance) => {
        const parts = { x: 0, decoded: 0, mean, logVariance };
        const { kl } = vaeTerms(numberArithmetic, "bernoulli", parts);
        expect(kl).toBeGreaterThanOrEqual(-1e-15);
        if (Math.hypot(mean, logVariance) > 1e-3) expect(kl).toBeGreaterThan(1e-8);
      }),
    );
    const prior = { x: 0, decoded: 0, mean: 0, logVariance: 0 };
    expect(vaeTerms(numberArithmetic, "bernoulli", prior).kl).toBe(0);
  });

  it("is the tutorial's formula, and the negative log of each likelihood", () => {
    const parts = { x: 0.3, decoded: -1.2, mean: 0.7, logVariance: -0.4 };
    const { reconstruction, kl } = vaeTerms(numberArithmetic, "bernoulli", parts);
    const p = 1 / (1 + Math.exp(1.2));
    expect(reconstruction).toBeCloseTo(-0.3 * Math.log(p) - 0.7 * Math.log(1 - p), 13);
    expect(kl).toBeCloseTo(0.5 * (0.7 ** 2 + Math.exp(-0.4) + 0.4 - 1), 13);
    const gaussian = vaeTerms(numberArithmetic, { sigma: 0.5 }, parts).reconstruction;
    const density = Math.exp(-((0.3 + 1.2) ** 2) / (2 * 0.25)) / Math.sqrt(2 * Math.PI * 0.25);
    expect(gaussian).toBeCloseTo(-Math.log(density), 12);
    const arrays = vaeTerms(arrayArithmetic, "bernoulli", {
      x: Float64Array.of(0.3, 1),
      decoded: Float64Array.of(-1.2, 900),
      mean: Float64Array.of(0.7),
      logVariance: Float64Array.of(-0.4),
    });
    expect(arrays.reconstruction[0]).toBe(reconstruction);
    expect(arrays.reconstruction[1]).toBeCloseTo(0, 15);
    expect(arrays.kl[0]).toBe(kl);
  });
});

/** A linear model x = W z + b + sigma * noise; `encoder` is [4, 3] and a bias [4]. */
const W = [
  [1.2, 0.3],
  [0, 0.8],
  [-0.9, 0.4],
];
const b = [0.1, -0.2, 0.3];
const sigma = 0.6;

function linear(rows: number[][], bias: number[], name: string) {
  const weight = parameter(`${name}.weight`, tensor(rows.flat(), [rows.length, rows[0].length]));
  const offset = parameter(`${name}.bias`, tensor(bias, [bias.length]));
  return network({ x: { shape: ["batch", rows[0].length] } }, (x) =>
    add(matmul(x, weight, { transposeB: true }), offset),
  );
}

/** Probabilistic PCA with the exact posterior as its encoder: the columns of W are orthogonal. */
function exactModel(): Vae {
  const column = (k: number) => W.map((row) => row[k]);
  const dot = (u: number[], v: number[]) => u.reduce((s, ui, i) => s + ui * v[i], 0);
  expect(dot(column(0), column(1))).toBeCloseTo(0, 15);
  const rows = [0, 1].map((k) => {
    const m = dot(column(k), column(k)) + sigma ** 2;
    return { weight: column(k).map((w) => w / m), logVariance: Math.log(sigma ** 2 / m) };
  });
  const zero = [0, 0, 0];
  const encoder = linear(
    [...rows.map((r) => r.weight), zero, zero],
    [...rows.map((r) => -dot(r.weight, b)), ...rows.map((r) => r.logVariance)],
    "encoder",
  );
  return vae({ encoder, decoder: linear(W, b, "decoder"), likelihood: { sigma } });
}

/** log N(x; b, W W^T + sigma^2 I) from the two eigenvalues' directions. */
function logLikelihood(x: number[]): number {
  const gap = x.map((v, i) => v - b[i]);
  let [square, logDet] = [gap.reduce((s, v) => s + v * v, 0), 0];
  let quadratic = 0;
  for (const k of [0, 1]) {
    const column = W.map((row) => row[k]);
    const length = Math.hypot(...column);
    const along = column.reduce((s, w, i) => s + (w / length) * gap[i], 0);
    const variance = length ** 2 + sigma ** 2;
    quadratic += along ** 2 / variance;
    square -= along ** 2;
    logDet += Math.log(variance);
  }
  quadratic += square / sigma ** 2;
  logDet += Math.log(sigma ** 2);
  return -0.5 * (3 * Math.log(2 * Math.PI) + logDet + quadratic);
}

/** The exact bound of one x: the integrand over z is quadratic in epsilon. */
function bound(model: Vae, x: number[]): number {
  const root = Math.SQRT2;
  const epsilon = [root, 0, -root, 0, 0, root, 0, -root];
  const graph = trace(({ x, epsilon }) => ({ ...itemTerms(model, { x, epsilon }) }), {
    x: { shape: [4, 3], dtype: "float32" },
    epsilon: { shape: [4, 2] },
  });
  const { reconstruction, kl } = evaluate(graph, {
    x: tensor([x, x, x, x].flat(), [4, 3], "float64"),
    epsilon: tensor(epsilon, [4, 2], "float64"),
  });
  const mean = (data: ArrayLike<unknown>) =>
    Array.from(data, Number).reduce((s, v) => s + v / data.length, 0);
  return -(mean(reconstruction.data) + mean(kl.data));
}

describe("the bound of a linear Gaussian model", () => {
  it("is the log likelihood when the encoder is the exact posterior", () => {
    for (const x of [b, [1, 0.5, -2], [-0.3, 3, 0.7]]) {
      // The weights are float32.
      expect(bound(exactModel(), x)).toBeCloseTo(logLikelihood(x), 5);
    }
  });

  it("is below it for any other encoder", () => {
    const x = [1, 0.5, -2];
    for (const i of [0, 4, 12]) {
      const model = exactModel();
      const [weight, bias] = model.parameters;
      const changed = i < 12 ? weight : bias;
      (changed.value.data as Float32Array)[i % 12] += 0.2;
      expect(bound(model, x)).toBeLessThan(logLikelihood(x) - 1e-3);
    }
  });
});

describe("vaeLoss", () => {
  it("sums over pixels and latent dimensions and averages over the batch, in nats", () => {
    const flat = (bias: number[], columns: number, name: string) =>
      linear(
        bias.map(() => new Array(columns).fill(0)),
        bias,
        name,
      );
    const model = vae({
      encoder: flat([1, 1, 1, 0, 0, 0], 784, "encoder"),
      decoder: flat(new Array(784).fill(0), 3, "decoder"),
    });
    const x = constant(tensor(new Float32Array(5 * 784).fill(0.3), [5, 784]));
    const epsilon = constant(tensor(new Float32Array(15), [5, 3]));
    const out = evaluate(graphOf(vaeLoss(model, { beta: 2 })({ x, epsilon })), {});
    const [loss, reconstruction, kl] = ["loss", "reconstruction", "kl"].map((k) => out[k].data[0]);
    expect(reconstruction).toBeCloseTo(784 * Math.LN2, 9);
    expect(kl).toBeCloseTo(1.5, 9);
    expect(loss).toBeCloseTo(784 * Math.LN2 + 3, 9);
  });
});

describe("vae", () => {
  it("refuses networks that do not fit", () => {
    const decoder = linear(W, b, "decoder");
    const narrow = vae({ encoder: linear([[1, 0, 0]], [0], "encoder"), decoder });
    const x = constant(tensor([1, 2, 3], [1, 3]));
    expect(() => narrow.encode(x)).toThrow(
      "the encoder must give [1, 4], twice the decoder's latent",
    );
    const wide = vae({ encoder: linear([[1, 0]], [0], "encoder"), decoder });
    const z = constant(tensor([1, 2], [1, 2]));
    expect(() => wide.decode(z)).toThrow(
      "the decoder must give [1, 2], the shape of x, got [1, 3]",
    );
    expect(() => vae({ encoder: decoder, decoder, likelihood: { sigma: 0 } })).toThrow(
      "likelihood.sigma must be positive, got 0",
    );
  });
});
