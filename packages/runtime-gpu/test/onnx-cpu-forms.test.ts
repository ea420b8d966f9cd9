import * as g from "@gen/graph";
import * as c from "@gen/graph/compiler";
import { evaluate } from "@gen/graph/evaluate";
import ort from "onnxruntime-node";
import { afterAll, describe, expect, test } from "vitest";
import { blockedConvolutions, channelBlock } from "../src/onnx/passes/blocked-convolutions.ts";
import { cpuRewrites, wasmRewrites } from "../src/onnx/passes/cpu-rewrites.ts";
import { rowForms } from "../src/onnx/passes/row-forms.ts";
import { splitConcatConvolutions } from "../src/onnx/passes/split-concat-convolutions.ts";
import { subpixelConvolutions } from "../src/onnx/passes/subpixel-convolutions.ts";
import { volumeGradients } from "../src/onnx/passes/volume-gradients.ts";
import { onnxBackend } from "../src/onnx.ts";
import { weightGradientsByRows } from "../src/weight-gradients.ts";

const wave = (shape: readonly number[], phase: number): g.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return g.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + phase))),
    shape,
  );
};

const native = await onnxBackend({ provider: "cpu" });
const wasm = await onnxBackend({ provider: "wasm" });
afterAll(() => Promise.all([native.close(), wasm.close()]));

/** Runs `f` on inputs of these shapes on ONNX Runtime and in float64, and compares. */
async function agrees(
  shapes: Record<string, readonly number[]>,
  f: (inputs: Record<string, g.Expr>) => Record<string, g.Expr>,
  tolerance = 1e-5,
  backend = native,
): Promise<void> {
  const signature = Object.fromEntries(Object.entries(shapes).map(([n, shape]) => [n, { shape }]));
  const graph = g.trace(f, signature);
  const values = Object.fromEntries(
    Object.entries(shapes).map(([n, shape], i) => [n, wave(shape, i)]),
  );
  const exact = evaluate(graph, values);
  const program = await backend.compile(graph);
  const uploads = Object.fromEntries(
    Object.entries(values).map(([n, { data, shape }]) => [
      n,
      backend.upload(data as Float32Array, shape),
    ]),
  );
  const made = await program.run(uploads);
  for (const [name, want] of Object.entries(exact)) {
    const got = await backend.download(made[name]);
    const expected = Array.from(g.tensorNumbers(want));
    const scale = Math.max(1, ...expected.map(Math.abs));
    const worst = Math.max(...expected.map((v, i) => Math.abs(got[i] - v)));
    expect(worst / scale, name).toBeLessThanOrEqual(tolerance);
  }
  backend.dispose(...Object.values(uploads), ...Object.values(made));
  await program.dispose();
}

/** The float64 evaluation of what `change` makes of a graph against that of the graph itself. */
const keeps = (
  change: (graph: g.Graph) => g.Graph,
  shapes: Record<string, readonly number[]>,
  f: (inputs: Record<string, g.Expr>) => Record<string, g.Expr>,
): g.Graph => {
  const signature = Object.entries(shapes).map(([n, shape]) => [n, { shape }]);
  const graph = g.trace(f, Object.fromEntries(signature));
  const changed = change(graph);
  const values = Object.fromEntries(
    Object.entries(shapes).map(([n, shape], i) => [n, wave(shape, i)]),
  );
  const [want, got] = [evaluate(graph, values), evaluate(changed, values)];
  for (const name of Object.keys(want)) {
    expect(got[name].shape).toEqual(want[name].shape);
    const numbers = g.tensorNumbers(want[name]);
    const apart = Array.from(g.tensorNumbers(got[name]), (v, i) => Math.abs(v - numbers[i]));
    expect(Math.max(...apart), name).toBeLessThan(1e-12);
  }
  return changed;
};

const block = await channelBlock(ort as never, { executionProviders: ["cpu"] });
const convolutions = ({ nodes }: g.Graph) => nodes.filter(({ op }) => op === "Conv");
const operations = ({ nodes }: g.Graph) => new Set(nodes.map(({ op }) => op));

