// Every optimizer, with clipping, averages and accumulation, runs as loops in place: the runtime's
// part of a step has no node of them, no memory is made anew, and the numbers are those of float64.
import { dropout, type Expr, mean, square, sub, tensorNumbers } from "@gen/graph";
import { wasmLoops } from "@gen/graph/loops";
import { randomStream } from "@gen/math";
import {
  adam,
  adamw,
  lion,
  mlp,
  type Optimizer,
  sgd,
  stateTensors,
  type TrainResult,
  train,
} from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stepGraph } from "../src/step-graph.ts";
import type { TrainOptions } from "../src/train-options.ts";

const optimizers: Record<string, () => Optimizer> = {
  Adam: () => adam({ learningRate: 3e-3 }),
  AdamW: () => adamw({ learningRate: 3e-3 }),
  SGD: () => sgd({ learningRate: 0.02, weightDecay: 0.01 }),
  "SGD with momentum": () => sgd({ learningRate: 0.02, momentum: 0.9 }),
  "SGD with Nesterov's momentum": () => sgd({ learningRate: 0.02, momentum: 0.9, nesterov: true }),
  Lion: () => lion({ learningRate: 1e-3, weightDecay: 0.01 }),
};

const ways: Record<string, Pick<TrainOptions<unknown>, "ema" | "clipNorm" | "accumulate">> = {
  alone: {},
  "with the average": { ema: 0.9 },
  clipped: { clipNorm: 0.05 },
  "in parts": { accumulate: 4 },
  "with all of them": { ema: 0.9, clipNorm: 0.05, accumulate: 4 },
};

const cases = Object.keys(optimizers).flatMap((name) =>
  Object.keys(ways).map((way) => [name, way]),
);

const network = mlp({ inputs: 2, hidden: [24, 24], outputs: 2, seed: 11 });
const signature = { x: { shape: [16, 2] }, y: { shape: [16, 2] } };

function* batches(from = 0) {
  for (let step = from; ; step++) {
    const x = randomStream({ seed: 7, purpose: "test", step }).normal(new Float32Array(32));
    const y = x.map((_, i) => Math.sin(x[i] * (1 + (i % 2))) + 0.3 * x[i - (i % 2)]);
    yield { x: { data: x, shape: [16, 2] }, y: { data: y, shape: [16, 2] } };
  }
}

/** One large tensor of the weights alone, the others together. */
const settings = (name: string, way: string) => ({
  signature,
  loss: ({ x, y }: Record<"x" | "y", Expr>) => mean(square(sub(network.apply(x), y))),
  optimizer: optimizers[name](),
  packBelow: 100,
  ...ways[way],
});

const fit = (backend: Backend, name: string, way: string, more: Partial<TrainOptions<unknown>>) =>
  train({
    backend,
    ...settings(name, way),
    batches: batches(more.resume?.step),
    steps: 1,
    logEvery: 100,
    ...more,
  });

const places = (state: ReturnType<typeof stepGraph>["state"]) =>
  Object.fromEntries(state.map(({ input, output }) => [output, input.name]));

describe.each(cases)("%s, %s", (name, way) => {
  const { ema, accumulate = 1 } = ways[way];
  const given = settings(name, way);
  const parts = Math.ceil(16 / accumulate);
  const size = { x: { shape: [parts, 2] }, y: { shape: [parts, 2] } };
  const built = stepGraph({
    ...given,
    signature: size,
    averages: ema !== undefined,
    accumulates: accumulate > 1,
  });

  it("leaves to the runtime the gradients alone", () => {
    const graphs = [built, built.part].filter((each) => each !== undefined);
    const bodies = graphs.map(({ graph, state }) => wasmLoops(graph, places(state)));
    // Gradient descent alone: a body with the fewest nodes that a step can have.
    const bare = stepGraph({
      ...given,
      signature: size,
      optimizer: {
        moments: [],
        rates: () => [],
        update: (weight, g) => ({ weight: sub(weight, g), moments: [] }),
      },
      clipNorm: undefined,
    });
    const least = wasmLoops(bare.graph, places(bare.state));
    const operations = (loops: typeof least) =>
      loops?.body.nodes.flatMap(({ op }) => (op === "Input" ? [] : [op])).sort();
    for (const loops of bodies) {
      expect(operations(loops)).toEqual(operations(least));
      const read = loops?.body.inputs.map((each) => each.name.replace(/\d+$/, ""));
      expect([...new Set(read)].sort()).toEqual(["state/weights/", "x", "y"]);
    }
    const inPlace = bodies.map((loops) => Object.keys(loops?.outputs ?? {}).length);
    expect(inPlace).toEqual(graphs.map(({ state }) => state.length));
  });
});

