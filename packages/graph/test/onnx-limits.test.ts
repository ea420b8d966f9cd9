import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { errorCode } from "@gen/math";
import { describe, expect, test } from "vitest";
import * as dimLimits from "../src/expr/limits.ts";
import * as g from "../src/index.ts";
import * as limits from "../src/onnx/limits.ts";
import { fromOnnx } from "../src/onnx.ts";
import {
  type Attributes,
  declared,
  fileOf,
  floats,
  int64s,
  node,
  tensorProto,
} from "./onnx-build.ts";

type Graph = Parameters<typeof fileOf>[0];

/** The error of reading a file and applying it to its own inputs; undefined without one. */
function errorOf(read: () => unknown): { code?: string | undefined; message: string } | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return { code: errorCode(error), message: (error as Error).message };
  }
}
const apply = (bytes: Uint8Array, options?: Parameters<typeof fromOnnx>[1]) => {
  const { apply, signature } = fromOnnx(bytes, options);
  return g.trace(apply, signature);
};
const refused = (bytes: Uint8Array, message: RegExp | string, code = "unsafe-model") => {
  const error = errorOf(() => apply(bytes));
  expect(error?.message).toMatch(message);
  expect(error?.code).toBe(code);
};

const graph = (nodes: Graph["node"], more: Partial<Graph> = {}): Graph => ({
  node: nodes,
  input: [declared("x", ["n", 4])],
  output: [declared("y", ["n", 4])],
  ...more,
});
const neg = node("Neg", ["x"], ["y"]);

