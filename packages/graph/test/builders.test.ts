import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bindDims, parametersAsInputs, resolveShape, rewrite } from "../src/compiler.ts";
import { evaluate } from "../src/evaluate.ts";
import { staticShape } from "../src/expr/shape.ts";
import { toFloat16 } from "../src/expr/tensor.ts";
import {
  add,
  averagePool,
  bytesPerElement,
  cast,
  concat,
  constant,
  conv2d,
  type Expr,
  elementCount,
  expand,
  expandLike,
  fromFloat16,
  gather,
  graphOf,
  greater,
  groupNormalization,
  input,
  instanceNorm,
  matmul,
  mean,
  mul,
  neg,
  pad,
  parameter,
  parametersOf,
  pow,
  reshape,
  type Shape,
  slice,
  softmax,
  sum,
  tensor,
  tensorData,
  tensorNumbers,
  trace,
  transpose,
  upsampleNearest,
  where,
} from "../src/index.ts";

const of = (...shape: Shape): Expr => input("x", { shape });

describe("shapes", () => {
  const shapes: [string, Expr, Shape][] = [
    ["broadcast", add(of("batch", 1, 4), of(3, 1)), ["batch", 3, 4]],
    ["a number", mul(of("batch", 2), 3), ["batch", 2]],
    ["batch with 1", add(of("batch", 2), of(1, 2)), ["batch", 2]],
    ["reshape", reshape(of("batch", 4, 6), ["batch", -1]), ["batch", 24]],
    ["reshape into the batch", reshape(of("batch", 4, 6), [-1, 6]), ["4*batch", 6]],
    ["reshape back", reshape(of("4*batch", 6), ["batch", 4, 6]), ["batch", 4, 6]],
    ["reshape of two names", reshape(of("batch", "time", 4), [-1]), ["4*batch*time"]],
    ["transpose", transpose(of("batch", 2, 3), [1, 2, 0]), [2, 3, "batch"]],
    ["concat", concat([of("batch", 2), of("batch", 3)], -1), ["batch", 5]],
    ["concat of batches", concat([of("batch", 2), of("batch", 2)], 0), ["2*batch", 2]],
    ["concat of more batches", concat([of("2*batch", 2), of("batch", 2)], 0), ["3*batch", 2]],
    ["slice", slice(of("batch", 7), 1, 1, 6, 2), ["batch", 3]],
    ["pad", pad(of("batch", 2, 3), [0, 1, 0], [0, 0, 2]), ["batch", 3, 5]],
    ["expand", expand(of(3, 1), [2, 3, 4]), [2, 3, 4]],
    ["expand like", expandLike(of(3), of("batch", 3)), ["batch", 3]],
    ["gather", gather(of(5, 3), input("t", { shape: ["batch"], dtype: "int64" })), ["batch", 3]],
    [
      "gather along 1",
      gather(of("batch", 5, 3), constant(tensor([1], [1, 1], "int32")), 1),
      ["batch", 1, 1, 3],
    ],
    ["sum", sum(of("batch", 2, 3), [1]), ["batch", 3]],
    ["mean, kept", mean(of("batch", 2, 3), [-1, 1], true), ["batch", 1, 1]],
    ["sum of all", sum(of("batch", 2)), []],
    ["matmul", matmul(of("batch", 2, 3), of(3, 4)), ["batch", 2, 4]],
    [
      "matmul, transposed",
      matmul(of("batch", 3, 2), of(4, 3), { transposeA: true, transposeB: true }),
      ["batch", 2, 4],
    ],
    [
      "convolution",
      conv2d(of("batch", 3, 9, 8), of(5, 3, 3, 3), { stride: 2, pads: [1, 1, 1, 1] }),
      ["batch", 5, 5, 4],
    ],
    ["pool", averagePool(of("batch", 3, 8, 6)), ["batch", 3, 4, 3]],
    ["upsample", upsampleNearest(of("batch", 3, 4, 5), 3), ["batch", 3, 12, 15]],
    ["normalize", instanceNorm(of("batch", 3, 4), of(3), of(3)), ["batch", 3, 4]],
    ["where", where(greater(of("batch", 1), 0), of(3), 0), ["batch", 3]],
  ];
  test.each(shapes)("%s", (_, { shape }, expected) => expect(shape).toEqual(expected));

  test("an operation that changes nothing returns its operand", () => {
    const x = of("batch", 3);
    for (const same of [
      reshape(x, ["batch", 3]),
      slice(x, 1, 0, 3),
      pad(x, [0, 0], [0, 0]),
      expand(x, ["batch", 3]),
      expandLike(x, x),
      concat([x], 0),
      cast(x, "float32"),
    ]) {
      expect(same).toBe(x);
    }
  });
  test("elementCount and staticShape", () => {
    expect([
      elementCount([2, 3]),
      elementCount([]),
      elementCount([2, "b", 3, "a"]),
      elementCount(["2*a", 3]),
    ]).toEqual([6, 1, "6*a*b", "6*a"]);
    expect(staticShape([1, 2], "x")).toEqual([1, 2]);
    expect(() => staticShape([1, "batch"], "Foo")).toThrow(
      "Foo needs a static shape, got [1, batch]",
    );
  });
  test("the names in shapes stand for numbers", () => {
    const inputs = [input("x", { shape: ["n*batch", 3] }), input("y", { shape: ["batch", "n"] })];
    const bindings = bindDims(inputs, { x: [8, 3], y: [4, 2] });
    expect(bindings).toEqual({ batch: 4, n: 2 });
    expect(resolveShape(["4*batch", "batch*n", 5, "n"], bindings)).toEqual([16, 8, 5, 2]);
    expect(() => resolveShape(["time", 2], bindings)).toThrow(
      "[time, 2]: nothing tells what time is",
    );
  });
});