const backends: Record<string, () => Backend | Promise<Backend>> = {
  "onnx/node-cpu": () => onnxBackend({ provider: "cpu" }) as Promise<Backend>,
  "onnx/wasm": () => onnxBackend({ provider: "wasm" }) as Promise<Backend>,
  "tfjs/wasm": () => tfjsBackend({ device: "wasm" }) as Promise<Backend>,
};

const exact = cpuBackend() as Backend;
afterAll(() => exact.close());

/** The largest difference of two states, relative to the largest number of each tensor. */
function gap(got: TrainResult, wanted: TrainResult): number {
  const [numbers, theirs] = [got, wanted].map(({ training }) => stateTensors(training.state));
  return Math.max(
    ...Object.entries(theirs).map(([key, value]) => {
      const [a, b] = [numbers[key], value].map((each) => Array.from(tensorNumbers(each)));
      const size = Math.max(1e-30, ...b.map(Math.abs));
      return Math.max(...b.map((v, i) => Math.abs(a[i] - v) / size));
    }),
  );
}

describe.each(Object.keys(backends))("on %s", (backendName) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await backends[backendName]();
  });
  afterAll(() => backend.close());

  it.each(cases)("a step of %s, %s, is that of float64, from the same state", async (name, way) => {
    // Lion's step jumps where its direction is 0. From this state none is within rounding of 0.
    const { training } = await fit(exact, name, way, { steps: 4 });
    const resume = training.state;
    const [got, wanted] = [
      await fit(backend, name, way, { steps: 5, resume }),
      await fit(exact, name, way, { steps: 5, resume }),
    ];
    expect(gap(got, wanted)).toBeLessThan(1e-6);
  });

  it.each(cases)("after 100 steps of %s, %s, the loss is that of float64", async (name, way) => {
    const losses = [];
    for (const each of [backend, exact]) {
      const { training } = await fit(each, name, way, { steps: 100 });
      losses.push(training.history[0].losses.loss);
    }
    expect(Math.abs(losses[0] / losses[1] - 1)).toBeLessThan(1e-3);
  });
});

describe.each(Object.keys(optimizers))("%s in parts", (name) => {
  it.each([2, 8, 16])("%i parts are the whole batch", async (accumulate) => {
    for (const more of [{}, { ema: 0.9, clipNorm: 0.05 }]) {
      const options = { ...more, steps: 7, logEvery: 1 };
      const [whole, parts] = [
        await fit(exact, name, "alone", options),
        await fit(exact, name, "alone", { ...options, accumulate }),
      ];
      expect(gap(parts, whole)).toBeLessThan(1e-9);
      for (const [i, { losses }] of whole.training.history.entries()) {
        expect(parts.training.history[i].losses.loss).toBeCloseTo(losses.loss, 12);
      }
    }
  });
});

