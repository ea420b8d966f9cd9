import { type Expr, input, mean, square } from "@gen/graph";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import {
  type Call,
  describeCarelessCallers,
  training,
  trainingAlso,
} from "../../../tooling/fixtures/careless.ts";
import * as nn from "../src/index.ts";

const seed = { seed: 0 };
const layer = { seed: 0, bias: true, weight: nn.zeros };
const adam = { learningRate: 1e-3, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 };
const decay = { peak: 1e-3, steps: 10, warmUp: 2, floor: 0 };
const signature = { x: { shape: ["batch", 2] } };
const apply = (
  ...[x]: Parameters<typeof nn.network>[1] extends (...a: infer A) => unknown ? A : []
) => x;
const small = nn.mlp({ inputs: 2, hidden: [3] });
const coder = { size: 8, channels: [4], map: false, activation: "relu", name: "", seed: 0 };
const steps = input("t", { shape: ["batch"], dtype: "int64" });
const state = { step: 1, weights: nn.weightsOf(small), moments: {} };
const backend = await cpuBackend();
const gain: Call = { args: [1], also: { "0": ["negative", "fraction"] } };
const fixed = { args: [[2, 3]] };
const adamRates: Call = {
  args: [adam],
  also: {
    "0.learningRate": ["function", "fraction"],
    "0.epsilon": ["fraction"],
    "0.weightDecay": ["fraction"],
  },
};

const calls: Record<string, Call> = {
  activationFunction: { args: ["relu"], also: { "0": ["function"] } },
  attention: { args: ["a", 4, { heads: 2, groups: 1, ...seed }] },
  tokenAttention: { args: ["a", 4, { heads: 2, contextFeatures: 3, ...layer }] },
  residualBlock: { args: ["a", 4, 4, { timeFeatures: 4, groups: 1, dropout: 0.1, ...seed }] },
  spatialTransformer: { args: ["a", 4, { contextFeatures: 3, heads: 2, groups: 1, ...seed }] },
  convDecoder: {
    args: [{ ...coder, inputs: 2, outChannels: 1 }],
    also: { "0.activation": ["function"] },
  },
  convEncoder: {
    args: [{ ...coder, outputs: 2, inChannels: 1 }],
    also: { "0.activation": ["function"] },
  },
  convolution: { args: ["a", 2, 2, { kernel: 3, stride: 1, padding: 1, groups: 1, ...layer }] },
  downsample: { args: ["a", 2, 2, seed] },
  upsample: { args: ["a", 2, 2, seed] },
  dit: {
    args: [
      {
        size: 4,
        inChannels: 1,
        patch: 2,
        width: 8,
        depth: 1,
        heads: 2,
        mlpRatio: 2,
        learnedVariance: false,
        classes: 2,
        name: "",
        seed: 0,
      },
    ],
    also: { "0.mlpRatio": ["fraction"] },
  },
  embedding: { args: ["a", 3, 4, { seed: 0, weight: nn.zeros }] },
  timestepEmbedding: {
    args: [steps, 8, { maxPeriod: 100, flipSinToCos: false, downscaleFreqShift: 0 }],
    also: { "2.maxPeriod": ["fraction"], "2.downscaleFreqShift": ["negative", "fraction"] },
  },
  initializedParameter: { args: ["a", [2, 2], nn.zeros, 0] },
  kaimingNormal: gain,
  kaimingUniform: gain,
  xavierNormal: gain,
  xavierUniform: gain,
  normalWeights: gain,
  uniform: gain,
  ones: fixed,
  zeros: fixed,
  linear: { args: ["a", 2, 3, layer] },
  mlp: {
    args: [
      {
        inputs: 2,
        hidden: [3],
        outputs: 2,
        activation: "relu",
        time: { features: 8 },
        classes: 2,
        name: "",
        seed: 0,
      },
    ],
    also: { "0.activation": ["function"] },
  },
  network: { args: [signature, apply] },
  networkGraph: { args: [small, "output"] },
  groupNorm: { args: ["a", 4, { groups: 2, epsilon: 1e-5 }], also: { "2.epsilon": ["fraction"] } },
  layerNorm: {
    args: ["a", 4, { epsilon: 1e-5, affine: true }],
    also: { "2.epsilon": ["fraction"] },
  },
  adam: adamRates,
  adamw: adamRates,
  lion: {
    args: [{ learningRate: 1e-4, betas: [0.9, 0.99], weightDecay: 0 }],
    also: { "0.learningRate": ["function", "fraction"], "0.weightDecay": ["fraction"] },
  },
  sgd: {
    args: [{ learningRate: 1e-3, momentum: 0.9, nesterov: false, weightDecay: 0 }],
    also: { "0.learningRate": ["function", "fraction"], "0.weightDecay": ["fraction"] },
  },
  cosineDecay: { args: [decay], also: { "0.peak": ["fraction"], "0.floor": ["fraction"] } },
  linearDecay: { args: [decay], also: { "0.peak": ["fraction"], "0.floor": ["fraction"] } },
  // `train` checks the step.
  stateFromTensors: { args: [1, {}], also: { "0": ["negative"] } },
  stateTensors: { args: [state] },
  unet: {
    args: [
      {
        size: 4,
        inChannels: 1,
        outChannels: 1,
        learnedVariance: false,
        channels: 8,
        multipliers: [1],
        blocks: 1,
        attention: [4],
        heads: 1,
        groups: 1,
        crossAttention: { features: 4, tokens: 2 },
        dropout: 0.1,
        classes: 2,
        name: "",
        seed: 0,
      },
    ],
  },
  train: {
    args: [
      {
        backend,
        loss: ({ x }: { x: Expr }) => mean(square(small.apply(x))),
        signature: { x: { shape: [1, 2] } },
        parameters: small.parameters,
        optimizer: nn.adam(),
        batches: [{ x: { data: Float32Array.of(1, 2), shape: [1, 2] } }],
        ...training,
        packBelow: 100,
        onSamples: () => undefined,
      },
    ],
    also: {
      ...trainingAlso,
      "0.batches": ["text"],
      "0.packBelow": ["infinity", "fraction"],
    },
  },
  weightInputs: { args: [small] },
  weightsOf: { args: [small] },
  withWeights: { args: [small, nn.weightsOf(small)] },
};

describeCarelessCallers(nn, calls, new Set<unknown>([backend, small, steps, state, signature]));
