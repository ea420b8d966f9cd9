import { linearSchedule } from "@gen/schedules";
import { type Call, describeCarelessCallers } from "../../../tooling/fixtures/careless.ts";
import * as ddim from "../src/index.ts";

const schedule = linearSchedule({ steps: 8 });
const level = { signal: 1, noise: 1 };
const inversion: Call = {
  args: [
    {
      schedule,
      denoiser: (x: unknown) => x,
      x: [1, 2],
      shape: [1, 2],
      steps: 2,
      spacing: "leading",
      offset: 0,
      predicts: "epsilon",
      clip: 1,
    },
  ],
  also: { "0.denoiser": ["object"], "0.clip": ["list", "fraction"], "0.spacing": ["list"] },
};

const calls: Record<string, Call> = {
  linearInterpolation: { args: [[1, 2], [3, 4], 0.5], also: { "2": ["negative", "fraction"] } },
  sphericalInterpolation: {
    args: [[1, 2], [3, 4], 0.5, 1],
    also: { "2": ["negative", "fraction"] },
  },
  encode: inversion,
  decode: inversion,
  invert: inversion,
  roundTrip: inversion,
  tutorialCoefficients: {
    args: [level, level, 0.5],
    also: { "0.noise": ["fraction"], "1.signal": ["fraction"] },
  },
};

describeCarelessCallers(ddim, calls, new Set<unknown>([schedule]), [
  "ddimSteps",
  "inversionSteps",
  "sample",
]);
