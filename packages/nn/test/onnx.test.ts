import { type Tensor, tensor, tensorNumbers, trace } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { toOnnx } from "@gen/graph/onnx";
import { networkGraph, timestepEmbedding } from "@gen/nn";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { checkOnnx, pythonWithOnnx } from "../../../tooling/fixtures/check-onnx.ts";
import { everyNetwork } from "./every-network.ts";
import { sampleInputs, wakened } from "./sample-inputs.ts";

async function run(bytes: Uint8Array, batches: Record<string, Tensor>[]) {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const outputs = [];
  for (const inputs of batches) {
    const feeds = Object.entries(inputs).map(
      ([name, { dtype, data, shape }]) =>
        [name, new ort.Tensor(dtype as "float32", data as Float32Array, shape)] as const,
    );
    const { output } = await session.run(Object.fromEntries(feeds));
    outputs.push({ data: output.data as Float32Array, dims: output.dims });
  }
  await session.release();
  return outputs;
}

/** The largest difference, divided by the root mean square of the expected values. */
function distance(got: ArrayLike<number>, want: Tensor): number {
  const numbers = Array.from(tensorNumbers(want));
  const rms = Math.sqrt(numbers.reduce((a, v) => a + v * v, 0) / numbers.length);
  return Math.max(...numbers.map((v, i) => Math.abs(got[i] - v))) / rms;
}

describe("exported networks run in ONNX Runtime at any batch", () => {
  for (const [name, make] of Object.entries(everyNetwork)) {
    test(name, async () => {
      const net = wakened(make());
      const graph = networkGraph(net);
      expect(graph.nodes.map((n) => n.op)).not.toContain("Dropout");
      const batches = [
        { batch: 1, tokens: 5 },
        { batch: 3, tokens: 2 },
      ].map((sizes) => sampleInputs(net.signature, sizes));
      const wanted = batches.map((inputs) => evaluate(graph, inputs).output);
      for (const [opset, float16, tolerance] of [
        [17, false, 2e-5],
        [18, false, 2e-5],
        [21, false, 2e-5],
        [17, true, 1e-2],
      ] as const) {
        const outputs = await run(toOnnx(graph, { opset, float16 }), batches);
        for (const [i, want] of wanted.entries()) {
          expect([...outputs[i].dims]).toEqual([...want.shape]);
          expect(distance(outputs[i].data, want), `opset ${opset}`).toBeLessThan(tolerance);
        }
      }
    });
  }

  test("in float16, time steps keep their phase", async () => {
    const signature = { t: { shape: ["batch"], dtype: "int64" } } as const;
    const graph = trace(({ t }) => ({ output: timestepEmbedding(t, 64) }), signature);
    const inputs = { t: tensor([0, 1, 50, 300, 997, 999], [6], "int64") };
    const [{ data }] = await run(toOnnx(graph, { float16: true }), [inputs]);
    const want = Array.from(tensorNumbers(evaluate(graph, inputs).output));
    for (const [i, v] of want.entries()) expect(Math.abs(data[i] - v)).toBeLessThan(1e-3);
  });
});

const title = "the ONNX checker passes every network (needs Python with onnx)";
test.skipIf(!pythonWithOnnx)(title, () => {
  const models = Object.values(everyNetwork).flatMap((make) =>
    [{ opset: 17 }, { float16: true }].map((options) => toOnnx(networkGraph(make()), options)),
  );
  expect(checkOnnx(models)).toEqual(models.map(() => "sound"));
});