describe("convolutions with changing weights", () => {
  const shapes = { x: [2, 32, 9, 7], w: [64, 32, 3, 3], b: [64], other: [64, 32, 3, 3] };
  const layer = ({ x, w, b, other }: Record<string, g.Expr>) => {
    const biased = (of: g.Expr) => g.add(of, g.reshape(b, [1, 64, 1, 1]));
    const once = g.conv2d(x, w, { pads: [1, 1, 1, 1] });
    return {
      biased: biased(g.conv2d(x, other, { pads: [1, 1, 1, 1] })),
      // Both the convolution and its sum with the bias are wanted.
      once,
      twice: biased(once),
      strided: biased(g.conv2d(x, w, { stride: 2, pads: [1, 0, 2, 1] })),
    };
  };
  test.skipIf(block === 0)("go into blocks and keep their values", async () => {
    const graph = g.trace(
      layer,
      Object.fromEntries(Object.entries(shapes).map(([n, shape]) => [n, { shape }])),
    );
    const blocked = operations(await blockedConvolutions(graph, async () => block));
    expect(blocked).toContain("com.microsoft.nchwc.Conv");
    expect(blocked).not.toContain("Conv");
    await agrees(shapes, layer);
  });
  test("are kept if their channels are not a whole number of blocks", async () => {
    const thin = (i: Record<string, g.Expr>) => ({ y: g.conv2d(i.x, i.w, { pads: [1, 1, 1, 1] }) });
    const graph = g.trace(thin, { x: { shape: [1, 12, 5, 5] }, w: { shape: [12, 12, 3, 3] } });
    expect(operations(await blockedConvolutions(graph, async () => 16))).toContain("Conv");
    await agrees({ x: [1, 12, 5, 5], w: [12, 12, 3, 3] }, thin);
  });
  test("have the gradients of the float64 evaluation", async () => {
    await agrees(shapes, ({ x, w, b, other }) => {
      const hidden = g.silu(g.conv2d(x, w, { stride: 2, pads: [1, 1, 1, 1] }));
      const back = g.conv2d(g.upsampleNearest(hidden), g.reshape(other, [32, 64, 3, 3]), {
        pads: [1, 1, 1, 1],
      });
      const loss = g.mean(g.square(g.add(back, g.slice(g.reshape(b, [1, 64, 1, 1]), 1, 0, 32))));
      const [dw, dother, db] = g.gradients(loss, [w, other, b]);
      return { loss, dw, dother, db };
    });
  });
});

