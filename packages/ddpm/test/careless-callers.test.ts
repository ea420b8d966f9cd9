import type { Dataset } from "@gen/data";
import { numberArithmetic } from "@gen/math";
import { mlp } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { denoiser } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import {
  type Call,
  describeCarelessCallers,
  modelTraining,
  modelTrainingAlso,
} from "../../../tooling/fixtures/careless.ts";
import * as ddpm from "../src/index.ts";

const schedule = linearSchedule({ steps: 8 });
const model = denoiser(mlp({ inputs: 2, hidden: [3], time: true }));
const signal = new AbortController().signal;
const onStep = () => undefined;
const x = Float64Array.of(1, 2);
const atT = { "2": ["list"] } as const;

const backend = await cpuBackend();
const classifier = mlp({ inputs: 2, hidden: [3], outputs: 2, time: true });
const conditional = mlp({ inputs: 2, hidden: [3], time: true, classes: 2 });
const dataset: Dataset = {
  name: "a",
  data: new Float32Array(4),
  shape: [2],
  length: 2,
  labels: Int32Array.of(0, 1),
};
const training = { ...modelTraining, backend, dataset, schedule };

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
  classifierLosses: { args: [classifier, schedule], also: { "1": ["undefined"] } },
  edmLoss: { args: [model, { dataDeviation: 0.5 }], also: { "1.dataDeviation": ["fraction"] } },
  edmPreconditioning: {
    args: [numberArithmetic, 1, 0.5],
    also: { "1": ["fraction", "list"], "2": ["fraction"] },
  },
  lossWeights: {
    args: [schedule, "simple", { predicts: "epsilon", gamma: 5 }],
    also: { "2.gamma": ["infinity", "fraction"] },
  },
  lossSecondMoment: { args: [8, { history: 2, uniform: 0.1 }] },
  posteriorMeanVariance: { args: [schedule, x, x, 1], also: { "3": ["list"] } },
  qJump: { args: [schedule, x, { from: 1, to: 2 }, x], also: { "2.from": ["negative"] } },
  qMeanVariance: { args: [schedule, x, 1], also: atT },
  qSample: { args: [schedule, x, 1, x], also: atT },
  qStep: { args: [schedule, x, 1, x], also: atT },
  trainClassifier: {
    args: [{ ...training, network: classifier }],
    also: modelTrainingAlso,
  },
  trainDdpm: {
    args: [
      {
        ...training,
        network: conditional,
        predicts: "epsilon",
        condition: { condition: [0, 1] },
        conditionDropout: 0.5,
        unconditional: { condition: 2 },
        times: ddpm.lossSecondMoment(8),
        objective: "simple",
        weights: new Float64Array(8).fill(1),
        variance: "learned_range",
        onWarning: onStep,
      },
    ],
    also: {
      ...modelTrainingAlso,
      "0.condition": ["null", "list"],
      "0.unconditional": ["null", "list", "number"],
    },
    named: { "0.unconditional": "condition" },
  },
  trainEdm: {
    args: [
      {
        ...modelTraining,
        ...{ backend, dataset, network: conditional },
        condition: { condition: [0, 1] },
        conditionDropout: 0.5,
        unconditional: { condition: 2 },
        dataDeviation: 0.5,
        logSigmaMean: -1,
        logSigmaDeviation: 1,
      },
    ],
    also: {
      ...modelTrainingAlso,
      "0.condition": ["null", "list"],
      "0.unconditional": ["null", "list", "number"],
      "0.dataDeviation": ["fraction"],
      "0.logSigmaMean": ["fraction", "negative"],
      "0.logSigmaDeviation": ["fraction"],
    },
    named: { "0.unconditional": "condition" },
  },
  velocity: { args: [schedule, x, 1, x], also: atT },
};
const elsewhere = ["ddpmSteps", "generate", "sample"];

describeCarelessCallers(
  ddpm,
  calls,
  new Set<unknown>([
    ...[schedule, model, backend, dataset, classifier, conditional],
    numberArithmetic,
  ]),
  elsewhere,
);
