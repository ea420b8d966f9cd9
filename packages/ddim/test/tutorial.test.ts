import { categorical, linearGaussianPosterior, normal, posteriorCoefficients } from "@gen/math";
import { linearSchedule } from "@gen/schedules";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ddimSteps, tutorialCoefficients } from "../src/index.ts";

// In this section of the tutorial alpha-bar and beta-bar are a level's signal and noise, alpha_t is
// the signal that one step keeps and beta_t the noise that it adds: their squares sum to 1.
const schedule = linearSchedule({ steps: 60, betaEnd: 0.15 });
const time = fc.integer({ min: 1, max: 59 });
const eta = fc.double({ min: 0, max: 1, noNaN: true });
const value = fc.double({ min: -3, max: 3, noNaN: true });

const names = (t: number) => {
  const [from, to] = [schedule.level(t), schedule.level(t - 1)];
  const alpha = from.signal / to.signal;
  return { from, to, alpha, beta: Math.sqrt(1 - alpha ** 2) };
};

describe("the tutorial's DDIM section", () => {
  it("Bayes' rule with x0 gives the posterior of its first displayed normal", () => {
    fc.assert(
      fc.property(time, value, value, (t, x, x0) => {
        const { from, to, alpha, beta } = names(t);
        const prior = { mean: to.signal * x0, sigma: to.noise };
        const bayes = linearGaussianPosterior(prior, { slope: alpha, sigma: beta }, x);
        const mean =
          ((alpha * to.noise ** 2) / from.noise ** 2) * x +
          ((to.signal * beta ** 2) / from.noise ** 2) * x0;
        expect(bayes.mean).toBeCloseTo(mean, 10);
        expect(bayes.sigma ** 2).toBeCloseTo((to.noise ** 2 * beta ** 2) / from.noise ** 2, 12);
        // Densities: q(x_t | x_{t-1}) q(x_{t-1} | x0) / q(x_t | x0), at any x_{t-1}.
        const at = mean + bayes.sigma;
        const log =
          normal.logProb({ mean: alpha * at, sigma: beta }, x) +
          normal.logProb(prior, at) -
          normal.logProb({ mean: from.signal * x0, sigma: from.noise }, x);
        expect(normal.logProb(bayes, at)).toBeCloseTo(log, 7);
        const { kappa, lambda, sigma } = tutorialCoefficients(from, to, 1);
        expect(kappa * x + lambda * x0).toBeCloseTo(mean, 10);
        expect(sigma).toBeCloseTo(bayes.sigma, 12);
      }),
    );
  });

  it("with x0 estimated, eta 1 is 1 / alpha (x - beta^2 / beta-bar epsilon)", () => {
    const steps = ddimSteps(schedule, { eta: 1 });
    for (const { t, denoised, next } of steps.slice(0, -1)) {
      const { from, to, alpha, beta } = names(t);
      // The estimate: (x - beta-bar epsilon) / alpha-bar.
      expect(denoised.x).toBeCloseTo(1 / from.signal, 12);
      expect(denoised.prediction).toBeCloseTo(-from.noise / from.signal, 12);
      expect(next.x0 * denoised.x + next.x).toBeCloseTo(1 / alpha, 11);
      expect(next.x0 * denoised.prediction).toBeCloseTo(-(beta ** 2) / from.noise / alpha, 11);
      expect(next.noise).toBeCloseTo((to.noise * beta) / from.noise, 12);
    }
  });

  it("kappa, lambda and the last formula hold for any sigma", () => {
    fc.assert(
      fc.property(eta, (eta) => {
        const steps = ddimSteps(schedule, { eta });
        for (const { t, denoised, next } of steps.slice(0, -1)) {
          const { from, to, alpha } = names(t);
          const { kappa, lambda, sigma } = tutorialCoefficients(from, to, eta);
          const root = Math.sqrt(to.noise ** 2 - sigma ** 2);
          expect(kappa).toBeCloseTo(root / from.noise, 10);
          expect(lambda).toBeCloseTo(to.signal - (from.signal * root) / from.noise, 10);
          expect(next.x0 * denoised.x + next.x).toBeCloseTo(1 / alpha, 10);
          expect(next.x0 * denoised.prediction).toBeCloseTo(
            -(from.noise - alpha * root) / alpha,
            10,
          );
          expect(next.noise).toBe(sigma);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("the marginal condition needs sigma under the root, and fails with lambda there", () => {
    const { from, to } = names(30);
    const { kappa, lambda, sigma } = tutorialCoefficients(from, to, 0.6);
    expect(Math.hypot(kappa * from.noise, sigma)).toBeCloseTo(to.noise, 13);
    expect(Math.abs(Math.hypot(kappa * from.noise, lambda) - to.noise)).toBeGreaterThan(0.01);
  });
});

describe("the tutorial's DDPM section", () => {
  it("reads 1 / sqrt(alpha) (x - sqrt(1 - alpha) epsilon) with the step's own noise", () => {
    // Undoing a step with the step's noise is exact; the jump's noise needs another factor.
    const { from, to, alpha, beta } = names(30);
    const { x0, x } = posteriorCoefficients(from, to, 1);
    const epsilonFactor = (x0 * -from.noise) / from.signal;
    expect(x0 / from.signal + x).toBeCloseTo(1 / alpha, 12);
    expect(epsilonFactor).toBeCloseTo(-(beta ** 2 / from.noise) / alpha, 12);
    expect(Math.abs(epsilonFactor + beta / alpha)).toBeGreaterThan(0.05);
  });
});

describe("the tutorial's VAE section", () => {
  it("KL(p(x, z) || q(x, z)) is the loss minus the data's entropy", () => {
    const distribution = (size: number) =>
      fc
        .array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: size, maxLength: size })
        .map((weights) => {
          const sum = weights.reduce((a, b) => a + b, 0);
          return weights.map((w) => w / sum);
        });
    const rows = (size: number) => fc.tuple(distribution(size), distribution(size));
    fc.assert(
      fc.property(
        distribution(2),
        rows(2),
        distribution(2),
        rows(2),
        (data, encoder, prior, decoder) => {
          const log = (p: readonly number[]) => p.map(Math.log);
          let joint = 0;
          let loss = 0;
          let printed = 0;
          for (const x of [0, 1]) {
            for (const z of [0, 1]) {
              const p = data[x] * encoder[x][z];
              const q = prior[z] * decoder[z][x];
              joint += p * Math.log(p / q);
              loss += p * -Math.log(decoder[z][x]);
              // p(x | z) by Bayes, which the tutorial prints in place of p(z | x).
              const evidence = data[0] * encoder[0][z] + data[1] * encoder[1][z];
              printed += p * Math.log(p / evidence / q);
            }
            loss += data[x] * categorical.kl(log(encoder[x]), log(prior));
          }
          expect(joint).toBeCloseTo(loss - categorical.entropy(log(data)), 12);
          // The printed form is off by H(z) - H(x), which the encoder changes.
          const codes = [0, 1].map((z) => data[0] * encoder[0][z] + data[1] * encoder[1][z]);
          expect(printed - joint).toBeCloseTo(categorical.entropy(log(codes)), 12);
        },
      ),
    );
  });
});