describe("the graph for ONNX Runtime's CPU provider", () => {
  const image = { x: [2, 8, 6, 5], s: [8], b: [8] };
  const normal = ({ x, s, b }: Record<string, g.Expr>) => g.groupNormalization(x, s, b, 2);
  test("normalizes groups as rows, and from their statistics in a training graph", async () => {
    const seen = (f: (i: Record<string, g.Expr>) => Record<string, g.Expr>) => {
      const signature = Object.entries(image).map(([n, shape]) => [n, { shape }]);
      return operations(cpuRewrites(g.trace(f, Object.fromEntries(signature)), true));
    };
    const forward = (i: Record<string, g.Expr>) => ({ y: normal(i) });
    const learning = (i: Record<string, g.Expr>) => {
      const y = normal(i);
      const [dx, ds, db] = g.gradients(g.sum(g.pow(y, 3)), [i.x, i.s, i.b]);
      return { y, dx, ds, db };
    };
    expect(seen(forward)).toContain("LayerNormalization");
    expect(seen(forward)).toContain("BatchNormalization");
    expect(seen(learning)).not.toContain("LayerNormalization");
    expect(seen(learning)).not.toContain("GroupNormalization");
    await agrees(image, forward);
    await agrees({ ...image, x: [2, 8, 64, 64] }, forward);
    await agrees(image, learning);
  });
  test("normalizes values plus a time embedding without their sum in a training graph", async () => {
    const shapes = { ...image, e: [2, 8, 1, 1] };
    const learning = (i: Record<string, g.Expr>) => {
      const y = normal({ ...i, x: g.add(i.x, i.e) });
      const [dx, de, ds, db] = g.gradients(g.sum(g.pow(y, 3)), [i.x, i.e, i.s, i.b]);
      return { y, dx, de, ds, db };
    };
    const signature = Object.entries(shapes).map(([n, shape]) => [n, { shape }]);
    const { nodes } = cpuRewrites(g.trace(learning, Object.fromEntries(signature)), true);
    expect(nodes.filter(({ op, shape }) => op === "Add" && shape.length === 4)).toEqual([]);
    await agrees(shapes, learning);
    await agrees(shapes, learning, 1e-5, wasm);
  });
  test("sums pixels before images", async () => {
    const sums = ({ x }: Record<string, g.Expr>) => ({
      kept: g.sum(x, [0, 2, 3], true),
      dropped: g.sum(x, [0, 2, 3]),
      pixels: g.sum(x, [2, 3]),
    });
    const { outputs } = keeps((graph) => cpuRewrites(graph, true), { x: image.x }, sums);
    const from = Object.values(outputs).map(({ inputs }) => inputs[0].op);
    expect(from).toEqual(["ReduceSum", "ReduceSum", "Input"]);
    await agrees({ x: image.x }, sums);
  });
  test("computes sums of products and affine functions of rows in one operation", async () => {
    const rows = (i: Record<string, g.Expr>) => ({
      sum: g.sum(g.mul(i.x, i.y), [2]),
      mean: g.mean(g.square(i.x), [2], true),
      each: g.add(g.mul(i.x, i.a), i.a),
      shared: g.add(g.mul(i.x, i.a), i.b),
    });
    const fused = (batch: number, values: number) => {
      const x = [batch, 4, values];
      const shapes = { x, y: x, a: [batch, 4, 1], b: [4, 1] };
      const signature = Object.entries(shapes).map(([n, shape]) => [n, { shape }]);
      const { outputs } = rowForms(g.trace(rows, Object.fromEntries(signature)));
      return { shapes, ops: Object.values(outputs).map((e) => e.inputs[0].op) };
    };
    const long = fused(3, 600);
    expect(long.ops).toEqual(["MatMul", "Reshape", "ConvNd", "ConvNd"]);
    await agrees(long.shapes, rows);
    const short = fused(3, 40);
    expect(short.ops.slice(2)).toEqual(["BatchNormalization", "BatchNormalization"]);
    expect(short.ops.slice(0, 2)).toEqual(["Mul", "Mul"]);
    await agrees(short.shapes, rows);
    // Passes over many short rows are shared among threads.
    expect(fused(2 ** 10, 400).ops).toEqual(["Mul", "Mul", "Mul", "Mul"]);
  });
  test("keeps other sums and other sums of products", () => {
    const x = { shape: ["batch", 4, 600] };
    const shape = [2, 4, 600];
    const others = (i: Record<string, g.Expr>) => {
      const wanted = g.mul(i.x, i.y);
      return {
        open: g.sum(g.square(i.open), [2]),
        axis: g.sum(g.square(i.x), [1]),
        broadcast: g.sum(g.mul(i.x, i.a), [2]),
        twice: g.add(g.sum(wanted, [2], true), wanted),
        columns: g.add(g.mul(i.x, i.row), i.a),
      };
    };
    const signature = {
      x: { shape },
      y: { shape },
      a: { shape: [2, 4, 1] },
      row: { shape: [600] },
    };
    const graph = g.trace(others, { ...signature, open: x });
    expect(operations(rowForms(graph))).toEqual(operations(graph));
  });
  test("computes large sigmoids and normalizations in parts in WebAssembly", async () => {
    const parts = (i: Record<string, g.Expr>) => ({
      y: g.silu(g.groupNormalization(i.x, i.s, i.b, 2)),
      sigmoid: g.sigmoid(g.mul(i.x, 100)),
    });
    const of = (side: number, native: boolean) => {
      const signature = { x: { shape: [1, 8, side, side] }, s: { shape: [8] }, b: { shape: [8] } };
      return cpuRewrites(g.trace(parts, signature), native);
    };
    const changed = ["Sigmoid", "GroupNormalization"];
    for (const op of changed) {
      expect(operations(of(64, false))).not.toContain(op);
      expect(operations(of(8, false))).toContain(op);
    }
    expect(operations(of(64, true))).toContain("Sigmoid");
    // The float64 evaluation of the changed graph is that of the graph itself.
    const values = { x: wave([1, 8, 64, 64], 0), s: wave([8], 1), b: wave([8], 2) };
    const signature = Object.entries(values).map(([n, { shape }]) => [n, { shape }]);
    const exact = evaluate(g.trace(parts, Object.fromEntries(signature)), values);
    const got = evaluate(of(64, false), values);
    for (const name of ["y", "sigmoid"]) {
      const want = g.tensorNumbers(exact[name]);
      expect(
        Math.max(...Array.from(g.tensorNumbers(got[name]), (v, i) => Math.abs(v - want[i]))),
      ).toBeLessThan(1e-12);
    }
  });
  test("takes a slice of a padded tensor in one operation", async () => {
    const shifted = ({ x }: Record<string, g.Expr>) => ({
      left: g.slice(g.pad(x, [0, 0], [0, 2]), 1, 2, 7),
      right: g.slice(g.pad(x, [0, 3], [0, 0]), 1, 0, 5),
      inside: g.slice(g.pad(x, [2, 1], [1, 2]), 1, 2, 4),
      // Nothing of the tensor is left in this one.
      zeros: g.slice(g.pad(x, [0, 4], [0, 0]), 1, 0, 3),
      every: g.slice(g.pad(x, [0, 1], [0, 1]), 1, 0, 7, 2),
    });
    const tuned = cpuRewrites(g.trace(shifted, { x: { shape: [3, 5] } }), true);
    expect(tuned.outputs.left.op).toBe("Pad");
    expect(tuned.outputs.every.op).toBe("Slice");
    await agrees({ x: [3, 5] }, shifted);
  });
});

