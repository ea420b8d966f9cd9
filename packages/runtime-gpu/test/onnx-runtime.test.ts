import * as g from "@gen/graph";
import node from "onnxruntime-node";
import web from "onnxruntime-web";
import { describe, expect, test } from "vitest";
import { type OnnxRuntime, onnxBackend } from "../src/onnx.ts";

/** A module of ONNX Runtime that keeps what its sessions are opened with. */
function watched({ InferenceSession, Tensor, env }: typeof web) {
  const levels: unknown[] = [];
  const create = (model: Uint8Array, options: { graphOptimizationLevel?: string }) => {
    levels.push(options.graphOptimizationLevel);
    return InferenceSession.create(model, options as object);
  };
  return { levels, runtime: { InferenceSession: { create }, Tensor, env } };
}

const wide = { x: { shape: [2 ** 15] } };
const doubled = (signature: Record<string, g.Signature>) =>
  g.trace(({ x }: Record<string, g.Expr>) => ({ y: g.mul(x, 2) }), signature);
const foreign = () => {
  const x = g.input("x", { shape: [2] });
  const node = {
    domain: "com.microsoft",
    opType: "QuickGelu",
    version: 1,
    attributes: [],
    operands: [true],
    results: [true],
  };
  const of = { op: "Foreign", inputs: [x], attributes: { id: 0 }, dtype: "bool", shape: [0], node };
  const y = { op: "Result", inputs: [of], attributes: { index: 0 }, dtype: "float32", shape: [2] };
  return g.graphOf({ y: y as unknown as g.Expr });
};

describe("a runtime that the caller has imported", () => {
  test("computes, natively and in WebAssembly", async () => {
    for (const [provider, module] of [
      ["cpu", node as unknown as typeof web],
      ["wasm", web],
    ] as const) {
      const { runtime, levels } = watched(module);
      const backend = await onnxBackend({ provider, runtime });
      const program = await backend.compile(doubled({ x: { shape: [2] } }));
      const x = backend.upload([1, 2], [2]);
      const { y } = await program.run({ x });
      expect(Array.from(await backend.download(y))).toEqual([2, 4]);
      // One session to start the runtime, one for the program.
      expect(levels).toHaveLength(2);
      await backend.close();
    }
  });
  test("opens small graphs in WebAssembly without the graph optimizer", async () => {
    for (const [provider, module, expected] of [
      ["cpu", node as unknown as typeof web, ["all", "all", "all"]],
      ["wasm", web, ["disabled", "all", "all"]],
    ] as const) {
      const { runtime, levels } = watched(module);
      const backend = await onnxBackend({ provider, runtime });
      levels.length = 0;
      for (const graph of [doubled({ x: { shape: [2] } }), doubled(wide), foreign()]) {
        await (await backend.compile(graph)).dispose();
      }
      expect(levels).toEqual(expected);
      await backend.close();
    }
  });
  test("must fit the provider, which Node needs as an option", async () => {
    const other = (build: string): OnnxRuntime => ({ ...web, env: { versions: { [build]: "1" } } });
    await expect(onnxBackend({ runtime: web })).rejects.toThrow("needs a provider beside it");
    await expect(onnxBackend({ provider: "cpu", runtime: other("web") })).rejects.toThrow(
      "runtime is no onnxruntime-node, which provider cpu needs here",
    );
    await expect(onnxBackend({ provider: "wasm", runtime: other("node") })).rejects.toThrow(
      "runtime is no onnxruntime-web, which provider wasm needs here",
    );
  });
});
