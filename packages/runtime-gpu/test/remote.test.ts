import * as g from "@gen/graph";
import { describe, expect, it } from "vitest";
import { openBackend } from "../src/index.ts";
import { onnxBackend } from "../src/onnx.ts";
import { tfjsBackend } from "../src/tfjs.ts";
import { conforms } from "./run-conformance.ts";

const exact = { tolerance: 2e-6 };
const all = process.env.GEN_TEST_ALL === "1";

describe("in a worker", () => {
  conforms("onnx/node-cpu", () => onnxBackend({ worker: true }), exact);
  conforms("tfjs/wasm", () => tfjsBackend({ worker: true }), exact);
  if (all) {
    conforms("onnx/wasm", () => onnxBackend({ provider: "wasm", worker: true }), exact);
    conforms("tfjs/cpu", () => tfjsBackend({ device: "cpu", worker: true }), exact);
    conforms("cpu", () => openBackend("cpu", { worker: true }), { tolerance: 1e-15 });
  }
});

describe("in a process", () => {
  conforms("onnx/node-cpu", () => onnxBackend({ isolate: true }), exact);
  if (all) {
    conforms("onnx/wasm", () => onnxBackend({ provider: "wasm", isolate: true }), exact);
    conforms("tfjs/wasm", () => tfjsBackend({ isolate: true }), exact);
    conforms("tfjs/cpu", () => tfjsBackend({ device: "cpu", isolate: true }), exact);
    conforms("cpu", () => openBackend("cpu", { isolate: true }), { tolerance: 1e-15 });
  }
});

for (const where of ["worker", "isolate"] as const) {
  it(`${where}: large arrays arrive as they are, and a graph of any depth`, async () => {
    const backend = await onnxBackend({ [where]: true });
    const size = 2 ** 19 + 3;
    const numbers = Float32Array.from({ length: size }, (_, i) => i % 1000);
    // A view into a larger buffer, and a weight of its own.
    const weight = g.parameter("w", g.tensor(numbers.subarray(1), [size - 1]));
    const view = g.parameter("v", g.tensor(numbers.subarray(5, 6), [1]));
    const { nodes, ...graph } = g.trace(
      ({ x }) => {
        let y = g.add(x, g.mul(weight, view));
        for (let i = 0; i < 3000; i++) y = g.add(y, i % 2 === 0 ? 1 : -1);
        return { y };
      },
      { x: { shape: [size - 1] }, unused: { shape: [1] } },
    );
    const program = await backend.compile({ ...graph, nodes });
    const x = backend.upload(numbers.subarray(0, size - 1), [size - 1]);
    const unused = backend.upload([0], [1]);
    const { y } = await program.run({ x, unused });
    const got = await backend.download(y);
    expect(got.length).toBe(size - 1);
    expect(got.findIndex((v, i) => v !== numbers[i] + numbers[i + 1] * 5)).toBe(-1);
    await backend.close();
  });
}
