import { input } from "@gen/graph";
import { mlp } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { linearSchedule, readSchedulerConfig } from "@gen/schedules";
import { type Call, describeCarelessCallers, REALS } from "../../../tooling/fixtures/careless.ts";
import * as sampling from "../src/index.ts";

const schedule = linearSchedule({ steps: 8 });
const net = mlp({ inputs: 2, hidden: [4], time: true });
const classifier = mlp({ name: "c.", inputs: 2, hidden: [4], outputs: 3, time: true });
const den = sampling.denoiser(net);
const backend = await cpuBackend();
const x = input("x", { shape: [2, 2] });
const logits = input("logits", { shape: [2, 3] });
const t = input("t", { shape: [2], dtype: "int64" });
const signal = new AbortController().signal;
const steps = sampling.ddimSteps(schedule, { steps: 2 });
const pipeline = {
  kind: "diffusion",
  denoiser: den,
  scheduler: { schedule, clip: 1 },
  shape: [2],
} as const;
const onStep = () => undefined;
const level = { signal: 1, noise: 1 };
const times = { steps: 4, spacing: "leading", offset: 0 };
const solver = { ...times, sigmas: "karras", predicts: "epsilon" };
const also = { "0": ["list"], "1.spacing": ["list"], "1.sigmas": ["list"] } as const;
const run = {
  backend,
  denoiser: den,
  steps,
  shape: [2, 2],
  seed: 0,
  firstIndex: 0,
  initialScale: 1,
  x: [1, 2, 3, 4],
  clip: 1,
  signal,
  onStep,
};
const runAlso = {
  "0.denoiser": ["function"],
  "0.clip": ["list", "fraction"],
  "0.initialScale": ["negative", "fraction"],
  "0.x": ["list"],
  "0.signal": ["object"],
  "0.backend": ["promise"],
} as const;
const onSolver = (options = {}, more = {}): Call => ({
  args: [schedule, { ...solver, ...options }],
  also: { ...also, ...more },
});
const onTimes = (options = {}): Call => ({ args: [schedule, { ...times, ...options }], also });
const scaled = { scale: 2, interval: [0, 5], rescale: 0.5 };

const flowAlso = { "0.shift": ["fraction"], "0.length": ["fraction"] } as const;

const config = readSchedulerConfig({ _class_name: "DDIMScheduler", num_train_timesteps: 8 });

const byName = { label: t };
const wanted = { condition: { shape: ["batch"], dtype: "int64" } };
const configAlso = {
  "0.clip": ["null", "fraction"],
  "0.thresholding": ["null"],
  "0.offset": ["negative"],
  "0.varianceType": ["null", "text"],
  "0.flow": ["null"],
} as const;