describe("memory", () => {
  /** Node's runtime, which counts the tensors that are made and keeps what sessions read. */
  function watched() {
    const seen = { tensors: 0, weights: new Set<unknown>() };
    const Tensor = new Proxy(ort.Tensor, {
      construct(target, args) {
        seen.tensors++;
        return Reflect.construct(target, args);
      },
    });
    const create = async (...args: Parameters<typeof ort.InferenceSession.create>) => {
      const session = await ort.InferenceSession.create(...args);
      const run = session.run.bind(session);
      session.run = (feeds: Parameters<typeof run>[0], ...more: unknown[]) => {
        for (const [input, value] of Object.entries(feeds)) {
          if (input.startsWith("state/")) seen.weights.add((value as ort.Tensor).data);
        }
        return run(feeds, ...(more as []));
      };
      return session;
    };
    return { seen, runtime: { ...ort, Tensor, InferenceSession: { create } } };
  }

  it.each(cases)("a step of %s, %s, makes none but the batch's", async (name, way) => {
    const { seen, runtime } = watched();
    const backend = (await onnxBackend({ provider: "cpu", runtime })) as Backend;
    const made: number[] = [];
    const live: number[] = [];
    await fit(backend, name, way, {
      steps: 12,
      logEvery: 1,
      onStep: () => {
        made.push(seen.tensors);
        live.push(backend.memory().live);
        // The first run reads the weights where they were uploaded.
        if (made.length === 2) seen.weights.clear();
      },
    });
    const { accumulate = 1 } = ways[way];
    // x, y and the rates of each part.
    const each = made.slice(2).map((count, i) => count - made[i + 1]);
    expect(new Set(each)).toEqual(new Set([3 * accumulate]));
    expect(new Set(live).size).toBe(1);
    expect(seen.weights.size).toBe(2);
    await backend.close();
  });
});

describe("in parts", () => {
  const options = { ema: 0.9, clipNorm: 0.05, accumulate: 4 };

  it("a training that stops and resumes is one that did not, bit for bit", async () => {
    const backend = await backends["onnx/node-cpu"]();
    const dropped = {
      ...options,
      seed: 5,
      loss: ({ x, y }: Record<"x" | "y", Expr>) =>
        mean(square(sub(network.apply(dropout(x, 0.3)), y))),
    };
    const whole = await fit(backend, "Adam", "alone", { ...dropped, steps: 9 });
    const { training } = await fit(backend, "Adam", "alone", { ...dropped, steps: 4 });
    const rest = await fit(backend, "Adam", "alone", {
      ...dropped,
      steps: 9,
      resume: training.state,
    });
    expect(stateTensors(rest.training.state)).toEqual(stateTensors(whole.training.state));
    await backend.close();
  });

  it("gives the numbers of all samples of a step, in order", async () => {
    const each = ({ x, y }: Record<"x" | "y", Expr>) => mean(square(sub(network.apply(x), y)), [1]);
    const seen: Record<number, number[]>[] = [];
    for (const accumulate of [1, 4]) {
      const losses: Record<number, number[]> = {};
      await fit(exact, "SGD", "alone", {
        accumulate,
        steps: 3,
        loss: (given) => ({ loss: mean(each(given)), each: each(given) }),
        onSamples: ({ step, losses: own }) => {
          losses[step] = Array.from(own.each, (v) => Number(v.toPrecision(10)));
        },
      });
      seen.push(losses);
    }
    expect(Object.values(seen[0]).map((losses) => losses.length)).toEqual([16, 16, 16]);
    expect(seen[1]).toEqual(seen[0]);
  });

  it.each([
    [{ accumulate: 0 }, /accumulate must be a whole number of at least 1, got 0/],
    [{ accumulate: 3 }, /accumulate must divide the items of x \[16, 2\], got 3/],
    [{ accumulate: 2, stepsPerRun: 2 }, /stepsPerRun must be 1 where accumulate is above 1, got 2/],
    [
      {
        accumulate: 2,
        signature: { x: { shape: ["n", 2] }, y: { shape: ["n", 2] } },
        batches: odd(),
      },
      /accumulate must divide the items of x \[15, 2\], got 2/,
    ],
  ])("refuses %o", async (wrong, message) => {
    await expect(fit(exact, "SGD", "alone", wrong as object)).rejects.toThrow(message);
    expect(exact.memory().live).toBe(0);
  });

  function* odd() {
    const data = { data: new Float32Array(30), shape: [15, 2] };
    for (;;) yield { x: data, y: data };
  }
});
