// Trains the classifiers whose features `gen evaluate` measures distances in, and writes them as
// ONNX. Run after `npm run build`: node tooling/models/features/train.mjs [digits|fashion-mnist]
// With --check it writes nothing, and fails if the committed file is less accurate.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { batches, digits, fashionMnist, holdOut } from "../../../packages/data/dist/index.js";
import { mean, mul, neg, reshape, trace } from "../../../packages/graph/dist/index.js";
import { fromOnnx, toOnnx } from "../../../packages/graph/dist/onnx.js";
import * as nn from "../../../packages/nn/dist/index.js";
import { callProgram } from "../../../packages/runtime-gpu/dist/call-program.js";
import { onnxBackend } from "../../../packages/runtime-gpu/dist/onnx.js";
import { labelLogProb } from "../../../packages/sampling/dist/index.js";

const assets = new URL("../../../packages/cli/assets/", import.meta.url);
const recipes = {
  digits: {
    data: async () => holdOut(await digits()),
    strides: [1, 2],
    channels: [16, 16],
    side: 4,
    steps: 1500,
    augment: { shift: 1 },
  },
  "fashion-mnist": {
    data: async () => ({
      train: await fashionMnist({ split: "train" }),
      test: await fashionMnist({ split: "test" }),
    }),
    strides: [2, 2, 2],
    channels: [16, 32, 32],
    side: 4,
    steps: 3000,
    augment: { flip: true, shift: 1 },
  },
};
const batchSize = 100;

/** Images [batch, 1, h, w] in [-1, 1] to 64 features and 10 logits. */
function classifier({ channels, strides, side }) {
  const activate = nn.activationFunction("silu");
  const layers = channels.map((out, i) =>
    nn.convolution(`layers.${i}`, i === 0 ? 1 : channels[i - 1], out, { stride: strides[i] }),
  );
  const size = channels.at(-1) * side * side;
  const dense = nn.linear("features", size, 64);
  const head = nn.linear("head", 64, 10);
  return (x) => {
    const maps = layers.reduce((h, layer) => activate(layer(h)), x);
    const features = activate(dense(reshape(maps, [maps.shape[0], size])));
    return { features, logits: head(features) };
  };
}

const backend = await onnxBackend();
const names = process.argv.slice(2).filter((name) => name in recipes);
for (const name of names.length > 0 ? names : Object.keys(recipes)) {
  const recipe = recipes[name];
  const { train, test } = await recipe.data();
  const network = classifier(recipe);
  const signature = { x: { shape: ["batch", ...train.shape] } };
  const graph = trace(({ x }) => network(x), signature);
  const file = new URL(`features-${name}.onnx`, assets);
  if (process.argv.includes("--check")) {
    console.log(name, await accuracy(fromOnnx(readFileSync(file)).apply, test, signature));
    continue;
  }
  const order = batches(
    { ...train, augment: recipe.augment },
    { batchSize, seed: 0, scale: "signed" },
  );
  function* inputs() {
    for (const { x, shape, labels } of order) {
      yield { x: { data: x, shape }, label: { data: Array.from(labels), shape: [batchSize] } };
    }
  }
  const result = await nn.train({
    backend,
    signature: {
      x: { shape: [batchSize, ...train.shape] },
      label: { shape: [batchSize], dtype: "int64" },
    },
    parameters: graph.parameters,
    loss: ({ x, label }) => ({ loss: neg(mean(labelLogProb(network(x).logits, label))) }),
    batches: inputs(),
    optimizer: nn.adam({ learningRate: nn.cosineDecay({ peak: 3e-3, steps: recipe.steps }) }),
    steps: recipe.steps,
    ema: 0.99,
    seed: 0,
    onStep: ({ step, losses }) => step % 250 === 0 && console.log(name, step, losses.loss),
  });
  const trained = nn.withWeights({ parameters: graph.parameters, apply: network }, result.ema);
  const raw = ({ x }) => trained.apply(x);
  const { features } = await outputs(raw, train, signature);
  const scale = 1 / Math.sqrt(features.reduce((sum, v) => sum + v * v, 0) / features.length);
  // Features of mean square 1, so that the distances of all classifiers are of one size.
  const apply = (inputs) => {
    const { features, logits } = raw(inputs);
    return { features: mul(features, scale), logits };
  };
  const bytes = toOnnx(trace(apply, signature), { name: `features-${name}` });
  console.log(name, await accuracy(apply, test, signature));
  writeFileSync(file, bytes);
  console.log(createHash("sha256").update(bytes).digest("hex"), file.pathname, bytes.length);
}
await backend.close();

function unit(data, { range: [low, high] }) {
  return Float32Array.from(data, (v) => (2 * (v - low)) / (high - low) - 1);
}

async function outputs(apply, data, signature) {
  const program = await backend.compile(trace(apply, signature));
  const x = { data: unit(data.data, data), shape: [data.length, ...data.shape] };
  const found = await callProgram(backend, program, { x });
  await program.dispose();
  return found;
}

async function accuracy(apply, test, signature) {
  const { logits } = await outputs(apply, test, signature);
  let right = 0;
  for (let i = 0; i < test.length; i++) {
    const row = logits.subarray(10 * i, 10 * i + 10);
    if (row.indexOf(Math.max(...row)) === test.labels[i]) right++;
  }
  return `${right} of ${test.length} right`;
}