describe("gradients of convolutions' weights", () => {
  const cases: [string, number[], number[], g.ConvOptions][] = [
    ["of whole blocks", [3, 32, 6, 5], [48, 32, 3, 3], { pads: [1, 1, 1, 1] }],
    ["with less results", [3, 64, 5, 6], [32, 64, 3, 3], { pads: [1, 0, 2, 1] }],
    ["of one channel", [3, 1, 6, 5], [32, 1, 3, 2], { pads: [1, 1, 0, 1] }],
    ["to one channel", [3, 32, 6, 5], [1, 32, 3, 3], { pads: [1, 1, 1, 1] }],
    ["of no whole blocks", [3, 12, 6, 5], [6, 12, 2, 3], {}],
    ["of one pixel", [3, 32, 6, 5], [32, 32, 1, 1], {}],
    ["of one padded pixel", [3, 32, 3, 2], [16, 32, 1, 1], { pads: [1, 2, 0, 1] }],
    ["with a stride", [3, 32, 7, 6], [32, 32, 3, 3], { stride: 2, pads: [1, 1, 1, 1] }],
    ["that skip pixels", [3, 32, 8, 9], [16, 32, 2, 3], { stride: 3, pads: [0, 1, 0, 0] }],
    ["with a dilation", [3, 32, 8, 7], [16, 32, 2, 3], { dilation: 2, pads: [2, 0, 1, 2] }],
    ["in groups", [3, 32, 6, 5], [32, 16, 3, 3], { groups: 2, pads: [1, 1, 1, 1] }],
    [
      "in groups with a stride",
      [3, 4, 7, 6],
      [4, 1, 3, 3],
      { groups: 4, stride: 2, pads: [1, 1, 1, 1] },
    ],
  ];
  const gradient = (options: g.ConvOptions) => (i: Record<string, g.Expr>) => ({
    d: g.gradients(g.sum(g.sin(g.conv2d(i.x, i.w, options))), [i.w])[0],
  });
  test.each(cases)("%s keep their values in other forms", async (_, x, w, options) => {
    const f = gradient(options);
    const byRows = keeps(weightGradientsByRows, { x, w }, f);
    // The convolution itself is left.
    expect(convolutions(byRows)).toHaveLength(1);
    const graph = g.trace(f, { x: { shape: x }, w: { shape: w } });
    const volumes = await volumeGradients(graph, async () => block);
    const volume = (options.groups ?? 1) * (options.dilation ?? 1) === 1 && w[2] * w[3] > 1;
    expect(convolutions(volumes)).toHaveLength(1);
    expect(operations(volumes).has("ConvNd")).toBe(volume);
    expect(operations(volumes).has("com.microsoft.nchwc.ReorderInput")).toBe(
      volume && block > 1 && Math.min(x[1], w[0]) % block === 0,
    );
    await agrees({ x, w }, f);
    await agrees({ x, w }, f, 1e-5, wasm);
  });
  test.each([
    ["of small images are taken at once", 8, 1],
    ["of larger images are taken sample by sample", 28, 3],
    ["of images whose patches take much memory are taken at once", 200, 1],
  ])("%s", async (_, side, group) => {
    const signature = { x: { shape: [3, 16, side, side] }, w: { shape: [32, 16, 3, 3] } };
    const graph = g.trace(gradient({ pads: [1, 1, 1, 1] }), signature);
    const volumes = await volumeGradients(graph, async () => 16);
    const found = volumes.nodes.flatMap((e) => (e.op === "ConvNd" ? [e.attributes.group] : []));
    expect(found).toEqual([group]);
  });
  test("of named batch sizes keep their values", async () => {
    const f = gradient({ pads: [1, 1, 1, 1] });
    const signature = { x: { shape: ["batch", 32, 6, 5] }, w: { shape: [32, 32, 3, 3] } };
    const rewritten = await volumeGradients(g.trace(f, signature), async () => 16);
    expect(operations(rewritten)).not.toContain("ConvNd");
    const values = { x: wave([3, 32, 6, 5], 0), w: wave([32, 32, 3, 3], 1) };
    const [want, got] = [g.trace(f, signature), rewritten].map((graph) =>
      g.tensorNumbers(evaluate(graph, values).d),
    );
    const apart = Array.from(got, (v, i) => Math.abs(v - want[i]));
    expect(Math.max(...apart)).toBeLessThan(1e-12);
  });
});