describe("operators that only the runtime may name are refused with the node's name", () => {
  const kept = (domain: string, opType = "Gelu") =>
    fileOf(graph([{ ...node(opType, ["x"], ["y"], { domain }), name: "stranger" }]), 17, {
      ...(domain !== "" && domain !== "ai.onnx" && { [domain]: 1 }),
    });

  test.each([
    "com.microsoft.nchwc",
    "com.microsoft.experimental",
    "com.ms.internal.nhwc",
    "com.microsoft.dml",
    "ai.onnx.ml",
    "ai.onnx.preview.training",
    "own",
    "com.microsoft ",
    "COM.MICROSOFT",
  ])("domain %j", (domain) => {
    refused(kept(domain), /^node "stranger" .*got an operator of the domain /);
  });

  test("operators of a public domain that no exporter writes", () => {
    refused(kept("com.microsoft", "EPContext"), /"stranger" \(com\.microsoft\.EPContext\)/);
    refused(kept("", "MemcpyToHost"), /"stranger" \(MemcpyToHost\)/);
    refused(kept("ai.onnx", "MemcpyFromHost"), /"stranger" \(MemcpyFromHost\)/);
  });

  test("operators that run loops, or that crash on shapes which do not fit", () => {
    const names =
      "BeamSearch GreedySearch Sampling WhisperBeamSearch Inverse DynamicQuantizeMatMul";
    for (const name of `${names} DynamicQuantizeLSTM MatMulIntegerToFloat QLinearWhere`.split(
      " ",
    )) {
      refused(kept("com.microsoft", name), `"stranger" (com.microsoft.${name})`);
    }
  });

  test("an exporter's operators are read", () => {
    expect(errorOf(() => apply(kept("com.microsoft")))).toBeUndefined();
    expect(errorOf(() => apply(kept("ai.onnx", "Relu")))).toBeUndefined();
  });

  const secret = node("Conv", ["x"], ["z"], { domain: "com.microsoft.nchwc" });
  const inside = (body: Graph["node"], depth = 1): Graph["node"][number] =>
    node("If", ["x"], [`y${depth}`], {}, [
      {
        name: "then_branch",
        type: 5,
        g: { node: depth > 1 ? [inside(body, depth - 1)] : body },
      },
    ]);

  test("inside of branches, and in nodes that no output needs", () => {
    for (const depth of [1, limits.MAX_GRAPH_DEPTH]) {
      refused(fileOf(graph([neg, inside([secret], depth)])), /^node "z" \(com\.microsoft\.nchwc/);
    }
    refused(fileOf(graph([neg, secret])), /^node "z" \(com\.microsoft\.nchwc/);
  });

  test("graphs inside of nodes are nested to a limit", () => {
    const nested = (depth: number) => fileOf(graph([neg, inside([neg], depth)]));
    expect(errorOf(() => apply(nested(limits.MAX_GRAPH_DEPTH)))).toBeUndefined();
    refused(nested(limits.MAX_GRAPH_DEPTH + 1), /nested more than 16 deep/, "invalid-model");
  });
});

describe("counts of a file, one at the limit and one above", () => {
  /** A name as PyTorch's exporter writes it: small parts of large models are allowed. */
  const long = (i: number) => `/down_blocks.0/attentions.0/transformer_blocks.0/Neg_${i}_output_0`;
  const chain = (length: number, name = long) =>
    graph(
      Array.from({ length }, (_, i) =>
        node("Neg", [i === 0 ? "x" : name(i)], [i === length - 1 ? "y" : name(i + 1)]),
      ),
    );

  test("nodes; the largest chain is read in time", () => {
    expect(errorOf(() => apply(fileOf(chain(limits.MAX_NODES))))).toBeUndefined();
    refused(fileOf(chain(limits.MAX_NODES + 1)), /more than 65536 nodes/, "invalid-model");
  });

  test("initializers", () => {
    const file = (count: number) =>
      fileOf(
        graph([neg], {
          initializer: Array.from({ length: count }, (_, i) => floats(long(i), [1], [i])),
        }),
      );
    expect(errorOf(() => apply(file(limits.MAX_INITIALIZERS)))).toBeUndefined();
    refused(
      file(limits.MAX_INITIALIZERS + 1),
      /65537 initializers, more than the 65536/,
      "invalid-model",
    );
  });

  test("letters of a name", () => {
    const file = (letters: number) => {
      const name = "a".repeat(letters);
      return fileOf(graph([node("Neg", ["x"], [name]), node("Neg", [name], ["y"])]));
    };
    expect(errorOf(() => apply(file(limits.MAX_NAME_BYTES)))).toBeUndefined();
    refused(file(limits.MAX_NAME_BYTES + 1), /of 131073 bytes, more than 131072/, "invalid-model");
  });

  test("dimensions of a tensor", () => {
    const file = (rank: number) =>
      fileOf(
        graph([node("Add", ["x", "w"], ["z"]), neg], {
          initializer: [tensorProto("w", "float32", Array(rank).fill(1), Float32Array.of(1))],
        }),
      );
    expect(errorOf(() => apply(file(limits.MAX_RANK)))).toBeUndefined();
    refused(
      file(limits.MAX_RANK + 1),
      /"w" has 65 dimensions, more than the 64 allowed/,
      "invalid-model",
    );
    const input = (rank: number) =>
      fileOf(graph([neg], { input: [declared("x", Array(rank).fill(1))] }));
    expect(errorOf(() => apply(input(limits.MAX_RANK)))).toBeUndefined();
    refused(input(limits.MAX_RANK + 1), /input "x" has 65 dimensions/, "invalid-model");
  });

  test("bytes of a file", () => {
    const bytes = fileOf(graph([neg]));
    expect(errorOf(() => apply(bytes, { limit: bytes.length }))).toBeUndefined();
    expect(errorOf(() => apply(bytes, { limit: bytes.length - 1 }))?.code).toBe("invalid-model");
  });

  test("bytes of a tensor outside the model", () => {
    const file = (elements: number) =>
      fileOf(
        graph([node("Add", ["x", "w"], ["z"]), neg], {
          initializer: [
            {
              name: "w",
              dataType: 9,
              dims: [BigInt(elements)],
              dataLocation: 1,
              externalData: [{ key: "location", value: "w.bin" }],
            },
          ],
        }),
      );
    const externalData = (_: string, __: number, length: number): Uint8Array => {
      throw new RangeError(`asked for ${length}`);
    };
    const asked = (n: number) => errorOf(() => fromOnnx(file(n), { externalData }))?.message;
    expect(asked(limits.MAX_FILE_BYTES)).toBe(`asked for ${limits.MAX_FILE_BYTES}`);
    expect(asked(limits.MAX_FILE_BYTES + 1)).toMatch(/takes 2147483649 bytes, more than/);
  });

  /** A model whose graph is written by hand, and a field of `unknown` bytes. */
  const modelWith = (write: (graph: BinaryWriter) => BinaryWriter, unknown = 0) => {
    const writer = new BinaryWriter();
    writer.tag(99, WireType.LengthDelimited).bytes(new Uint8Array(unknown));
    writer.tag(8, WireType.LengthDelimited).fork().tag(2, WireType.Varint).int64(17).join();
    return write(writer.tag(7, WireType.LengthDelimited).fork()).join().finish();
  };
  const empty = (count: number, unknown: number, ...path: number[]) =>
    modelWith((graph) => {
      for (const field of path) graph.tag(field, WireType.LengthDelimited).fork();
      for (let i = 0; i < count; i++)
        graph.tag(1, WireType.LengthDelimited).bytes(new Uint8Array());
      for (const _ of path) graph.join();
      return graph;
    }, unknown);

  test("messages", () => {
    // The model, its operator set, the graph, a declaration, its type, its tensor type, its shape.
    const file = (count: number) => empty(count - 7, 2 ** 23, 13, 2, 1, 2);
    const message = (count: number) => errorOf(() => fromOnnx(file(count)))?.message;
    expect(message(limits.MAX_MESSAGES)).not.toMatch(/messages/);
    expect(message(limits.MAX_MESSAGES + 1)).toMatch(/more than 1048576 messages/);
  });

  test("numbers and texts in lists", () => {
    const file = (count: number) => empty(count, 2 ** 23, 1);
    const message = (count: number) => errorOf(() => fromOnnx(file(count)))?.message;
    expect(message(limits.MAX_LISTED)).not.toMatch(/in lists/);
    expect(message(limits.MAX_LISTED + 1)).toMatch(/more than 4194304 numbers and texts in lists/);
  });

  test("memory of many small parts", () => {
    // A dimension takes 112 bytes, of which its 2 bytes in the file allow 20.
    const rest = 808 - 10 * (empty(300_000, 0, 13, 2, 1, 2).length - 600_000);
    const most = Math.floor((limits.MAX_RECORD_BYTES - rest) / 92);
    const message = (count: number) =>
      errorOf(() => fromOnnx(empty(count, 0, 13, 2, 1, 2)))?.message;
    expect(message(most)).toMatch("has no outputs");
    expect(message(most + 1)).toMatch(
      "so many and so small that they take more memory than 10 times",
    );
  });

  test("nodes with the shortest names: 36,000 are read, 60,000 are not", () => {
    const short = (i: number) => `v${i.toString(36)}`;
    expect(errorOf(() => apply(fileOf(chain(36_000, short))))).toBeUndefined();
    refused(fileOf(chain(60_000, short)), /so many and so small/, "invalid-model");
  });

  test("results that are many or large, from few nodes", () => {
    const many = (op: string, count: number) =>
      fileOf(graph([node(op, Array(count).fill("x"), ["y"])]));
    expect(errorOf(() => apply(many("Sum", 20_000)))).toBeUndefined();
    refused(many("Sum", 200_000), /so many and so small/, "invalid-model");
    const ranges = (count: number) =>
      fileOf(
        graph(
          [
            ...Array.from({ length: count }, (_, i) =>
              node("Range", ["from", "to", "by"], [`r${i}`]),
            ),
            node(
              "Concat",
              Array.from({ length: count }, (_, i) => `r${i}`),
              ["y"],
              { axis: 0 },
            ),
          ],
          {
            initializer: (
              [
                ["from", 0],
                ["to", 60_000],
                ["by", 1],
              ] as const
            ).map(([name, value]) =>
              tensorProto(name, "int64", [], BigInt64Array.of(BigInt(value))),
            ),
          },
        ),
      );
    expect(errorOf(() => apply(ranges(20)))).toBeUndefined();
    refused(ranges(200), /so many and so small/, "invalid-model");
  });

  test("groups of unknown fields", () => {
    const file = (depth: number) =>
      modelWith((graph) => {
        for (let i = 0; i < depth; i++) graph.tag(99, WireType.StartGroup);
        for (let i = 0; i < depth; i++) graph.tag(99, WireType.EndGroup);
        return graph;
      });
    const message = (depth: number) => errorOf(() => fromOnnx(file(depth)))?.message;
    expect(message(limits.MAX_GROUP_DEPTH)).toMatch("has no outputs");
    expect(message(limits.MAX_GROUP_DEPTH + 1)).toMatch("maximum recursion depth");
    expect(message(100_000)).toMatch("maximum recursion depth");
  });

  test("a part that is longer than what holds it, and an endless varint", () => {
    const long = modelWith((graph) => graph.tag(1, WireType.LengthDelimited).uint32(2 ** 31));
    expect(errorOf(() => fromOnnx(long))?.message).toMatch(/longer than what holds it/);
    const endless = Uint8Array.of(0x3a, ...Array(20).fill(0xff));
    expect(errorOf(() => fromOnnx(endless))?.code).toBe("invalid-model");
  });
});

describe("dimensions with names", () => {
  const powers = (times: number, out: "shape" | "value") => {
    const nodes = [
      node("Shape", ["x"], ["s"]),
      node("Gather", ["s", "zero"], ["v0"]),
      ...Array.from({ length: times }, (_, i) => node("Mul", [`v${i}`, `v${i}`], [`v${i + 1}`])),
      out === "shape"
        ? node("Expand", ["one", `v${times}`], ["y"])
        : node("Cast", [`v${times}`], ["y"], { to: 1 }),
    ];
    return fileOf(
      graph(nodes, {
        initializer: [int64s("zero", 0), floats("one", [1], [1])],
        output: [declared("y", out === "shape" ? ["m"] : [1])],
      }),
    );
  };

  test("products that double grow no faster than the file", () => {
    for (const times of [5, 6, 14, 30, 1000]) {
      for (const out of ["value", "shape"] as const) {
        const error = errorOf(() => apply(powers(times, out)));
        if (error) expect(["invalid-model", "unsupported-operation"]).toContain(error.code);
        expect(error?.message.length ?? 0).toBeLessThan(1000);
      }
    }
  });

  test("a dimension has a limit of names and of letters", () => {
    const names = (n: number) => Array<string>(n).fill("a");
    expect(g.elementCount(names(dimLimits.MAX_DIM_NAMES))).toMatch(/^a(\*a){31}$/);
    expect(() => g.elementCount(names(dimLimits.MAX_DIM_NAMES + 1))).toThrow(
      /has 33 names, at most 32/,
    );
    const long = (n: number) => ["b".repeat(n)];
    expect(g.elementCount(long(dimLimits.MAX_DIM_LETTERS))).toHaveLength(dimLimits.MAX_DIM_LETTERS);
    expect(() => g.elementCount(long(dimLimits.MAX_DIM_LETTERS + 1))).toThrow(/4096 letters/);
  });
});

describe("what ends the process in ONNX Runtime is refused", () => {
  const on = (
    op: string,
    shapes: readonly (readonly number[])[],
    attributes: Attributes & { domain?: string } = {},
    more: NonNullable<Graph["initializer"]> = [],
  ) => {
    const inputs = shapes.map((shape, i) => declared(`x${i}`, shape));
    const names = [...inputs.map((x) => x.name as string), ...more.map((t) => t.name as string)];
    return fileOf(
      {
        node: [node(op, names, ["y"], attributes)],
        input: inputs,
        output: [declared("y", [1])],
        initializer: more,
      },
      18,
    );
  };
  const image = [1, 1, 4, 4];

  test.each<[string, Uint8Array]>([
    ["TopK", on("TopK", [[0, 4]], {}, [int64s("k", 1)])],
    ["Unique", on("Unique", [[4, 0]], { axis: 0 })],
    ["InstanceNormalization", on("InstanceNormalization", [[1, 1, 0, 4], [1], [1]])],
    [
      "RoiAlign",
      on(
        "RoiAlign",
        [
          [1, 1, 4, 0],
          [1, 4],
        ],
        {},
        [int64s("at", 0)],
      ),
    ],
    [
      "GRU",
      on(
        "GRU",
        [
          [4, 0, 3],
          [1, 6, 3],
          [1, 6, 2],
        ],
        { hidden_size: 2 },
      ),
    ],
    [
      "LSTM",
      on(
        "LSTM",
        [
          [4, 0, 3],
          [1, 8, 3],
          [1, 8, 2],
        ],
        { hidden_size: 2 },
      ),
    ],
    ["DFT", on("DFT", [[1, 0, 1]], { axis: 1 })],
    ["ArgMax", on("ArgMax", [[0, 4]])],
    [
      "Conv",
      on("Conv", [
        [1, 0, 4, 4],
        [2, 0, 3, 3],
      ]),
    ],
    ["MaxPool", on("MaxPool", [[1, 1, 0, 4]], { kernel_shape: [2, 2] })],
    [
      "com.microsoft.MultiHeadAttention",
      on("MultiHeadAttention", Array(3).fill([1, 4, 0]), { domain: "com.microsoft", num_heads: 1 }),
    ],
  ])("%s over no elements", (op, bytes) => {
    refused(bytes, `node "y" (${op}): operand 0 has the shape [`);
  });

  test("a slice to nothing, then TopK", () => {
    const nodes = [
      node("Slice", ["x", "end", "end", "one"], ["s"]),
      node("TopK", ["s", "one"], ["y", "i"], { axis: 1 }),
    ];
    const more = {
      input: [declared("x", [2, 4])],
      output: [declared("y", [2, 1])],
      initializer: [int64s("end", 4), int64s("one", 1)],
    };
    refused(fileOf(graph(nodes, more)), /\(TopK\): operand 0 has the shape \[2, 0\]/);
  });

  test.each<[string, string, Uint8Array]>([
    ["group", "0", on("Conv", [image, [2, 1, 3, 3]], { group: 0 })],
    ["strides", "0", on("Conv", [image, [2, 1, 3, 3]], { strides: [0, 1] })],
    ["dilations", "-1", on("ConvTranspose", [image, [1, 1, 3, 3]], { dilations: [-1, 1] })],
    ["kernel_shape", "0", on("LpPool", [image], { kernel_shape: [0, 2] })],
    ["blocksize", "0", on("DepthToSpace", [image], { blocksize: 0 })],
    ["num_groups", "0", on("GroupNormalization", [image, [1], [1]], { num_groups: 0 })],
    ["num_outputs", "0", on("Split", [image], { num_outputs: 0 })],
    ["batch_dims", "-4", on("GatherND", [[3, 3]], { batch_dims: -4 }, [int64s("at", 0)])],
  ])("%s of %s", (name, value, bytes) => {
    refused(bytes, new RegExp(`\\): ${name} must be in \\[\\d, 2147483648\\], got ${value}`));
  });

  const microsoft = { domain: "com.microsoft" };
  const pixels = (shape: readonly number[]) =>
    tensorProto("q", "uint8", shape, new Uint8Array(shape.reduce((a, b) => a * b, 1)));
  const scale = (name: string, shape: readonly number[] = []) =>
    floats(name, shape, Array(shape.reduce((a, b) => a * b, 1)).fill(0.1));

  test("an Attention without bias, and operands of other ranks", () => {
    const attention = (...shapes: number[][]) =>
      on("Attention", shapes, { ...microsoft, num_heads: 2 });
    refused(attention([1, 3, 4], [4, 12]), "(com.microsoft.Attention): operand 2 must be present");
    refused(attention([3, 4], [4, 12], [12]), "operand 0 must have 3 dimensions, got [3, 4]");
    expect(errorOf(() => apply(attention([1, 3, 4], [4, 12], [12])))?.code).not.toBe(
      "unsafe-model",
    );
    const cached = [...Array(5).fill([1, 1, 4]), [1], [1], [8, 2], [16]];
    const grouped = on("GroupQueryAttention", cached, {
      ...microsoft,
      num_heads: 1,
      kv_num_heads: 1,
    });
    refused(grouped, "operand 8 must have 2 dimensions, got [16]");
    const ids = [[1, 2], [1, 2], [9, 4], [9, 4], [2, 4], [4], [4], [1, 2], [2]];
    refused(on("EmbedLayerNormalization", ids, microsoft), "operand 8 must have 2 dimensions");
  });

  test("quantized operations whose scales are lists", () => {
    const quantized = (op: string, ...shapes: number[][]) => {
      const [a, b, c, d] = shapes;
      const operands = [pixels([2, 4]), scale("a", a), { ...pixels(b), name: "b" }];
      operands.push(scale("c", c), { ...pixels(d), name: "d" });
      return on(op, [], microsoft, operands);
    };
    for (const op of ["QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"]) {
      refused(quantized(op, [], [], [2], []), "operand 3 must have one element, got [2]");
      refused(quantized(op, [], [3], [], []), "operand 2 must have one element, got [3]");
      const error = errorOf(() => apply(quantized(op, [], [], [1], [])));
      expect(error?.code).not.toBe("unsafe-model");
    }
  });

  test("a OneHot whose depth is no number, and an axis beyond any tensor", () => {
    const depth = (shape: number[]) => on("OneHot", [[2, 3], shape, [2]]);
    refused(depth([0]), "operand 1 must have one element, got [0]");
    refused(depth([4, 2]), "operand 1 must have one element, got [4, 2]");
    expect(errorOf(() => apply(depth([1])))?.code).not.toBe("unsafe-model");
    const normed = (axis: number) => on("LayerNormalization", [[2, 4], [4]], { axis });
    refused(normed(2 ** 31), "axis must be in [-64, 64], got 2147483648");
    refused(normed(-65), "axis must be in [-64, 64], got -65");
    expect(errorOf(() => apply(normed(-1)))).toBeUndefined();
  });

  test("a GatherND whose operands differ in their batches", () => {
    const gather = (batch: number) =>
      on("GatherND", [[3, 3]], { batch_dims: 1 }, [
        tensorProto("at", "int64", [batch, 1], new BigInt64Array(batch)),
      ]);
    refused(gather(2), "dimension 0 must be the same in both operands, got 3 and 2");
    expect(errorOf(() => apply(gather(3)))?.code).not.toBe("unsafe-model");
  });

  test("the least counts are read", () => {
    for (const bytes of [
      on("Conv", [image, [2, 1, 3, 3]], { group: 1, strides: [1, 1], dilations: [1, 1] }),
      on("LpPool", [image], { kernel_shape: [1, 1] }),
      on("GatherND", [[3, 3]], { batch_dims: 0 }, [int64s("at", 0)]),
      on("TopK", [[1, 4]], {}, [int64s("k", 1)]),
    ]) {
      expect(errorOf(() => apply(bytes))).toBeUndefined();
    }
  });

  const divided = (op: string, by: number) =>
    fileOf({
      node: [node(op, ["x", "by"], ["y"])],
      input: [declared("x", [1], "int64")],
      output: [declared("y", [1], "int64")],
      initializer: [int64s("by", by)],
    });
  test("whole numbers divided by 0 or -1", () => {
    for (const op of ["Div", "Mod"]) {
      refused(divided(op, 0), /integers divided by 0; the divisor must not be 0/);
      refused(divided(op, -1), /integers divided by -1/);
      expect(errorOf(() => apply(divided(op, 2)))).toBeUndefined();
    }
  });

  const huge = 10 ** 12;
  test.each<[string, Uint8Array]>([
    ["ConstantOfShape", on("ConstantOfShape", [], {}, [int64s("s", huge)])],
    [
      "ConstantOfShape of a product",
      on("ConstantOfShape", [], {}, [int64s("s", 2 ** 20, 2 ** 20)]),
    ],
    ["Expand", on("Expand", [[1]], {}, [int64s("s", huge)])],
    ["Tile", on("Tile", [[1]], {}, [int64s("s", huge)])],
    ["Pad", on("Pad", [[1]], {}, [int64s("s", 0, huge)])],
    ["Resize", on("Resize", [[1]], {}, [int64s("a", 0), int64s("b", 0), int64s("s", huge)])],
    ["HannWindow", on("HannWindow", [], {}, [int64s("s", huge)])],
    ["Multinomial", on("Multinomial", [[1, 4]], { sample_size: huge })],
  ])("%s of 1e12 elements", (_, bytes) => {
    refused(bytes, /at most 2147483648|, 2147483648\], got 1000000000000/);
  });

  test("a filter bank whose sizes are allowed and whose product is not", () => {
    const bank = (bins: number, length: number) =>
      on("MelWeightMatrix", [], {}, [int64s("bins", bins), int64s("length", length)]);
    refused(bank(10 ** 9, 10), /its sizes make 10000000000 elements; a tensor has at most/);
    expect(errorOf(() => apply(bank(8, 16)))).toBeUndefined();
  });

  test("a tensor of the most elements is read", () => {
    const of = (n: number) => on("Expand", [[1]], {}, [int64s("s", n)]);
    expect(errorOf(() => apply(of(limits.MAX_ELEMENTS)))).toBeUndefined();
    refused(of(limits.MAX_ELEMENTS + 1), /2147483648/);
  });
});

test("a Reshape that copies a dimension which its operand lacks is refused", () => {
  const shape = int64s("to", 0, 0, 0);
  const nodes = [node("Reshape", ["x", "to"], ["y"])];
  refused(
    fileOf(graph(nodes, { initializer: [shape] })),
    "size 2 copies a dimension that [n, 4] lacks",
    "invalid-model",
  );
});
