import { mixtureOracle, normalNoise, numberArithmetic } from "@gen/math";
import { expect, test } from "vitest";
import { exactDenoiser } from "../src/exact-denoiser.ts";
import { frameAt } from "../src/frame-at.ts";
import { levelOf, logSnrAt, logSnrRange, positionOf } from "../src/log-snr.ts";
import { tracePaths } from "../src/paths.ts";

const anchors = Float32Array.of(-1, 0.5, 0.25, 0, 1.5, -0.75, 0.3, 0.01);
const sigma = 0.05;

test("the batched denoiser equals mixtureOracle at every level", () => {
  const denoise = exactDenoiser(anchors, sigma);
  const means = Array.from({ length: anchors.length / 2 }, (_, k) =>
    Array.from(anchors.subarray(2 * k, 2 * k + 2)),
  );
  const mixture = {
    weights: means.map(() => 1),
    means,
    sigmas: means.map(() => [sigma, sigma]),
  };
  const x = normalNoise({ seed: 3, batch: 40, size: 2 });
  for (const level of [-6, -1, 0, 2, 5, 9].map(levelOf).concat({ signal: 1, noise: 0 })) {
    const out = new Float64Array(x.length);
    denoise(x, level, out);
    for (let i = 0; i < x.length; i += 2) {
      const { x0 } = mixtureOracle(numberArithmetic, mixture, level, [x[i], x[i + 1]]);
      expect(out[i]).toBeCloseTo(x0[0], 11);
      expect(out[i + 1]).toBeCloseTo(x0[1], 11);
    }
  }
});

test("a level has the log SNR it is made of, and is variance preserving", () => {
  for (const logSnr of [-9, -5, 0, 3.3, 8]) {
    const { signal, noise } = levelOf(logSnr);
    expect(Math.log(signal ** 2 / noise ** 2)).toBeCloseTo(logSnr, 10);
    expect(signal ** 2 + noise ** 2).toBeCloseTo(1, 14);
    expect(logSnrAt(positionOf(logSnr))).toBeCloseTo(logSnr, 12);
  }
  expect([logSnrAt(0), logSnrAt(1)]).toEqual([logSnrRange.from, logSnrRange.to]);
});

/** The frames of one Gaussian at (0.4, -0.2). */
function oneGaussian(options: { count: number; steps: number; eta: number; spread: number }) {
  const denoise = exactDenoiser([0.4, -0.2], options.spread);
  return [...tracePaths({ denoise, seed: 5, ...options })];
}

test("DDIM's paths converge to the probability flow of a Gaussian, to first order", () => {
  // The flow scales each point's distance from the mean by the ratio of standard deviations.
  const spread = 0.5;
  const deviation = (logSnr: number) => {
    const { signal, noise } = levelOf(logSnr);
    return Math.hypot(signal * spread, noise);
  };
  const { from, to } = logSnrRange;
  const error = (steps: number) => {
    const frames = oneGaussian({ count: 50, steps, eta: 0, spread });
    const [start, end] = [frames[0], frames[steps]];
    const ratio = deviation(to) / deviation(from);
    return Math.max(
      ...Array.from(start, (v, i) => {
        const mean = i % 2 === 0 ? 0.4 : -0.2;
        const flow = levelOf(to).signal * mean + ratio * (v - levelOf(from).signal * mean);
        return Math.abs(end[i] - flow);
      }),
    );
  };
  const errors = [50, 100, 200].map(error);
  expect(errors[2]).toBeLessThan(0.02);
  for (const i of [0, 1]) {
    expect(errors[i] / errors[i + 1]).toBeGreaterThan(1.8);
    expect(errors[i] / errors[i + 1]).toBeLessThan(2.2);
  }
});

test("DDPM's points keep the marginal of every level of a narrow Gaussian", () => {
  const [count, steps] = [4000, 40];
  const frames = oneGaussian({ count, steps, eta: 1, spread: 1e-3 });
  for (const step of [0, 10, 25, 40]) {
    const { signal, noise } = levelOf(logSnrAt(step / steps));
    const xs = Array.from({ length: count }, (_, i) => frames[step][2 * i]);
    const mean = xs.reduce((sum, v) => sum + v, 0) / count;
    const variance = xs.reduce((sum, v) => sum + (v - mean) ** 2, 0) / count;
    // The paths start from N(0, 1), not from the marginal, whose mean is the signal's share.
    const first = step === 0 ? 0 : signal * 0.4;
    expect(Math.abs(mean - first)).toBeLessThan((5 * noise) / Math.sqrt(count));
    expect(Math.abs(variance / noise ** 2 - 1)).toBeLessThan(0.13);
  }
});

test("both eta start from the same noise, and a point's path does not depend on the others", () => {
  const denoise = exactDenoiser(anchors, sigma);
  const settings = { denoise, steps: 12, seed: 9 };
  const ddim = [...tracePaths({ ...settings, count: 30, eta: 0 })];
  const ddpm = [...tracePaths({ ...settings, count: 30, eta: 1 })];
  expect(ddpm[0]).toEqual(ddim[0]);
  expect(ddpm[12]).not.toEqual(ddim[12]);
  const fewer = [...tracePaths({ ...settings, count: 7, eta: 1 })];
  expect(fewer[12]).toEqual(ddpm[12].subarray(0, 14));
  expect([...tracePaths({ ...settings, count: 30, eta: 1 })]).toEqual(ddpm);
});

test("every point ends near an anchor", () => {
  const denoise = exactDenoiser(anchors, 0.01);
  const end = [...tracePaths({ denoise, count: 200, steps: 72, eta: 0, seed: 1 })][72];
  for (let i = 0; i < end.length; i += 2) {
    const distances = Array.from({ length: anchors.length / 2 }, (_, k) =>
      Math.hypot(end[i] - anchors[2 * k], end[i + 1] - anchors[2 * k + 1]),
    );
    expect(Math.min(...distances)).toBeLessThan(0.1);
  }
});

test("a frame between two frames lies on the line between them", () => {
  const frames = [Float32Array.of(0, 0), Float32Array.of(1, 2), Float32Array.of(1, 4)];
  expect(Array.from(frameAt(frames, 4, 0))).toEqual([0, 0]);
  expect(Array.from(frameAt(frames, 4, 0.125))).toEqual([0.5, 1]);
  expect(Array.from(frameAt(frames, 4, 0.375))).toEqual([1, 3]);
  // Frames that are not traced yet: the last one stands.
  expect(Array.from(frameAt(frames, 4, 1))).toEqual([1, 4]);
});
