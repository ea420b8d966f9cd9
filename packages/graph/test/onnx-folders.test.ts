import { expect, test } from "vitest";
import { evaluate } from "../src/evaluate.ts";
import * as g from "../src/index.ts";
import { fromOnnx } from "../src/onnx.ts";
import { declared, fileOf, floats, int64s, node } from "./onnx-build.ts";
import { plain } from "./onnx-values.ts";

// Habits of exporters of whole pipelines: optimum above 2 GB, diffusers' script of 2022.

const outside = (offset: number, length: number) => ({
  name: "",
  dataType: 1,
  dims: [2n],
  dataLocation: 1,
  externalData: [
    { key: "location", value: "model.onnx_data" },
    { key: "offset", value: `${offset}` },
    { key: "length", value: `${length}` },
  ],
});

const withConstant = (length: number) =>
  fileOf({
    node: [
      {
        opType: "Constant",
        output: ["k"],
        name: "the constant",
        attribute: [{ name: "value", type: 4, t: outside(4, length) }],
      },
      node("Add", ["x", "k"], ["y"]),
    ],
    input: [declared("x", ["batch", 2])],
    output: [{ name: "y" }],
  });

test("a Constant's value may be kept outside the model", () => {
  const data = new Uint8Array(Float32Array.of(9, 1.5, -2).buffer);
  const model = fromOnnx(withConstant(8), {
    externalData: (location, offset, length) => {
      expect(location).toBe("model.onnx_data");
      return data.subarray(offset, offset + length);
    },
  });
  const x = g.tensor([1, 1], [1, 2]);
  const graph = g.trace(model.apply, model.signature);
  expect(plain(evaluate(graph, { x }).y)).toEqual([2.5, -1]);
});

test("a Constant outside that is cut, of another length or without a reader is refused", () => {
  const cut = () => fromOnnx(withConstant(8), { externalData: () => new Uint8Array(4) });
  expect(cut).toThrow('node "the constant" of shape [2] takes 8 bytes, got 4');
  const longer = () => fromOnnx(withConstant(12), { externalData: () => new Uint8Array(12) });
  expect(longer).toThrow('node "the constant" of shape [2] takes 8 bytes, got 12');
  expect(() => fromOnnx(withConstant(8))).toThrow("pass externalData to read it");
});

test("a dimension's name may be another number in each input", () => {
  const bytes = fileOf({
    node: [node("ReduceSum", ["b", "axes"], ["s"]), node("Add", ["a", "s"], ["y"])],
    initializer: [int64s("axes", 0, 1)],
    input: [declared("a", ["n", "channels"]), declared("b", ["n", "channels"])],
    output: [declared("y", ["n", "channels"])],
  });
  const inputs = { a: g.tensor([1, 2], [2, 1]), b: g.tensor([3, 4, 5], [1, 3]) };
  const graph = g.trace(fromOnnx(bytes).apply, inputs);
  expect(graph.outputs.y.shape).toEqual([2, 1]);
  expect(plain(evaluate(graph, inputs).y)).toEqual([13, 14]);
});

test.each([
  [1, [4, 3, 1, 1], 3],
  [2, [4, 3, 1, 1], 6],
])("open channels of an input are those of its convolution in %i groups", (group, dims, size) => {
  const bytes = fileOf({
    node: [node("Conv", ["x", "w"], ["y"], { group })],
    initializer: [floats("w", dims, Array(12).fill(1))],
    input: [declared("x", ["batch", "channels", "height", "width"])],
    output: [declared("y", ["batch", 4, "height", "width"])],
  });
  expect(fromOnnx(bytes).signature.x.shape).toEqual(["batch", size, "height", "width"]);
});

test("the positions that NonZero finds in what is known are known", () => {
  const bytes = fileOf({
    node: [
      node("Less", ["row", "column"], ["mask"]),
      node("NonZero", ["mask"], ["at"]),
      node("Transpose", ["at"], ["places"], { perm: [1, 0] }),
      node("GatherND", ["x", "places"], ["y"]),
    ],
    initializer: [int64s("row", 0, 1, 2), { ...int64s("column", 1, 3), dims: [2n, 1n] }],
    input: [declared("x", [2, 3])],
    output: [{ name: "y" }],
  });
  const x = g.tensor([1, 2, 3, 4, 5, 6], [2, 3]);
  const graph = g.trace(fromOnnx(bytes).apply, { x });
  // Rows of the mask: 0 < 1 alone, then 0, 1 and 2 < 3.
  expect(plain(evaluate(graph, { x }).y)).toEqual([1, 4, 5, 6]);
});