describe("convolutions of upsampled images", () => {
  const layer = (kernel: number, scale: number, channels: number, options: g.ConvOptions = {}) => {
    const around = (kernel - 1) / 2;
    const pads = [around, around, around, around] as const;
    const weight = g.constant(wave([8, channels, kernel, kernel], 5));
    const bias = g.constant(wave([1, 8, 1, 1], 6));
    return ({ x }: Record<string, g.Expr>) => {
      const conv = g.conv2d(g.upsampleNearest(x, scale), weight, { pads, ...options });
      return { biased: g.relu(g.add(conv, bias)) };
    };
  };
  test.each([
    [3, 2, [2, 16, 33, 32]],
    [3, 2, [1, 20, 32, 40]],
    [5, 2, [1, 24, 40, 28]],
    [3, 3, [1, 48, 24, 24]],
    [7, 4, [1, 60, 17, 18]],
  ])(
    "with a kernel of %i at a scale of %i are several of the image %j itself",
    async (kernel, scale, x) => {
      const f = layer(kernel, scale, x[1]);
      const made = convolutions(keeps(subpixelConvolutions, { x }, f));
      expect(made).toHaveLength(scale ** 2);
      expect(made.every(({ inputs: [image] }) => c.isInput(image))).toBe(true);
      const sizes = made.map(({ inputs: [, weight] }) =>
        Math.max(...(weight.shape.slice(2) as number[])),
      );
      expect(Math.max(...sizes)).toBeLessThan(kernel);
      await agrees({ x }, f);
      await agrees({ x }, f, 1e-5, wasm);
    },
  );
  test("with and without its bias as outputs gives both", () => {
    const weight = g.constant(wave([8, 16, 3, 3], 5));
    const both = ({ x }: Record<string, g.Expr>) => {
      const y = g.conv2d(g.upsampleNearest(x), weight, { pads: [1, 1, 1, 1] });
      return { y, biased: g.add(y, g.constant(wave([1, 8, 1, 1], 6))) };
    };
    expect(convolutions(keeps(subpixelConvolutions, { x: [2, 16, 32, 33] }, both))).toHaveLength(4);
  });
  test("are kept if they are small, have other strides or pads, or if division costs more", () => {
    const x = [2, 16, 32, 32];
    for (const [shape, f] of [
      [[1, 16, 8, 8], layer(3, 2, 16)],
      [x, layer(1, 2, 16)],
      [x, layer(3, 2, 16, { stride: 2 })],
      [x, layer(3, 2, 16, { pads: [0, 1, 2, 1] })],
      [x, layer(3, 2, 8, { groups: 2 })],
      // One channel: putting the pixels in turn would take more products than it spares.
      [[1, 1, 40, 40], layer(3, 2, 1)],
    ] as const) {
      const [conv, ...others] = convolutions(keeps(subpixelConvolutions, { x: shape }, f));
      expect([conv.inputs[0].op, others]).toEqual(["Resize", []]);
    }
    const learning = ({ x, w }: Record<string, g.Expr>) => ({
      y: g.conv2d(g.upsampleNearest(x), w, { pads: [1, 1, 1, 1] }),
    });
    const w = [8, 16, 3, 3];
    expect(convolutions(keeps(subpixelConvolutions, { x, w }, learning))).toHaveLength(1);
  });
});

