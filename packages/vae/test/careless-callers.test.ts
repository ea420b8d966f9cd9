import type { Dataset } from "@gen/data";
import { type Expr, exprArithmetic, input } from "@gen/graph";
import { mlp } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import {
  type Call,
  describeCarelessCallers,
  modelTraining,
  modelTrainingAlso,
  REALS,
} from "../../../tooling/fixtures/careless.ts";
import * as vae from "../src/index.ts";

const backend = await cpuBackend();
const model = vae.mlpVae({ shape: [4], hidden: [3], latent: 2 });
const encoder = mlp({ name: "e.", inputs: 4, hidden: [3], outputs: 4 });
const decoder = mlp({ name: "d.", inputs: 2, hidden: [3], outputs: 4 });
const dataset: Dataset = { name: "a", data: new Float32Array(8), shape: [4], length: 2 };
const signal = new AbortController().signal;
const run = { backend, model, batchSize: 2, seed: 0, signal };
const x = input("x", { shape: [2, 4] });
const likelihood = { "0.likelihood": ["text"], "0.activation": ["function"] } as const;
const runAlso = { "0.signal": ["object"] } as const;

const quantizer = vae.vectorQuantizer({ codes: 2, features: 2 });
const narrow = mlp({ name: "n.", inputs: 4, hidden: [3], outputs: 2 });
const quantized = vae.quantizedVae({ encoder: narrow, decoder, quantizer });
const judge = mlp({ name: "j.", inputs: 2, hidden: [3], outputs: 1 });
const upper = vae.mlpVae({ name: "upper.", shape: [2], hidden: [3], latent: 1 });
const kernel = (d: Expr) => d;
const weights = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [`1.${name}`, ["negative", "fraction"] as const]));

const calls: Record<string, Call> = {
  iwaeLoss: {
    args: [model, { groups: 1, elboShare: 0, gradient: "reparameterized" }],
  },
  infoVaeLoss: {
    args: [model, { alpha: 0, lambda: 1, kernel }],
    also: weights("alpha", "lambda"),
  },
  waeLoss: {
    args: [model, { lambda: 1, kernel, random: false }],
    also: { "1.lambda": ["fraction"] },
  },
  betaTcLoss: {
    args: [model, { dataSize: 8, alpha: 1, beta: 1, gamma: 1, sampling: "weighted" }],
    also: weights("alpha", "beta", "gamma"),
  },
  factorVaeLoss: {
    args: [model, judge, { gamma: 1 }],
    also: { "2.gamma": ["negative", "fraction"] },
  },
  hierarchicalLoss: { args: [model, upper, { beta: 1 }], also: { "2.beta": ["fraction"] } },
  linearAnnealing: {
    args: [{ steps: 2, from: 0, to: 1 }],
    also: { "0.from": ["fraction"], "0.to": ["fraction"] },
  },
  cyclicAnnealing: {
    args: [{ steps: 2, cycles: 1, ratio: 0.5, from: 0, to: 1 }],
    also: { "0.from": ["fraction"], "0.to": ["fraction"] },
  },
  vectorQuantizer: {
    args: [{ codes: 2, features: 2, decay: 0.9, seed: 0 }],
  },
  finiteScalarQuantizer: { args: [[3, 2]] },
  quantizedVae: {
    args: [{ encoder: narrow, decoder, quantizer, likelihood: "bernoulli" }],
    also: { "0.likelihood": ["text"] },
  },
  quantizedLoss: {
    args: [quantized, { commitment: 0.25 }],
    also: { "1.commitment": ["fraction"] },
  },
  logLikelihood: { args: [{ ...run, dataset, samples: 1, first: 0 }], also: runAlso },
  meanLogLikelihood: { args: [[1, 2]] },
  meanElbo: { args: [{ reconstruction: [1], kl: [1], mean: [0, 1] }] },
  convVae: {
    args: [
      {
        size: 4,
        imageChannels: 1,
        channels: [4],
        latent: 2,
        map: false,
        likelihood: "bernoulli",
        activation: "relu",
        seed: 0,
      },
    ],
    also: likelihood,
  },
  mlpVae: {
    args: [
      { shape: [4], hidden: [3], latent: 2, likelihood: "bernoulli", activation: "relu", seed: 0 },
    ],
    also: likelihood,
  },
  vae: { args: [{ encoder, decoder, likelihood: "bernoulli" }], also: likelihood },
  decode: { args: [{ ...run, z: Float32Array.of(1, 2) }], also: runAlso },
  codeVectors: { args: [quantized, [0, 1]] },
  encode: { args: [{ ...run, dataset }], also: runAlso },
  reconstruct: { args: [{ ...run, dataset }], also: runAlso },
  elbo: { args: [{ ...run, dataset, samples: 1, first: 0 }], also: runAlso },
  priorLatents: { args: [{ ...run, count: 2 }], also: runAlso },
  mixturePrior: {
    args: [{ z: Float32Array.of(0, 1, 2, 3), size: 1, components: 2, rounds: 1, seed: 0 }],
  },
  latentGrid: { args: [2] },
  attributeDirection: { args: [new Float32Array(4), [0, 1], 1] },
  priorSamples: { args: [{ ...run, count: 2 }], also: runAlso },
  latentDataset: { args: [{ ...run, dataset, draw: "mean" }], also: runAlso },
  latentScaling: {
    args: [{ latents_mean: [0], latents_std: [1], shift_factor: 0, scaling_factor: 1 }],
    also: {
      "0.latents_std": ["null", "text", "NaN", ...REALS, "object", "number", "function", "promise"],
      "0.latents_mean": ["null"],
      "0.shift_factor": ["null", "text", "NaN", ...REALS, "list", "object", "function", "promise"],
      "0.scaling_factor": [
        "null",
        "text",
        "NaN",
        ...REALS,
        "list",
        "object",
        "function",
        "promise",
      ],
    },
  },
  pipelineVae: {
    args: [model, { mean: [0, 0], std: [1, 1] }, [4]],
    also: { "1": ["undefined"] },
  },
  trainVae: {
    args: [{ ...modelTraining, backend, model, dataset, beta: 1 }],
    also: {
      ...modelTrainingAlso,
      "0.beta": ["fraction", "function"],
    },
  },
  vaeLoss: {
    args: [model, { beta: 1, freeBits: 0 }],
    also: { "1.beta": ["fraction"], "1.freeBits": ["fraction"] },
  },
  vaeTerms: {
    args: [exprArithmetic, "bernoulli", { x, decoded: x, mean: x, logVariance: x }],
    also: { "1": ["object"] },
  },
};

describeCarelessCallers(
  vae,
  calls,
  new Set<unknown>([
    backend,
    model,
    encoder,
    decoder,
    dataset,
    exprArithmetic,
    narrow,
    quantizer,
    quantized,
    judge,
    upper,
  ]),
);
