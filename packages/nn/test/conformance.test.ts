import {
  type Expr,
  type Graph,
  mean,
  square,
  sub,
  type Tensor,
  tensor,
  tensorNumbers,
} from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { adam, dit, type Network, networkGraph, unet } from "@gen/nn";
import type { Backend, HostArray } from "@gen/runtime-gpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawMasks } from "../src/dropout-masks.ts";
import { stepGraph } from "../src/step-graph.ts";
import { sampleInputs, wakened } from "./sample-inputs.ts";

const networks: Record<string, () => Network> = {
  unet: () =>
    unet({
      size: 4,
      channels: 4,
      attention: [2],
      heads: 2,
      classes: 3,
      crossAttention: { features: 5 },
      learnedVariance: true,
      dropout: 0.3,
    }),
  dit: () => dit({ size: 4, width: 8, depth: 1, heads: 2, classes: 3, learnedVariance: true }),
};

const backends: Record<string, () => Promise<Backend>> = {
  "onnx wasm": () => onnxBackend({ provider: "wasm" }) as Promise<Backend>,
  "tfjs cpu": () => tfjsBackend({ device: "cpu" }) as Promise<Backend>,
  "tfjs wasm": () => tfjsBackend({ device: "wasm" }) as Promise<Backend>,
};

async function agrees(backend: Backend, graph: Graph, inputs: Record<string, Tensor>) {
  const wanted = evaluate(graph, inputs);
  const held = Object.entries(inputs).map(([name, { data, shape, dtype }]) => {
    return [name, backend.upload(data as HostArray, shape, dtype)] as const;
  });
  const program = await backend.compile(graph);
  const outputs = await program.run(Object.fromEntries(held));
  for (const [name, output] of Object.entries(outputs)) {
    const want = tensorNumbers(wanted[name]);
    const got = await backend.download(output);
    expect(got.length, name).toBe(want.length);
    const off = Array.from(got, (v, i) => Math.abs(v - want[i]) / Math.max(1, Math.abs(want[i])));
    expect(Math.max(...off), name).toBeLessThan(2e-5);
  }
  backend.dispose(...Object.values(outputs), ...held.map(([, one]) => one));
  await program.dispose();
}

/** One step of Adam towards a prediction of zero, and its inputs. */
function oneStep(net: Network) {
  const loss = (inputs: Record<string, Expr>) => {
    const y = net.apply(...Object.keys(net.signature).map((name) => inputs[name]));
    return mean(square(sub(y, 0.5)));
  };
  // Adam divides by a gradient's size. A large epsilon hides the rounding of gradients near zero.
  const optimizer = adam({ learningRate: 0.1, epsilon: 0.1 });
  const built = stepGraph({ loss, signature: net.signature, optimizer });
  const [step] = built.steps;
  const given = sampleInputs(net.signature, { batch: 2, tokens: 3 });
  const shapes = Object.fromEntries(Object.entries(given).map(([name, t]) => [name, t.shape]));
  const masks = drawMasks(step.masks, Object.values(step.batch), shapes, { seed: 0, step: 0 });
  const inputs: Record<string, Tensor> = { ...given };
  for (const [i, { data, shape }] of masks.entries()) {
    inputs[step.masks[i].input.name] = tensor(data as Uint8Array, shape, "bool");
  }
  for (const { kind, parts, input } of built.state) {
    const numbers = parts.flatMap(({ parameter: { value }, size }) =>
      kind === "weights" ? Array.from(tensorNumbers(value)) : new Array<number>(size).fill(0),
    );
    inputs[input.name] = tensor(numbers, input.shape as number[]);
  }
  inputs[step.rates.name] = tensor(optimizer.rates(0));
  return { graph: built.graph, inputs };
}

describe.each(Object.keys(backends))("%s computes as float64 does", (name) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await backends[name]();
  });
  afterAll(() => backend.close());

  for (const [kind, make] of Object.entries(networks)) {
    test(`a ${kind} and one step of its training`, async () => {
      const net = wakened(make());
      await agrees(
        backend,
        networkGraph(net),
        sampleInputs(net.signature, { batch: 2, tokens: 3 }),
      );
      const { graph, inputs } = oneStep(net);
      await agrees(backend, graph, inputs);
      expect(backend.memory().live).toBe(0);
    });
  }
});
