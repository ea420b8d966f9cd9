// Models of TensorFlow.js as denoisers, beside graphs of ours that compute the same from the same
// weights in float64. Both models are saved and loaded by TensorFlow.js itself.
import * as g from "@gen/graph";
import { toOnnx } from "@gen/graph/onnx";
import type { PredictionType } from "@gen/math";
import { capabilities, preflight } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { fromGraphModel, fromLayersModel, tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { linearSchedule } from "@gen/schedules";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  classifierFree,
  type Denoiser,
  ddimSteps,
  denoiser,
  flowEulerSteps,
  type Step,
  sample,
} from "../src/index.ts";

const schedule = linearSchedule({ steps: 50 });
const tables: Record<PredictionType, Step[]> = {
  epsilon: ddimSteps(schedule, { steps: 8, eta: 1 }),
  x0: ddimSteps(schedule, { steps: 8, predicts: "x0" }),
  v: ddimSteps(schedule, { steps: 8, predicts: "v" }),
  flow: flowEulerSteps({ steps: 8 }),
};

const backend = await tfjsBackend({ device: "cpu" });
const exact = cpuBackend();
afterAll(() => Promise.all([backend.close(), exact.close()]));

const input = (shape: number[], name: string, dtype: "float32" | "int32" = "float32") =>
  tf.layers.input({ shape, name, dtype });

/** The model that TensorFlow.js loads from what it saves. */
async function reloaded(model: tf.LayersModel): Promise<tf.LayersModel> {
  let kept: tf.io.ModelArtifacts | undefined;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    kept = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
  });
  await model.save(handler);
  model.dispose();
  return tf.loadLayersModel(tf.io.fromMemory(kept as tf.io.ModelArtifacts));
}

/** A weight as a constant of a graph. */
const constantOf = (value: tf.Tensor) =>
  g.constant(g.tensor(Float32Array.from(value.dataSync()), value.shape));

/** The most that samples of two denoisers differ; the first one is of TensorFlow.js. */
async function difference(
  [theirs, ours]: readonly Denoiser[],
  run: { steps: Step[]; shape: number[]; condition?: number[] },
) {
  const before = tf.memory().numTensors;
  const a = await sample({ denoiser: theirs, backend, seed: 3, ...run });
  // Neither a run nor a program leaves a tensor in the engine.
  expect(tf.memory().numTensors).toBe(before);
  const b = await sample({ denoiser: ours, backend: exact, seed: 3, ...run });
  expect(a.shape).toEqual(run.shape);
  expect(Math.max(...b.x.map(Math.abs))).toBeGreaterThan(0.1);
  return Math.max(...a.x.map((v, i) => Math.abs(v - b.x[i])));
}