describe("errors name the operation and both shapes", () => {
  const int = input("i", { shape: [2], dtype: "int64" });
  const cases: [() => unknown, string][] = [
    [() => add(of("batch", 3), of(4)), "Add: shapes [batch, 3] and [4] do not broadcast"],
    [() => add(of("batch", 3), of(2, 3)), "Add: shapes [batch, 3] and [2, 3] do not broadcast"],
    [() => add(of(2), int), "Add: dtypes float32 [2] and int64 [2] differ; use cast"],
    [() => pow(1, 2), "Pow needs at least one expression, got only numbers"],
    [() => neg(int), "Neg needs a float dtype, got int64 [2]; use cast"],
    [() => sum(int), "ReduceSum needs a float dtype, got int64 [2]; use cast"],
    [() => where(of(2), of(2), 0), "Where needs a bool condition, got float32"],
    [() => reshape(of("batch", 3), [2, 3]), "Reshape: [batch, 3] does not fit [2, 3]"],
    [() => reshape(of(4, 3), [5, -1]), "Reshape: [4, 3] does not fit [5, -1]"],
    [() => transpose(of(4, 3), [0, 0]), "Transpose: [0, 0] does not permute [4, 3]"],
    [
      () => concat([of(4, 3), of(4, 2)], 0),
      "Concat: float32 [4, 3] and float32 [4, 2] do not join along axis 0",
    ],
    [() => concat([], 0), "Concat needs at least one expression, got none"],
    [() => concat([of("batch", 3), of(2, 3)], 0), "Concat: dimensions batch and 2 cannot be added"],
    [() => slice(of("batch", 3), 0, 0, 1), "batch"],
    [() => slice(of("batch", 3), 2, 0, 1), "Slice: axis 2 is outside the shape [batch, 3]"],
    [() => slice(of(3), 0, 0, 1, 0), "step"],
    [() => pad(of(3), [-1], [0]), "Pad: [-1] and [0] do not fit [3]"],
    [() => pad(of("batch"), [1], [0]), "Pad: dimension batch of [batch] is not static"],
    [() => expand(of(3), [2, 4]), "Expand: shapes [3] and [2, 4] do not broadcast"],
    [
      () => expand(of(3), ["batch", 3]),
      "Expand: [3] to [batch, 3] makes a symbolic dimension; use expandLike",
    ],
    [() => expandLike(of(3), of("batch", 4)), "Expand: shapes [3] and [batch, 4] do not broadcast"],
    [() => gather(of(3), of(2)), "Gather needs int32 or int64 indices, got float32"],
    [() => softmax(of(3), 1), "Softmax: axis 1 is outside the shape [3]"],
    [
      () => matmul(of("batch", 3), of(4, 3)),
      "MatMul: shapes [batch, 3] and [4, 3] do not multiply",
    ],
    [
      () => matmul(of("batch", 3), of(3, 4), { transposeB: true }),
      "MatMul: shapes [batch, 3] and [3, 4] transposed do not multiply",
    ],
    [() => matmul(of(3), of(3, 4)), "MatMul: shapes [3] and [3, 4] do not multiply"],
    [
      () => matmul(of(2, 2, 3), of(5, 3, 4)),
      "MatMul: shapes [2, 2, 3] and [5, 3, 4] do not multiply",
    ],
    [
      () => conv2d(of("batch", 3, 8, 8), of(4, 2, 3, 3)),
      "Conv: input [batch, 3, 8, 8] and weight [4, 2, 3, 3] do not fit (stride 1, pads [0, 0, 0, 0], groups 1)",
    ],
    [
      () => conv2d(of(1, 3, 2, 2), of(4, 3, 3, 3)),
      "Conv: input [1, 3, 2, 2] and weight [4, 3, 3, 3] do not fit",
    ],
    [
      () => averagePool(of(1, 3, 7, 8)),
      "AveragePool: [1, 3, 7, 8] is not [batch, channels, height, width] in blocks of 2",
    ],
    [() => upsampleNearest(of(1, 3, 7, 8), 1.5), "scale 1.5 is not a positive integer"],
    [
      () => instanceNorm(of(1, 3, 7), of(3), of(2)),
      "GroupNormalization: [1, 3, 7] in 3 groups does not go with scale [3] and bias [2]",
    ],
    [
      () => groupNormalization(of(1, 4), of(4), of(4), 2),
      "GroupNormalization: x must be [batch, channels, ...] of 3 dimensions or more, got [1, 4]; reshape it, such as to [batch, channels, 1]",
    ],
    [() => tensor([1, 2], [3]), "tensor of shape [3] takes 3 elements, got 2"],
    ...["foo", "constructor", undefined].map((dtype): [() => unknown, string] => [
      () => tensorData([1], dtype as never),
      `dtype must be one of float32, float64, float16, int32, int64, bool, got ${dtype}`,
    ]),
    [() => parameter("a", undefined as never), "parameter takes a name and a tensor"],
    [() => parameter("a", [1, 2] as never), "parameter takes a name and a tensor"],
    [() => parameter(tensor([1]) as never, tensor([1])), "parameter takes a name and a tensor"],
  ];
  test.each(cases)("%s", (f, message) => {
    let error: unknown;
    try {
      f();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toContain(message);
  });
});

describe("tensors", () => {
  test("hold the array of their dtype", () => {
    expect(tensor([1, 2]).data).toEqual(Float32Array.of(1, 2));
    expect(tensor([1, 2], [2], "int64").data).toEqual(BigInt64Array.of(1n, 2n));
    expect(tensor([0, 2], [2], "bool").data).toEqual(Uint8Array.of(0, 1));
    const data = Float32Array.of(1, 2);
    expect(tensor(data).data).toBe(data);
    expect(
      (["float32", "float64", "float16", "int32", "int64", "bool"] as const).map(bytesPerElement),
    ).toEqual([4, 8, 2, 4, 8, 1]);
    expect(Array.from(tensorNumbers(tensor([-3, 4], [2], "int64")))).toEqual([-3, 4]);
  });
  test("float16 takes the nearest half, ties to even", () => {
    // Bit patterns from IEEE 754-2008, table 3.5 and its rounding rule.
    const known: [number, number][] = [
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65519.99, 0x7bff],
      [65520, 0x7c00],
      [2 ** -14, 0x0400],
      [2 ** -24, 1],
      [2 ** -25, 0],
      [1.5 * 2 ** -24, 2],
      [0.1, 0x2e66],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [Number.NaN, 0x7e00],
      [Infinity, 0x7c00],
    ];
    for (const [value, bits] of known) expect(toFloat16(value), `${value}`).toBe(bits);
    for (let bits = 0; bits < 0x7c00; bits++) expect(toFloat16(fromFloat16(bits))).toBe(bits);
    fc.assert(
      fc.property(fc.double({ min: -65000, max: 65000, noNaN: true }), (v) => {
        const single = Math.fround(v);
        const half = fromFloat16(toFloat16(v));
        expect(Math.abs(half - single)).toBeLessThanOrEqual(
          Math.max(Math.abs(single) * 2 ** -11, 2 ** -25),
        );
      }),
    );
  });
});

