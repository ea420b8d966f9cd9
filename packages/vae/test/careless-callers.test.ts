import type { Dataset } from "@gen/data";
import { exprArithmetic, input } from "@gen/graph";
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

const calls: Record<string, Call> = {
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
  encode: { args: [{ ...run, dataset }], also: runAlso },
  reconstruct: { args: [{ ...run, dataset }], also: runAlso },
  elbo: { args: [{ ...run, dataset, samples: 1 }], also: runAlso },
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
      "0.beta": ["fraction"],
    },
  },
  vaeLoss: { args: [model, { beta: 1 }], also: { "1.beta": ["fraction"] } },
  vaeTerms: {
    args: [exprArithmetic, "bernoulli", { x, decoded: x, mean: x, logVariance: x }],
    also: { "1": ["object"] },
  },
};

describeCarelessCallers(
  vae,
  calls,
  new Set<unknown>([backend, model, encoder, decoder, dataset, exprArithmetic]),
);
