import {
  dropout,
  type Expr,
  gradients,
  graphOf,
  input,
  mean,
  mul,
  parameter,
  type Signature,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  tensorNumbers,
} from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { randomStream } from "@gen/math";
import {
  adam,
  network,
  networkGraph,
  residualBlock,
  stateTensors,
  type TrainOptions,
  train,
  unet,
  weightsOf,
} from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawMasks, maskDropout } from "../src/dropout-masks.ts";
import { stepGraph } from "../src/step-graph.ts";

const x = input("x", { shape: ["batch", 3, 40] });
const shapes = { x: [50, 3, 40] };
const draw = (roots: Record<string, Expr>, seed = 0, step = 0) => {
  const { roots: masked, masks } = maskDropout(roots);
  const drawn = drawMasks(masks, [x], shapes, { seed, step });
  const tensors: Record<string, Tensor> = {};
  for (const [i, { data, shape }] of drawn.entries()) {
    tensors[masks[i].input.name] = tensor(data as Uint8Array, shape, "bool");
  }
  return { masked, drawn, tensors };
};
const bytesOf = (drawn: readonly { data: ArrayLike<unknown> }[]) =>
  drawn.map(({ data }) => Array.from(data));

describe("dropout", () => {
  test("keeps a share 1 - rate of the elements and scales them to the same expected value", () => {
    for (const rate of [0.1, 0.5, 0.9]) {
      const { masked, tensors } = draw({ y: dropout(x, rate) });
      const ones = tensor(new Float32Array(6000).fill(1), shapes.x);
      const got = tensorNumbers(evaluate(graphOf(masked, [x]), { x: ones, ...tensors }).y);
      const values = Array.from(got);
      const kept = values.filter((v) => v !== 0);
      const deviation = Math.sqrt((rate * (1 - rate)) / 6000);
      expect(Math.abs(kept.length / 6000 - (1 - rate))).toBeLessThan(4 * deviation);
      expect(new Set(kept).size).toBe(1);
      expect(Math.abs(kept[0] * (1 - rate) - 1)).toBeLessThan(1e-4);
      const average = values.reduce((a, b) => a + b) / 6000;
      expect(Math.abs(average - 1)).toBeLessThan((4 * deviation) / (1 - rate));
    }
  });

  test("passes the gradient through the kept elements alone", () => {
    const { masked, tensors } = draw({ loss: sum(square(dropout(x, 0.3))) });
    const [slope] = gradients(masked.loss, [x]);
    const values = randomStream({ seed: 2 }).normal(6000);
    const given = { x: tensor(values, shapes.x, "float64"), ...tensors };
    const got = tensorNumbers(evaluate(graphOf({ slope }, [x]), given).slope);
    const scale = 65536 / Math.round(0.7 * 65536);
    const [mask] = Object.values(tensors).map((t) => t.data as Uint8Array);
    for (const [i, v] of values.entries()) {
      expect(got[i]).toBeCloseTo(mask[i] * 2 * v * scale * scale, 5);
    }
  });

  test("draws another mask for each use, step and seed, and the same mask for the same three", () => {
    const roots = { y: mul(dropout(x, 0.5), dropout(x, 0.5)) };
    const [a, b] = bytesOf(draw(roots).drawn);
    const same = (p: unknown[], q: unknown[]) => p.filter((v, i) => v === q[i]).length / 6000;
    expect(bytesOf(draw(roots).drawn)).toEqual([a, b]);
    const others = [b, bytesOf(draw(roots, 0, 1).drawn)[0], bytesOf(draw(roots, 1, 0).drawn)[0]];
    for (const other of others) expect(Math.abs(same(a, other) - 0.5)).toBeLessThan(0.03);
  });
});

/** Batches of 3 tiny images, from step `from` on. */
function* images(from = 0) {
  for (let step = from; ; step++) {
    const data = randomStream({ seed: 7, purpose: "test", step }).normal(new Float32Array(24));
    yield { x: { data, shape: [3, 2, 2, 2] } };
  }
}

/** Two residual blocks. */
function blocks() {
  const layers = ["a", "b"].map((name) => residualBlock(name, 2, 2, { dropout: 0.4, seed: 2 }));
  return network({ x: { shape: ["batch", 2, 2, 2] } }, (given) =>
    layers.reduce((h, layer) => layer(h), given),
  );
}

