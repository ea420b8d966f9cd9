import { describe, expect, test } from "vitest";
import { evaluate } from "../src/evaluate.ts";
import * as g from "../src/index.ts";
import { fromOnnx, toOnnx } from "../src/onnx.ts";
import { cases } from "./onnx-cases.ts";
import { inputsFor, plain } from "./onnx-values.ts";

describe("a model that was written reads back to the same numbers", () => {
  for (const [name, { signature, f }] of Object.entries(cases)) {
    test(name, () => {
      const graph = g.trace(f, signature);
      const inputs = inputsFor(signature, 3);
      const expected = evaluate(graph, inputs);
      for (const opset of [13, 17, 18, 21, 23]) {
        const model = fromOnnx(toOnnx(graph, { opset }));
        expect(model.parameters.map((p) => p.name)).toEqual(graph.parameters.map((p) => p.name));
        const dynamic = g.trace(model.apply, model.signature);
        const fixed = g.trace(
          model.apply,
          Object.fromEntries(Object.entries(inputs).map(([n, t]) => [n, t])),
        );
        for (const [key, e] of Object.entries(dynamic.outputs)) {
          expect(e.shape).toEqual(graph.outputs[key].shape);
          expect(e.dtype).toBe(graph.outputs[key].dtype);
        }
        for (const again of [dynamic, fixed]) {
          const outputs = evaluate(again, inputs);
          expect(Object.keys(outputs)).toEqual(Object.keys(expected));
          for (const key of Object.keys(outputs)) {
            expect(outputs[key].shape).toEqual(expected[key].shape);
            expect(plain(outputs[key])).toEqual(plain(expected[key]));
          }
        }
      }
    });
  }
});
