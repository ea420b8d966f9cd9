import { mlp } from "@gen/nn";
import { denoiser } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { type Call, describeCarelessCallers } from "../../../tooling/fixtures/careless.ts";
import * as ddpm from "../src/index.ts";

const schedule = linearSchedule({ steps: 8 });
const model = denoiser(mlp({ inputs: 2, hidden: [3], time: true }));
const signal = new AbortController().signal;
const onStep = () => undefined;
const x = Float64Array.of(1, 2);
const atT = { "2": ["list"] } as const;

const calls: Record<string, Call> = {
  convertPrediction: {
    args: [schedule, x, { from: "epsilon", to: "x0", x, t: 1 }],
    also: { "2.t": ["list"] },
  },
  dataBound: {
    args: [
      {
        schedule,
        denoiser: (values: unknown) => values,
        x0: x,
        shape: [1, 2],
        seed: 0,
        predicts: "epsilon",
        variance: "fixed_small",
        signal,
        onStep,
      },
    ],
    also: { "0.signal": ["object"] },
  },
  ddpmLoss: {
    args: [
      model,
      schedule,
      { objective: "simple", weights: new Float64Array(8).fill(1), variance: "learned_range" },
    ],
  },
  lossWeights: { args: [schedule, "simple", { predicts: "epsilon", gamma: 5 }] },
  lossSecondMoment: { args: [8, { history: 2, uniform: 0.1 }] },
  posteriorMeanVariance: { args: [schedule, x, x, 1], also: { "3": ["list"] } },
  qJump: { args: [schedule, x, { from: 1, to: 2 }, x] },
  qMeanVariance: { args: [schedule, x, 1], also: atT },
  qSample: { args: [schedule, x, 1, x], also: atT },
  qStep: { args: [schedule, x, 1, x], also: atT },
  velocity: { args: [schedule, x, 1, x], also: atT },
};
const elsewhere = ["ddpmSteps", "generate", "sample", "trainDdpm", "trainClassifier"];

describeCarelessCallers(ddpm, calls, new Set<unknown>([schedule, model]), elsewhere);