const calls: Record<string, Call> = {
  clipped: {
    args: [x, [-1, 1], { ratio: 0.9, max: 1 }],
    also: { "2": ["undefined"], "2.max": ["infinity", "fraction"] },
  },
  conditionInputs: { args: [byName] },
  conditionOf: { args: [byName] },
  namedConditions: {
    args: [{ condition: [0, 1] }, wanted],
    also: {
      "0": ["undefined", "null", "negative", "list", "number"],
      "0.condition": ["negative", "number"],
    },
    named: { "0": "condition" },
  },
  defaultEta: { args: ["ddim"] },
  defaultSampler: { args: [config], also: configAlso },
  schedulerNotes: { args: [config], also: configAlso },
  schedulerSteps: {
    args: [config, { sampler: "ddim", steps: 2, eta: 0, compat: "diffusers", strength: 1 }],
    also: configAlso,
  },
  classifierFree: {
    args: [den, { ...scaled, unconditional: 0 }],
    also: {
      "0": ["function"],
      "1.scale": ["negative", "fraction"],
      "1.unconditional": [
        ...REALS,
        "undefined",
        "null",
        "text",
        "NaN",
        "list",
        "object",
        "function",
        "promise",
      ],
    },
  },
  classifierGuided: {
    args: [den, classifier, { schedule, scale: 1, form: "score", interval: [0, 5], label: 1 }],
    also: { "2.scale": ["negative", "fraction"] },
  },
  clipBounds: { args: [1], also: { "0": ["list", "fraction"] } },
  compose: {
    args: [den, { ...scaled, conditions: [{ condition: 0, scale: 1 }], unconditional: 3 }],
    also: {
      "0": ["function"],
      "1.unconditional": ["null", "text", "NaN", ...REALS, "list", "object", "function", "promise"],
      "1.scale": [...REALS, "null", "text", "NaN", "list", "object", "function", "promise"],
    },
  },
  ddimSteps: onTimes({ predicts: "epsilon", eta: 0, keepEpsilon: false, compat: "diffusers" }),
  ddpmSteps: onTimes({
    predicts: "epsilon",
    keepEpsilon: false,
    variance: "fixed_small",
    compat: "diffusers",
  }),
  deisSteps: onSolver({ order: 2, lowerOrderFinal: true }),
  denoiser: { args: [net, "epsilon"] },
  denoiserFunction: { args: [{ backend, denoiser: den, shape: [2, 2] }] },
  dpm2Steps: onSolver({ eta: 0 }),
  dpmSdeSteps: onSolver({ sNoise: 1 }, { "1.sNoise": ["fraction"] }),
  dpmSolverSteps: onSolver({
    order: 2,
    method: "multistep",
    form: "data",
    slope: "midpoint",
    sde: false,
    lowerOrderFinal: true,
  }),
  eulerAncestralSteps: onSolver({ eta: 1 }),
  eulerSteps: onSolver(),
  flowEulerSteps: {
    args: [{ steps: 4, shift: 1, length: 1000, stochastic: false }],
    also: flowAlso,
  },
  flowTrajectory: { args: [{ steps: 4, shift: 1, length: 1000 }], also: flowAlso },
  generate: {
    args: [
      pipeline,
      {
        ...{ backend, count: 2, shape: [2], seed: 0, clip: 1, sampler: "ddim", steps: 2, eta: 0 },
        ...{ stepConditions: () => ({}), signal, onStep },
      },
    ],
    also: { "1.clip": ["list", "fraction"], "1.signal": ["object"], "1.backend": ["promise"] },
  },
  heunSteps: onSolver(),
  pipelineSteps: { args: [pipeline, { sampler: "ddim", steps: 2, eta: 0, strength: 1 }] },
  hostFunction: { args: [() => ({ y: x })] },
  hostTensor: { args: [[1, 2], [2]] },
  keyedNoise: { args: [[{ seed: 1, index: 0 }], [1, 2]] },
  inpaint: {
    args: [den, { shape: [2, 2], known: [1, 2], mask: [0, 1], schedule }],
    also: { "0": ["function"] },
  },
  inversionSteps: onTimes({ predicts: "epsilon" }),
  ipndmSteps: onSolver(),
  labelLogProb: { args: [logits, 1] },
  lcmSteps: {
    args: [
      schedule,
      {
        steps: 2,
        originalSteps: 4,
        strength: 1,
        predicts: "epsilon",
        sigmaData: 0.5,
        timestepScaling: 10,
      },
    ],
    also: { "0": ["list"], "1.sigmaData": ["fraction"], "1.timestepScaling": ["fraction"] },
  },
  levelTransitions: { args: [schedule, [7, 3], level] },
  lmsSteps: onSolver({ order: 4 }),
  optimalTimesteps: {
    args: [
      {
        backend,
        denoiser: den,
        schedule,
        steps: 2,
        fine: 4,
        shape: [2, 2],
        seed: 0,
        clip: 1,
        signal,
        onProgress: onStep,
      },
    ],
    also: {
      "0.denoiser": ["function"],
      "0.clip": ["list", "fraction"],
      "0.signal": ["object"],
      "0.backend": ["promise"],
    },
  },
  outputTensor: { args: [new Float64Array(4), [2, 2]] },
  pndmSteps: onSolver({ rungeKutta: 0 }),
  pipelineSampler: { args: [pipeline, { backend }], also: { "1.backend": ["promise"] } },
  resampledSteps: onSolver({ jump: 2, times: 2, eta: 1 }),
  runInParts: {
    args: [2, [x, t], (part: unknown) => part],
    also: { "0": ["undefined", "text"] },
  },
  saSolverSteps: onSolver({
    predictorOrder: 2,
    correctorOrder: 2,
    form: "data",
    lowerOrderFinal: true,
    tau: () => 0,
  }),
  sample: { args: [run], also: runAlso },
  sampleSteps: { args: [run], also: runAlso },
  sampler: {
    args: [{ backend, denoiser: den }],
    also: { "0.denoiser": ["function"], "0.backend": ["promise"] },
  },
  splitVariance: { args: [x, x] },
  stepTable: {
    args: [[{ t: 1, from: level, to: level }], { predicts: "epsilon", eta: 0, keepEpsilon: false }],
  },
  networkTime: { args: [schedule, "epsilon", 1], also: { "2": ["fraction", "infinity"] } },
  tableAt: { args: [Float64Array.of(1, 2), t, x] },
  tcdSteps: onTimes({ gamma: 0.3, predicts: "epsilon" }),
  torchNoise: {
    args: [1, [2, 2], { firstIndex: 0, count: 2, device: "cuda", threads: 256, before: [2] }],
  },
  trajectory: onTimes({ sigmas: "karras" }),
  unipcSteps: onSolver({ order: 2 }),
  wholeTime: { args: [t] },
};
const opaque = new Set<unknown>([
  byName,
  wanted,
  schedule,
  net,
  classifier,
  den,
  backend,
  logits,
  x,
  t,
  level,
]);
describeCarelessCallers(sampling, calls, opaque);