describe("convolutions of concatenated channels", () => {
  const weight = (channels: number, kernel: number, phase: number) =>
    g.constant(wave([8, channels, kernel, kernel], phase));
  /** The beginning of a UNet's block on the way up, with three parts of which two are alike. */
  const block = (groups: number) => {
    const [scale, bias] = [g.constant(wave([24], 2)), g.constant(wave([24], 3))];
    return ({ a, b }: Record<string, g.Expr>) => {
      const x = g.concat([a, b, a], 1);
      const h = g.silu(g.groupNormalization(x, scale, bias, groups));
      const main = g.conv2d(h, weight(24, 3, 4), { pads: [1, 0, 1, 2], stride: 2 });
      return {
        main: g.add(main, g.constant(wave([1, 8, 1, 1], 6))),
        skip: g.conv2d(x, weight(24, 1, 5)),
      };
    };
  };
  const shapes = { a: [2, 8, 32, 32], b: [2, 8, 32, 32] };
  test("are the sum of the parts' convolutions", async () => {
    const changed = keeps(splitConcatConvolutions, shapes, block(12));
    expect(operations(changed)).not.toContain("Concat");
    expect(convolutions(changed)).toHaveLength(6);
    // The first takes the bias, which the runtime then computes with it.
    const [sum] = changed.outputs.main.inputs;
    expect(sum.inputs[0].op).toBe("Add");
    await agrees(shapes, block(12));
  });
  test("with groups across parts are concatenated before they are normalized", async () => {
    const changed = keeps(splitConcatConvolutions, shapes, block(2));
    const joined = changed.nodes.filter(({ op }) => op === "Concat");
    expect(joined).toHaveLength(1);
    // The skip has its parts all the same.
    expect(convolutions(changed)).toHaveLength(4);
    await agrees(shapes, block(2));
  });
  test("are kept if they are small, grouped or have changing weights", () => {
    const small = { a: [1, 8, 8, 8], b: [1, 8, 8, 8] };
    expect(convolutions(keeps(splitConcatConvolutions, small, block(12)))).toHaveLength(2);
    const grouped = ({ a, b }: Record<string, g.Expr>) => ({
      y: g.conv2d(g.concat([a, b], 1), weight(8, 3, 4), { groups: 2 }),
    });
    expect(convolutions(keeps(splitConcatConvolutions, shapes, grouped))).toHaveLength(1);
    const learning = ({ a, b, w, s }: Record<string, g.Expr>) => ({
      y: g.conv2d(g.groupNormalization(g.concat([a, b], 1), s, s, 4), w),
    });
    const all = { ...shapes, w: [8, 16, 3, 3], s: [16] };
    const kept = keeps(splitConcatConvolutions, all, learning);
    expect([convolutions(kept).length, operations(kept).has("Concat")]).toEqual([1, true]);
  });
});

