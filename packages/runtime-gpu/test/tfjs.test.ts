import * as g from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import * as tf from "@tensorflow/tfjs";
import { expect, it, vi } from "vitest";
import { tfjsBackend } from "../src/tfjs.ts";
import { conforms } from "./run-conformance.ts";

conforms("tfjs/wasm", () => tfjsBackend({ device: "wasm" }), { tolerance: 2e-6 });
conforms("tfjs/cpu", () => tfjsBackend({ device: "cpu" }), { tolerance: 2e-6 });

const graph = g.trace(
  ({ x }) => {
    const w = g.parameter("w", g.tensor([1, 2, 3, 4], [2, 2, 1, 1]));
    const y = g.silu(g.conv2d(g.pad(x, [0, 0, 1, 1], [0, 0, 1, 1]), w));
    return { y: g.transpose(g.where(g.greater(y, 1), y, 0), [0, 2, 3, 1]), s: g.softmax(y, 1) };
  },
  { x: { shape: ["batch", 2, 3, 3] } },
);

it("the engine holds no tensor that the backend does not count", async () => {
  const before = tf.memory().numTensors;
  const backend = await tfjsBackend();
  const program = await backend.compile(graph);
  const compiled = tf.memory().numTensors;
  const x = backend.upload(new Float32Array(36), [2, 2, 3, 3]);
  const { y, s } = await program.run({ x });
  expect(tf.memory().numTensors).toBe(compiled + 3);
  backend.dispose(x, y, s);
  expect(tf.memory().numTensors).toBe(compiled);
  await program.dispose();
  expect(tf.memory().numTensors).toBe(before);
  await backend.close();
});

it("backends on two devices and other TensorFlow.js code do not disturb each other", async () => {
  const [a, b] = [await tfjsBackend({ device: "wasm" }), await tfjsBackend({ device: "cpu" })];
  await tf.setBackend("cpu");
  const runs = [a, b, a, b].map(async (backend, i) => {
    const program = await backend.compile(graph);
    const x = backend.upload(new Float32Array(18).fill(i), [1, 2, 3, 3]);
    const { y } = await program.run({ x });
    return (await backend.download(y))[0];
  });
  const got = await Promise.all(runs);
  const exact = [0, 1, 2, 3].map((i) => {
    const x = g.tensor(new Float32Array(18).fill(i), [1, 2, 3, 3]);
    return g.tensorNumbers(evaluate(graph, { x }).y)[0];
  });
  got.forEach((value, i) => {
    expect(value).toBeCloseTo(exact[i], 5);
  });
  await a.close();
  await b.close();
});

it("integers that do not fit are refused, and nothing is printed", async () => {
  const printed = vi.spyOn(console, "warn");
  const backend = await tfjsBackend({ device: "cpu" });
  expect(() => backend.upload([1, 2 ** 40], [2], "int64")).toThrow(
    "tfjs holds int64 as int32, which cannot be 1099511627776",
  );
  backend.upload([1], [1]);
  await backend.close();
  expect(printed).not.toHaveBeenCalled();
  printed.mockRestore();
});
