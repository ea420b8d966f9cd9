import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type TensorProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { runOnnx } from "../../../tooling/fixtures/run-onnx.ts";
import { evaluate } from "../src/evaluate.ts";
import { toFloat16 } from "../src/expr/tensor.ts";
import * as g from "../src/index.ts";
import type { ExternalData } from "../src/onnx/read-tensor.ts";
import { foreignOperations, fromOnnx, type OnnxModel, toOnnx } from "../src/onnx.ts";
import { distance, plain } from "./onnx-values.ts";

// Written by PyTorch 1.13 with tooling/reference/onnx-models.py.
const folder = new URL("reference/", import.meta.url);
const names = readdirSync(folder).filter((n) => n.includes(".onnx"));

interface Reference {
  [name: string]: { shape: number[]; dtype: g.DType; data: number[] };
}

function load(file: string) {
  const stored = readFileSync(new URL(file, folder));
  const bytes = new Uint8Array(file.endsWith(".gz") ? gunzipSync(stored) : stored);
  const text = readFileSync(new URL(file.replace(/\.onnx.*/, ".json"), folder), "utf8");
  const { provenance, ...tensorsByName }: Reference = JSON.parse(text);
  const name = "out" in tensorsByName ? "out" : "out_sample";
  const { [name]: out, ...inputs } = tensorsByName;
  expect(provenance).toContain("PyTorch");
  const tensors = Object.entries(inputs).map(([n, t]) => [n, g.tensor(t.data, t.shape, t.dtype)]);
  return { name, bytes, out, inputs: Object.fromEntries(tensors) as Record<string, g.Tensor> };
}

describe("models that PyTorch exported compute what PyTorch computes", () => {
  expect(names.length).toBe(12);
  for (const file of names) {
    test(file, async () => {
      const { name, bytes, out, inputs } = load(file);
      const model = fromOnnx(bytes);
      const sides: Record<string, number> = { height: 4, width: 6, channels: 4, steps: 1 };
      const part = Object.entries(model.signature).map(([n, { shape, dtype }]) => {
        return [n, { dtype, shape: shape.map((d) => sides[d] ?? d) }] as const;
      });
      const shapes = [inputs, Object.fromEntries(part), model.signature];
      // What dynamic heights and widths leave to ONNX Runtime took another form in operator set 13.
      if (file.startsWith("conditional-11")) {
        expect(() => g.trace(model.apply, model.signature)).toThrow(
          /\(Unsqueeze\): .* changed in 13; give dynamic dimensions a fixed size/,
        );
        shapes.pop();
      }
      for (const each of shapes) {
        const graph = g.trace(model.apply, { ...each });
        if (foreignOperations(graph).length === 0) {
          const result = evaluate(graph, inputs)[name];
          expect(result.shape).toEqual(out.shape);
          expect(distance(plain(result), out.data)).toBeLessThan(1e-5);
        }
        expect(foreignOperations(graph).length > 0).toBe(
          file.startsWith("conditional") && each === model.signature,
        );
        const again = await runOnnx(toOnnx(graph), inputs);
        expect(again[name].shape).toEqual(out.shape);
        expect(distance(again[name].data, out.data)).toBeLessThan(3e-5);
      }
    });
  }
});

describe("a model stored in other ways is the same model", () => {
  const { bytes, inputs } = load("denoiser-17.onnx");
  const edited = (
    change: (model: ReturnType<typeof fromBinary<typeof ModelProtoSchema>>) => void,
  ) => {
    const model = fromBinary(ModelProtoSchema, bytes);
    change(model);
    return toBinary(ModelProtoSchema, model);
  };
  const computed = (model: OnnxModel, given = inputs) =>
    plain(evaluate(g.trace(model.apply, { ...given }), given).out);

  test("with its weights in one file beside it", () => {
    const side: number[] = [];
    const outside = edited((model) => {
      for (const tensor of model.graph?.initializer ?? []) {
        if (tensor.rawData.length < 8) continue;
        while (side.length % 64 !== 0) side.push(0xff);
        const where = {
          location: "model.onnx_data",
          offset: side.length,
          length: tensor.rawData.length,
        };
        tensor.externalData = Object.entries(where).map(([key, value]) => ({
          $typeName: "onnx.StringStringEntryProto",
          key,
          value: String(value),
        }));
        tensor.dataLocation = 1;
        side.push(...tensor.rawData);
        tensor.rawData = new Uint8Array();
      }
    });
    const file = Uint8Array.from(side);
    const externalData: ExternalData = (location, offset, length) => {
      expect(location).toBe("model.onnx_data");
      return file.subarray(offset, offset + length);
    };
    expect(side.length).toBeGreaterThan(5000);
    expect(computed(fromOnnx(outside, { externalData }))).toEqual(computed(fromOnnx(bytes)));
  });

  test("in float16 throughout, as .half() exports it", async () => {
    const halve = (tensor: TensorProto | undefined) => {
      if (tensor?.dataType !== 1) return;
      const { buffer, byteOffset, byteLength } = tensor.rawData.slice();
      const values = new Float32Array(buffer, byteOffset, byteLength / 4);
      tensor.dataType = 10;
      tensor.rawData = new Uint8Array(Uint16Array.from(values, toFloat16).buffer);
    };
    const half = edited(({ graph }) => {
      const scales = graph?.node
        .filter((n) => n.opType === "Resize")
        .flatMap((n) => n.input.slice(1));
      for (const tensor of graph?.initializer ?? []) halve(tensor);
      for (const node of graph?.node ?? []) {
        for (const attribute of node.attribute) {
          if (attribute.name === "to" && attribute.i === 1n) attribute.i = 10n;
          if (!scales?.includes(node.output[0])) halve(attribute.t);
        }
      }
      for (const { type } of [...(graph?.input ?? []), ...(graph?.output ?? [])]) {
        const value = type?.value;
        if (value?.case === "tensorType" && value.value.elemType === 1) value.value.elemType = 10;
      }
    });
    const model = fromOnnx(half);
    expect(model.signature.sample.dtype).toBe("float16");
    expect(model.parameters.every((p) => p.dtype === "float16")).toBe(true);
    const sample = g.tensor(g.tensorNumbers(inputs.sample), inputs.sample.shape, "float16");
    // Larger time steps lose their fraction in float16.
    const given = { sample, timestep: g.tensor([0, 1, 2], [3], "int64") };
    const made = computed(model, given);
    const expected = await runOnnx(half, given);
    expect(distance(made, expected.out.data)).toBeLessThan(0.03);
    expect(
      distance(made, computed(fromOnnx(bytes), { ...given, sample: inputs.sample })),
    ).toBeLessThan(0.03);
  });
});