describe("graphs", () => {
  const w = parameter("w", tensor([2]));
  const graph = trace(({ x }) => ({ y: mul(x, w) }), {
    x: { shape: [1] },
    spare: { shape: ["batch"] },
  });
  test("hold their inputs, used or not, parameters and outputs", () => {
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x", "spare"]);
    expect(graph.parameters).toEqual([w]);
    expect(graph.nodes.map(({ op }) => op)).toEqual(["Input", "Parameter", "Mul"]);
    expect(parametersOf(graph.outputs.y)).toEqual([w]);
  });
  test("names must differ", () => {
    const twin = parameter("w", tensor([3]));
    expect(() => graphOf({ y: add(w, twin) })).toThrow("two Parameter expressions are named w");
    expect(() => graphOf({ y: add(w, input("w", { shape: [1] })) })).toThrow("named w");
  });
  test("parameters can become inputs", () => {
    const open = parametersAsInputs(graph);
    expect(open.parameters).toEqual([]);
    expect(open.inputs.map(({ name }) => name)).toEqual(["x", "spare", "w"]);
    const values = { x: tensor([3]), spare: tensor([]), w: tensor([5]) };
    expect(evaluate(open, values).y.data[0]).toBe(15);
  });
  test("rewrite rebuilds the users of a changed node", () => {
    const changed = rewrite(graph, (node, inputs) =>
      node.op === "Mul" ? add(inputs[0], inputs[1]) : node,
    );
    expect(evaluate(changed, { x: tensor([3]), spare: tensor([]) }).y.data[0]).toBe(5);
  });
});
