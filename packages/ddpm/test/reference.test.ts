import { readFileSync } from "node:fs";
import type { FloatArray, PredictionType } from "@gen/math";
import { type Clip, type DdpmVariance, schedulerSteps } from "@gen/sampling";
import {
  cosineSchedule,
  laplaceSchedule,
  linearSchedule,
  type NoiseSchedule,
  readSchedulerConfig,
  scaledLinearSchedule,
  sigmoidSchedule,
} from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { affine, noise, sample0, scale, varfix } from "../../../tooling/fixtures/inputs.ts";
import { ddpmSteps, sample } from "../src/index.ts";

interface Config {
  num_train_timesteps: number;
  beta_schedule: string;
  beta_start?: number;
  beta_end?: number;
  prediction_type?: string;
  variance_type: DdpmVariance;
  clip_sample: boolean;
  clip_sample_range?: number;
  timestep_spacing?: "leading" | "trailing" | "linspace";
  rescale_betas_zero_snr?: boolean;
  thresholding?: boolean;
  dynamic_thresholding_ratio?: number;
  sample_max_value?: number;
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

/** Two arrays of `shape` as the two halves of the channels. */
function joined(a: Float64Array, b: Float64Array): Float64Array {
  const row = a.length / shape[0];
  return Float64Array.from({ length: 2 * a.length }, (_, i) => {
    const at = Math.floor(i / (2 * row)) * row + (i % row);
    return (Math.floor(i / row) % 2 === 0 ? a : b)[at];
  });
}

const worst = (ours: ArrayLike<number>, theirs: number[]) =>
  theirs.reduce((m, v, i) => Math.max(m, Math.abs(ours[i] - v) / Math.max(1, Math.abs(v))), 0);

describe("traces of diffusers' DDPM in float64", () => {
  for (const [index, one] of cases.entries()) {
    const config: Config = one.config;
    const { beta_schedule: kind, variance_type: variance, num_train_timesteps: T } = config;
    it(`case ${index}: ${kind}, ${variance}, ${predictsOf(config)} ${one.note}`, async () => {
      const steps = ddpmSteps(scheduleOf(config), {
        steps: one.N ?? undefined,
        predicts: predictsOf(config),
        variance,
        spacing: one.custom_timesteps ?? config.timestep_spacing,
        compat: "diffusers",
      });
      const clip: Clip = config.thresholding
        ? { ratio: config.dynamic_thresholding_ratio ?? 0.995, max: config.sample_max_value }
        : config.clip_sample && (config.clip_sample_range ?? 1);
      if (!one.custom_timesteps && steps[steps.length - 1].t === 0) {
        const read = readSchedulerConfig({ _class_name: "DDPMScheduler", ...config });
        const given = schedulerSteps(read, { sampler: "ddpm", steps: one.N ?? undefined });
        expect(given).toMatchObject({ steps, clip });
      }
      if (one.timesteps) expect(steps.map(({ t }) => t)).toEqual(one.timesteps);
      const trace: { t: number; prev_sample: number[]; pred_original_sample: number[] }[] =
        one.steps ?? [];
      let compared = 0;
      let calls = 0;
      const model = (x: FloatArray, t: number): Float64Array => {
        const output = one.model === "scale" ? scale(x, t) : affine(x, t, T, shape);
        if (!variance.startsWith("learned")) return output;
        const raw: Float64Array = varfix(shape, calls++);
        return joined(output, variance === "learned" ? raw.map((v) => (v + 1.25) / 40) : raw);
      };
      const { x } = await sample({
        denoiser: model,
        steps,
        shape,
        x: sample0(shape),
        noise: (k) => noise(shape, k),
        clip,
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