describe("a LayersModel of images with a label", () => {
  const [channels, height, width, classes] = [2, 3, 5, 3];
  let model: tf.LayersModel;
  let ours: (x: g.Expr, t: g.Expr, label: g.Expr) => g.Expr;

  beforeAll(async () => {
    await tf.setBackend("cpu");
    const x = input([height, width, channels], "noisy");
    const t = input([1], "time");
    const label = input([1], "kind", "int32");
    const normal = (seed: number) => tf.initializers.randomNormal({ stddev: 0.3, seed });
    const conv = (filters: number, seed: number, activation?: "tanh") =>
      tf.layers.conv2d({
        filters,
        kernelSize: 3,
        padding: "same",
        activation,
        kernelInitializer: normal(seed),
        biasInitializer: normal(seed + 1),
      });
    const perChannel = tf.layers.reshape({ targetShape: [1, 1, 4] });
    const time = tf.layers.dense({ units: 4, kernelInitializer: normal(9) }).apply(t);
    const table = { inputDim: classes + 1, outputDim: 4, embeddingsInitializer: normal(10) };
    const kind = tf.layers.embedding(table).apply(label);
    const h = tf.layers
      .add()
      .apply([
        conv(4, 1, "tanh").apply(x),
        perChannel.apply(time),
        tf.layers.reshape({ targetShape: [1, 1, 4] }).apply(kind),
      ] as tf.SymbolicTensor[]);
    const dropped = tf.layers.dropout({ rate: 0.5 }).apply(h);
    const outputs = conv(channels, 5).apply(dropped) as tf.SymbolicTensor;
    model = await reloaded(tf.model({ inputs: [label, x, t], outputs }));

    const weights = Object.fromEntries(
      model.layers.flatMap((layer) => {
        const kind = layer.getClassName();
        return layer.getWeights().map((value, i) => [`${kind} ${layer.outputShape} ${i}`, value]);
      }),
    );
    const named = (start: string) => {
      const name = Object.keys(weights).find((each) => each.startsWith(start));
      return constantOf(weights[name as string]);
    };
    const convolved = (image: g.Expr, filters: number) => {
      const kernel = g.transpose(named(`Conv2D ,${height},${width},${filters} 0`), [3, 2, 0, 1]);
      const bias = named(`Conv2D ,${height},${width},${filters} 1`);
      const y = g.conv2d(image, kernel, { pads: [1, 1, 1, 1] });
      return g.add(y, g.reshape(bias, [1, filters, 1, 1]));
    };
    ours = (x, t, label) => {
      const rows = x.shape[0];
      const map = (e: g.Expr) => g.reshape(e, [rows, 4, 1, 1]);
      const column = g.reshape(g.cast(t, "float32"), [rows, 1]);
      const timed = g.add(g.matmul(column, named("Dense ,4 0")), named("Dense ,4 1"));
      const kind = g.gather(named("Embedding"), label, 0);
      const h = g.add(g.add(g.tanh(convolved(x, 4)), map(timed)), map(kind));
      return convolved(h, channels);
    };
  });
  afterAll(() => model.dispose());

  const read = () => fromLayersModel(model, { inputs: ["noisy", "time", "kind"], classes });
  const signature = {
    x: { shape: ["batch", channels, height, width] },
    t: { shape: ["batch"] },
    kind: { shape: ["batch"], dtype: "int64" as const },
  };
  const pair = (predicts: PredictionType) => [
    denoiser(read(), predicts),
    denoiser({ apply: ours, parameters: [], signature, classes }, predicts),
  ];

  it("has channels first, a time between steps and a label", () => {
    expect(read()).toMatchObject({
      classes,
      parameters: [],
      signature: {
        noisy: { shape: ["batch", channels, height, width], dtype: "float32" },
        time: { shape: ["batch"], dtype: "float32" },
        kind: { shape: ["batch"], dtype: "int64" },
      },
    });
    expect(denoiser(read(), "v")).toMatchObject({ predicts: "v", fractionalTime: true, classes });
  });

  it.each(["epsilon", "x0", "v", "flow"] as const)(
    "gives the samples of the same weights, predicting %s",
    async (predicts) => {
      const run = { steps: tables[predicts], shape: [2, channels, height, width] };
      const distance = await difference(pair(predicts), { ...run, condition: [2, 0] });
      expect(distance).toBeLessThan(1e-4);
    },
  );

  it("is guided by its classes", async () => {
    const guided = pair("epsilon").map((each) =>
      classifierFree(each, { scale: 3, unconditional: classes }),
    );
    const run = { steps: tables.epsilon, shape: [2, channels, height, width] };
    expect(await difference(guided, { ...run, condition: [1, 2] })).toBeLessThan(1e-4);
  });

  it("runs in no other place, and is neither written nor differentiated", async () => {
    const graph = g.trace(({ x, t, kind }) => ({ y: read().apply(x, t, kind) }), signature);
    const where = "a model of TensorFlow.js; the backends of @gen/runtime-gpu/tfjs can";
    for (const other of [exact, await onnxBackend()]) {
      const name = other.name.split("/")[0];
      await expect(other.compile(graph)).rejects.toThrow(`${name} cannot run ${where}`);
    }
    const worker = await tfjsBackend({ device: "cpu", worker: true });
    await expect(worker.compile(graph)).rejects.toThrow("leave out worker and isolate");
    await worker.close();
    const refused = preflight(graph, await capabilities("onnx/node-cpu"));
    expect(refused.obstacles.map(({ what }) => what)).toEqual(["a model of TensorFlow.js"]);
    expect(preflight(graph, await capabilities("tfjs/cpu")).obstacles).toEqual([]);
    expect(() => toOnnx(graph)).toThrow("a model of TensorFlow.js cannot be written as ONNX");
    const [x] = graph.inputs;
    expect(() => g.gradients(g.sum(graph.outputs.y), [x])).toThrow(
      "no derivative here of a model of TensorFlow.js; only the backends of its library run them",
    );
  });

  it("refuses names that the model lacks, and inputs that are left out", () => {
    expect(() => fromLayersModel(model, { inputs: ["x", "time", "kind"] })).toThrow(
      "the model has no input x, only kind, noisy, time",
    );
    expect(() => fromLayersModel(model, { inputs: ["noisy", "time"] })).toThrow(
      "each input of the model once (kind, noisy, time), got noisy, time",
    );
    expect(() => fromLayersModel(model, { output: "y" })).toThrow("the model has no output y");
    expect(() => fromLayersModel({} as never)).toThrow("model must be a built tf.LayersModel");
    const [x, t] = [g.input("x", signature.x), g.input("t", signature.t)];
    expect(() => read().apply(x, t)).toThrow("takes 3 inputs (noisy, time, kind), got 2");
  });
});

