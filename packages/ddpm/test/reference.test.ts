import { readFileSync } from "node:fs";
import type { PredictionType } from "@gen/math";
import {
  cosineSchedule,
  laplaceSchedule,
  linearSchedule,
  type NoiseSchedule,
  scaledLinearSchedule,
  sigmoidSchedule,
} from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { ddpmSteps, sample } from "../src/index.ts";
import { affine, noise, sample0, scale } from "./reference/inputs.mjs";

interface Config {
  num_train_timesteps: number;
  beta_schedule: string;
  beta_start?: number;
  beta_end?: number;
  prediction_type?: string;
  variance_type: string;
  clip_sample: boolean;
  clip_sample_range?: number;
  timestep_spacing?: "leading" | "trailing" | "linspace";
  rescale_betas_zero_snr?: boolean;
  thresholding?: boolean;
}

const { shape, cases } = JSON.parse(
  readFileSync(new URL("./reference/ddpm_trace.json", import.meta.url), "utf8"),
);

function scheduleOf(config: Config): NoiseSchedule {
  const options = {
    steps: config.num_train_timesteps,
    betaStart: config.beta_start,
    betaEnd: config.beta_end,
    rescaleBetasZeroSnr: config.rescale_betas_zero_snr,
  };
  const kinds: Record<string, (o: typeof options) => NoiseSchedule> = {
    linear: linearSchedule,
    scaled_linear: scaledLinearSchedule,
    squaredcos_cap_v2: cosineSchedule,
    sigmoid: sigmoidSchedule,
    laplace: laplaceSchedule,
  };
  return kinds[config.beta_schedule](options);
}

const predictsOf = (config: Config): PredictionType =>
  config.prediction_type === "sample"
    ? "x0"
    : config.prediction_type === "v_prediction"
      ? "v"
      : "epsilon";

const worst = (ours: ArrayLike<number>, theirs: number[]) =>
  theirs.reduce((m, v, i) => Math.max(m, Math.abs(ours[i] - v) / Math.max(1, Math.abs(v))), 0);

describe("traces of diffusers' DDPM in float64", () => {
  for (const [index, one] of cases.entries()) {
    const config: Config = one.config;
    // Learned variances and dynamic thresholding are not offered yet.
    if (config.thresholding || config.variance_type.startsWith("learned")) continue;
    const { beta_schedule: kind, variance_type: variance, num_train_timesteps: T } = config;
    it(`case ${index}: ${kind}, ${variance}, ${predictsOf(config)} ${one.note}`, async () => {
      const steps = ddpmSteps(scheduleOf(config), {
        steps: one.N ?? undefined,
        predicts: predictsOf(config),
        variance: variance === "fixed_large" ? "fixed_large" : "fixed_small",
        spacing: one.custom_timesteps ?? config.timestep_spacing,
        compat: "diffusers",
      });
      if (one.timesteps) expect(steps.map(({ t }) => t)).toEqual(one.timesteps);
      const trace: { t: number; prev_sample: number[]; pred_original_sample: number[] }[] =
        one.steps ?? [];
      let compared = 0;
      const { x } = await sample({
        denoiser: (x, t) => (one.model === "scale" ? scale(x, t) : affine(x, t, T, shape)),
        steps,
        shape,
        x: sample0(shape),
        noise: (k) => noise(shape, k),
        clip: config.clip_sample && (config.clip_sample_range ?? 1),
        onStep: async ({ t, x, x0 }) => {
          const theirs = trace.find((row) => row.t === t);
          if (!theirs) return;
          compared++;
          expect(worst(await x(), theirs.prev_sample)).toBeLessThan(1e-11);
          expect(worst(await x0(), theirs.pred_original_sample)).toBeLessThan(1e-11);
        },
      });
      expect(compared).toBe(trace.length);
      expect(worst(x, one.final_sample)).toBeLessThan(1e-11);
    });
  }
});