describe("the graph for WebAssembly", () => {
  test.each([
    [[3, 4, 3, 3], [24, 4, 3, 3], { pads: [1, 1, 1, 1] }],
    [[3, 4, 6, 5], [24, 4, 3, 3], { stride: 2, pads: [1, 0, 2, 1] }],
    [[2, 2, 5, 4], [30, 2, 2, 3], { stride: 3, pads: [0, 1, 2, 0] }],
    [[4, 3, 2, 6], [20, 3, 2, 1], {}],
    [[2, 1, 7, 1], [9, 1, 5, 1], { stride: 2, pads: [3, 0, 0, 0] }],
  ] as const)("stacks the small images %j of a batch for kernels %j, %j", (x, w, options) => {
    const layer = (i: Record<string, g.Expr>) => ({ y: g.conv2d(i.x, i.w, options) });
    const [conv, ...others] = convolutions(keeps(wasmRewrites, { x, w }, layer));
    expect([conv.shape[0], others.length]).toEqual([1, 0]);
  });
  test("keeps other convolutions", () => {
    const pads = { pads: [1, 1, 1, 1] } as const;
    for (const [x, w, options] of [
      [[1, 4, 3, 3], [24, 4, 3, 3], pads],
      [[3, 4, 6, 6], [24, 4, 3, 3], pads],
      [[3, 4, 3, 3], [24, 4, 1, 1], {}],
      [[3, 4, 3, 3], [24, 2, 3, 3], { ...pads, groups: 2 }],
    ] as const) {
      const layer = (i: Record<string, g.Expr>) => ({ y: g.conv2d(i.x, i.w, options) });
      const [conv] = convolutions(keeps(wasmRewrites, { x, w }, layer));
      expect(conv.shape[0]).toBe(x[0]);
    }
    const w = { shape: [24, 4, 3, 3] };
    const open = g.trace((i) => ({ y: g.conv2d(i.x, i.w, pads) }), {
      x: { shape: ["batch", 4, 3, 3] },
      w,
    });
    expect(wasmRewrites(open).outputs.y.op).toBe("Conv");
  });
  test("computes only the means of long rows as pools", () => {
    const means = (i: Record<string, g.Expr>) => ({
      rows: g.mean(i.x, [2], true),
      flat: g.mean(i.x, [2]),
      other: g.mean(i.x, [1], true),
      short: g.mean(i.small, [2], true),
    });
    const signature = { x: { shape: [2, 4, 1024] }, small: { shape: [2, 4, 8] } };
    const { outputs } = wasmRewrites(g.trace(means, signature));
    const ops = Object.entries(outputs).map(([name, { op }]) => [name, op]);
    expect(Object.fromEntries(ops)).toEqual({
      rows: "GlobalAveragePool",
      flat: "ReduceMean",
      other: "ReduceMean",
      short: "ReduceMean",
    });
  });

  const block = (i: Record<string, g.Expr>) => {
    const normal = (x: g.Expr) => g.silu(g.groupNormalization(x, i.s, i.b, 2));
    const shifted = g.add(i.x, i.e);
    return {
      plain: normal(i.x),
      shifted: normal(g.add(i.x, i.e)),
      alike: normal(g.add(i.x, g.slice(i.e, 0, 0, 1))),
      // What is normalized, and what is activated, are wanted themselves as well.
      kept: g.add(normal(shifted), shifted),
      twice: g.add(normal(i.x), g.groupNormalization(i.x, i.s, i.b, 2)),
    };
  };
  const shapes = { x: [2, 8, 64, 64], e: [2, 8, 1, 1], s: [8], b: [8] };
  test("normalizes values plus a time embedding in one pass, and halves the activation's input", () => {
    const tuned = keeps((graph) => cpuRewrites(graph, false), shapes, block);
    const large = (op: string) =>
      tuned.nodes.filter((node) => node.op === op && Number(g.elementCount(node.shape)) >= 2 ** 15);
    expect([large("Sigmoid"), large("GroupNormalization")]).toEqual([[], []]);
    expect(large("Tanh")).toHaveLength(5);
  });
  test("has the values of the float64 evaluation in WebAssembly", async () => {
    await agrees(shapes, block, 1e-5, wasm);
    await agrees(
      { x: [3, 4, 3, 3], w: [24, 4, 3, 3] },
      ({ x, w }) => ({ y: g.conv2d(x, w, { pads: [1, 1, 1, 1] }) }),
      1e-5,
      wasm,
    );
    // A level a thousand times the spread: the squares are of what is left without it.
    const high = ({ x, s, b }: Record<string, g.Expr>) => ({
      y: g.groupNormalization(g.add(x, 1000), s, b, 2),
    });
    await agrees({ x: [2, 8, 64, 64], s: [8], b: [8] }, high, 1e-3, wasm);
  });
});