const backends: Record<string, () => Promise<Backend> | Backend> = {
  cpu: cpuBackend as () => Backend,
  onnx: () => onnxBackend() as Promise<Backend>,
  "tfjs cpu": () => tfjsBackend({ device: "cpu" }) as Promise<Backend>,
};

describe.each(Object.keys(backends))("training with dropout on %s", (name) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await backends[name]();
  });
  afterAll(() => backend.close());

  const fit = async (more: Partial<TrainOptions<unknown, "x">> = {}) => {
    const net = blocks();
    const { training } = await train<unknown, "x">({
      backend,
      loss: ({ x: given }) => mean(square(net.apply(given))),
      signature: net.signature as { x: Signature },
      optimizer: adam({ learningRate: 1e-2 }),
      batches: images(more.resume?.step),
      steps: 8,
      seed: 5,
      ...more,
    });
    const { state } = training;
    const tensors = Object.entries(stateTensors(state)).map(([key, t]) => [key, [...t.data]]);
    return { state, tensors: Object.fromEntries(tensors) as Record<string, number[]> };
  };

  test("resumes bit for bit and frees every tensor", async () => {
    const live = backend.memory().live;
    const whole = await fit();
    const half = await fit({ steps: 3 });
    const resumed = await fit({ resume: half.state });
    expect(backend.memory().live).toBe(live);
    // The cpu backend computes in float64 but keeps its state in float32.
    const digits = name === "cpu" ? 5 : 20;
    for (const [key, values] of Object.entries(whole.tensors)) {
      for (const [i, v] of values.entries()) expect(resumed.tensors[key][i]).toBeCloseTo(v, digits);
    }
  });

  test("several steps in a run draw the same masks as single steps; another seed draws others", async () => {
    const one = await fit();
    const chained = await fit({ stepsPerRun: 4 });
    const other = await fit({ seed: 6 });
    const off = (a: Record<string, number[]>) =>
      Math.max(
        ...Object.entries(one.tensors).flatMap(([key, v]) =>
          v.map((u, i) => Math.abs(u - a[key][i])),
        ),
      );
    expect(off(chained.tensors)).toBeLessThan(1e-4);
    expect(off(other.tensors)).toBeGreaterThan(1e-2);
  });
});

test("a step's graph takes a mask for each residual block; the network's graph takes none", () => {
  const options = { size: 2, channels: 4, multipliers: [1], dropout: 0.4 };
  const net = unet(options);
  const loss = ({ x: given, t }: Record<string, Expr>) =>
    mean(square(sub(net.apply(given, t), given)));
  const { graph, steps } = stepGraph({ loss, signature: net.signature, optimizer: adam() });
  const [{ masks }] = steps;
  expect(masks.map(({ input: { name, dtype, shape } }) => [name, dtype, shape])).toEqual(
    Array.from({ length: 5 }, (_, i) => [`dropout/${i}`, "bool", ["batch", 4, 2, 2]]),
  );
  for (const mask of masks) expect(graph.inputs).toContain(mask.input);
  const own = networkGraph(net);
  expect(own.inputs.map((i) => i.name)).toEqual(["x", "t"]);
  expect(weightsOf(net)).toEqual(weightsOf(unet({ ...options, dropout: 0 })));
  expect(own.nodes.length).toBe(networkGraph(unet({ ...options, dropout: 0 })).nodes.length);
});

test("the gradient of a loss with dropout is the gradient of the masked loss", () => {
  const w = parameter("w", tensor([3, -2], [2]));
  const point = input("x", { shape: [2] });
  const { roots, masks } = maskDropout({ loss: sum(square(mul(dropout(point, 0.5), w))) });
  const [slope] = gradients(roots.loss, [w]);
  const [{ input: mask }] = masks;
  const got = evaluate(graphOf({ slope }, [point, mask]), {
    x: tensor([1, 5], [2]),
    [mask.name]: tensor([1, 0], [2], "bool"),
  });
  expect(Array.from(tensorNumbers(got.slope), (v) => v + 0)).toEqual([2 * 2 * 2 * 3, 0]);
});