describe("a GraphModel of points", () => {
  const hidden = 12;
  const wave = (size: number, phase: number) =>
    Float32Array.from({ length: size }, (_, i) => 0.6 * Math.sin(12.9898 * (i + phase)));
  const weights = {
    w1: { shape: [3, hidden], data: wave(3 * hidden, 1) },
    b1: { shape: [hidden], data: wave(hidden, 2) },
    w2: { shape: [hidden, 2], data: wave(2 * hidden, 3) },
  };
  let model: tf.GraphModel;

  beforeAll(async () => {
    await tf.setBackend("cpu");
    const type = (dtype: string) => ({ type: `DT_${dtype}` });
    const placeholder = (name: string, dtype: string, dims: number[]) => ({
      name,
      op: "Placeholder",
      attr: { dtype: type(dtype), shape: { shape: { dim: dims.map((size) => ({ size })) } } },
    });
    const node = (name: string, op: string, inputs: string[], attr = {}) => {
      return { name, op, input: inputs, attr };
    };
    const product = { transpose_a: { b: false }, transpose_b: { b: false } };
    const constants = [...Object.keys(weights), "axis"].map((name) => {
      const dtype = type(name === "axis" ? "INT32" : "FLOAT");
      return node(name, "Const", [], { dtype, value: { tensor: { dtype: dtype.type } } });
    });
    // The graph of a tensorflowjs_converter's model.json; t comes before x.
    const nodes = [
      placeholder("t", "INT32", [-1]),
      placeholder("x", "FLOAT", [-1, 2]),
      ...constants,
      node("float", "Cast", ["t"], { SrcT: type("INT32"), DstT: type("FLOAT") }),
      node("column", "ExpandDims", ["float", "axis"]),
      node("joined", "ConcatV2", ["x", "column", "axis"], { N: { i: "2" } }),
      node("product", "MatMul", ["joined", "w1"], product),
      node("biased", "BiasAdd", ["product", "b1"]),
      node("h", "Tanh", ["biased"]),
      node("y", "MatMul", ["h", "w2"], product),
    ];
    const numbers = Object.values(weights).map(({ data }) => data);
    const specs = Object.entries(weights).map(([name, { shape }]) => {
      return { name, shape, dtype: "float32" as const };
    });
    const bytes = [...numbers, Int32Array.of(1)].flatMap((a) => [...new Uint8Array(a.buffer)]);
    model = await tf.loadGraphModel(
      tf.io.fromMemory({
        format: "graph-model",
        modelTopology: { node: nodes, versions: {} },
        weightSpecs: [...specs, { name: "axis", shape: [], dtype: "int32" }],
        weightData: Uint8Array.from(bytes).buffer,
      }),
    );
  });
  afterAll(() => model.dispose());

  it("gives the samples of the same weights", async () => {
    const read = fromGraphModel(model, { inputs: ["x", "t"] });
    expect(read.signature).toEqual({
      x: { shape: ["batch", 2], dtype: "float32" },
      t: { shape: ["batch"], dtype: "int64" },
    });
    const own = Object.fromEntries(
      Object.entries(weights).map(([name, { data, shape }]) => {
        return [name, g.constant(g.tensor(data, shape))];
      }),
    );
    const apply = (x: g.Expr, t: g.Expr) => {
      const column = g.reshape(g.cast(t, "float32"), [x.shape[0], 1]);
      const h = g.tanh(g.add(g.matmul(g.concat([x, column], 1), own.w1), own.b1));
      return g.matmul(h, own.w2);
    };
    const pair = [denoiser(read), denoiser({ apply, parameters: [] })];
    const run = { steps: tables.epsilon, shape: [64, 2] };
    expect(await difference(pair, run)).toBeLessThan(1e-4);
  });

  it("is refused where its result has another shape than its output says", async () => {
    const { inputs, outputs } = model;
    const wrong = { inputs, outputs, execute: () => tf.zeros([1, 2]) };
    const before = tf.memory().numTensors;
    const read = denoiser(fromGraphModel(wrong, { inputs: ["x", "t"] }));
    const run = { steps: tables.epsilon, shape: [3, 2], seed: 0 };
    await expect(sample({ denoiser: read, backend, ...run })).rejects.toThrow(
      "a model of TensorFlow.js must give [3, 2], as its output says, got [1, 2]",
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
