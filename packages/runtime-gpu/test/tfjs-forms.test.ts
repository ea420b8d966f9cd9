import * as g from "@gen/graph";
import * as c from "@gen/graph/compiler";
import { evaluate } from "@gen/graph/evaluate";
import * as tf from "@tensorflow/tfjs";
import { afterAll, expect, test } from "vitest";
import { channelsLast } from "../src/tfjs/channels-last.ts";
import { tfjsBackend } from "../src/tfjs.ts";

const wave = (shape: readonly number[], phase: number): g.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return g.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + phase))),
    shape,
  );
};

const backend = await tfjsBackend({ device: "wasm" });
afterAll(() => backend.close());

/** Two levels of a UNet: down, up, joined with what came before. */
function network(): g.Graph {
  let made = 0;
  const weight = (...shape: number[]) => g.parameter(`w${made}`, wave(shape, made++));
  const channelwise = (channels: number) => g.reshape(weight(channels), [channels, 1, 1]);
  const block = (x: g.Expr, from: number, to: number, stride = 1) => {
    const h = g.silu(g.groupNormalization(x, weight(from), weight(from), 2));
    const y = g.conv2d(h, weight(to, from, 3, 3), { stride, pads: [1, 1, 1, 1] });
    return g.add(y, channelwise(to));
  };
  return g.trace(
    ({ x, scale }) => {
      const first = block(x, 4, 6);
      const low = g.averagePool(block(first, 6, 8), 2);
      const high = g.upsampleNearest(block(g.mul(low, scale), 8, 4));
      return { y: block(g.concat([high, first], 1), 10, 3), low };
    },
    { x: { shape: ["batch", 4, 6, 8] }, scale: { shape: ["batch", 8, 1, 1] } },
  );
}

test("images keep their channels last from end to end, and their values", async () => {
  const graph = network();
  const changed = c.simplify(channelsLast(graph));
  const transposed = changed.nodes.filter(
    ({ op, inputs }) => op === "Transpose" && !inputs[0].op.startsWith("Param"),
  );
  // x goes in; y and low come out.
  expect(transposed).toHaveLength(3);

  const inputs = { x: wave([2, 4, 6, 8], 1), scale: wave([2, 8, 1, 1], 2) };
  const exact = evaluate(graph, inputs);
  const before = tf.memory().numTensors;
  const program = await backend.compile(graph);
  const uploads = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [
      name,
      backend.upload(data as Float32Array, shape),
    ]),
  );
  const results = await program.run(uploads);
  for (const [name, want] of Object.entries(exact)) {
    const got = await backend.download(results[name]);
    const expected = Array.from(g.tensorNumbers(want));
    expect(Math.max(...expected.map((v, i) => Math.abs(v - got[i])))).toBeLessThan(2e-5);
  }
  backend.dispose(...Object.values(uploads), ...Object.values(results));
  await program.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test("values that depend only on weights are computed once, and unneeded weights are freed", async () => {
  const weight = g.parameter("w", wave([3, 4], 0));
  const graph = g.trace(
    ({ x }) => ({ y: g.matmul(x, g.exp(g.transpose(g.mul(weight, 2), [1, 0]))), w: weight }),
    { x: { shape: [2, 4] } },
  );
  const before = tf.memory().numTensors;
  const program = await backend.compile(graph);
  // exp(2 w^T), and w itself, which is an output.
  expect(tf.memory().numTensors).toBe(before + 2);
  await program.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

const mask = g.constant(g.tensor([1, 0, 1, 1, 0, 0, 1, 0], [2, 4], "bool"));

test.each<[string, (h: g.Expr) => g.Expr]>([
  ["sin and cos", (h) => g.add(g.sin(h), g.cos(h))],
  ["floor and sign", (h) => g.sub(g.floor(h), g.sign(h))],
  ["a comparison and a choice", (h) => g.where(g.greater(h, 0), h, g.mul(h, 0.1))],
  ["a mask of fewer dimensions", (h) => g.where(mask, h, 0)],
  ["a comparison as numbers", (h) => g.cast(g.less(h, 0.25), "float32")],
])("%s between convolutions keeps channels last", async (_, between) => {
  const weights = [wave([3, 2, 3, 3], 0), wave([2, 3, 3, 3], 1)].map((value, i) =>
    g.parameter(`w${i}`, value),
  );
  const [first, second] = weights.map((w) => (x: g.Expr) => g.conv2d(x, w, { pads: [1, 1, 1, 1] }));
  const graph = g.trace(({ x }) => ({ y: second(between(first(x))) }), {
    x: { shape: [2, 2, 2, 4] },
  });
  const { nodes } = c.simplify(channelsLast(graph));
  const others = ["Parameter", "Constant", "Reshape"];
  const transposed = nodes.filter((e) => e.op === "Transpose" && !others.includes(e.inputs[0].op));
  // x goes in and y comes out.
  expect(transposed).toHaveLength(2);

  const x = wave([2, 2, 2, 4], 3);
  const want = Array.from(g.tensorNumbers(evaluate(graph, { x }).y));
  const program = await backend.compile(graph);
  const given = backend.upload(x.data as Float32Array, x.shape);
  const { y } = await program.run({ x: given });
  const got = await backend.download(y);
  expect(Math.max(...want.map((v, i) => Math.abs(v - got[i])))).toBeLessThan(2e-5);
  backend.dispose(given, y);
  await program.dispose();
});
