import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as g from "../src/index.ts";
import { distance, plain, runOnnx } from "./onnx-session.ts";

// Written by PyTorch 1.13 with tooling/reference/onnx-models.py.
const folder = new URL("reference/", import.meta.url);
const names = readdirSync(folder).filter((n) => n.endsWith(".onnx"));

interface Reference {
  [name: string]: { shape: number[]; dtype: g.DType; data: number[] };
}

function load(file: string) {
  const bytes = new Uint8Array(readFileSync(new URL(file, folder)));
  const text = readFileSync(new URL(file.replace(".onnx", ".json"), folder), "utf8");
  const { provenance, out, ...inputs }: Reference = JSON.parse(text);
  expect(provenance).toContain("PyTorch");
  const tensors = Object.entries(inputs).map(([n, t]) => [n, g.tensor(t.data, t.shape, t.dtype)]);
  return { bytes, out, inputs: Object.fromEntries(tensors) as Record<string, g.Tensor> };
}

describe("models that PyTorch exported compute what PyTorch computes", () => {
  expect(names.length).toBe(6);
  for (const name of names) {
    test(name, async () => {
      const { bytes, out, inputs } = load(name);
      const model = g.fromOnnx(bytes);
      const dynamic = g.trace(model.apply, model.signature);
      const fixed = g.trace(model.apply, Object.fromEntries(Object.entries(inputs)));
      for (const graph of [dynamic, fixed]) {
        const result = g.evaluate(graph, inputs).out;
        expect(result.shape).toEqual(out.shape);
        expect(distance(plain(result), out.data)).toBeLessThan(1e-5);
        const again = await runOnnx(g.toOnnx(graph), inputs);
        expect(distance(again.out.data, out.data)).toBeLessThan(3e-5);
      }
    });
  }
});
