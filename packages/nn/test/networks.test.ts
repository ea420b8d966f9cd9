import { input, type Tensor, tensor, tensorNumbers } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import {
  convDecoder,
  convEncoder,
  dit,
  mlp,
  type Network,
  networkGraph,
  unet,
  weightsOf,
  withWeights,
} from "@gen/nn";
import { describe, expect, test } from "vitest";
import { changed, sampleInputs, wakened } from "./sample-inputs.ts";

const size = ({ parameters }: Network) =>
  parameters.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);

function run(network: Network, batch: number, change: Record<string, Tensor> = {}): Tensor {
  const inputs = Object.entries(network.signature).map(([name, { shape, dtype }]) => {
    const full = shape.map((d) => (d === "batch" ? batch : (d as number)));
    const count = full.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: count }, (_, i) =>
      dtype === "int64" ? i % 3 : Math.sin(i * 0.7),
    );
    return [name, tensor(values, full, dtype)] as const;
  });
  return evaluate(networkGraph(network), { ...Object.fromEntries(inputs), ...change }).output;
}

describe("mlp", () => {
  test("has the expected number, shapes and names of parameters", () => {
    const net = mlp({ inputs: 2, hidden: [16, 8], outputs: 3 });
    expect(size(net)).toBe(2 * 16 + 16 + 16 * 8 + 8 + 8 * 3 + 3);
    expect(net.parameters.map((p) => p.name)).toContain("layers.2.bias");
    expect(run(net, 5).shape).toEqual([5, 3]);
  });

  test("computes its formula", () => {
    const net = mlp({ inputs: 2, hidden: [3], outputs: 1, activation: "tanh", seed: 5 });
    const [w1, b1, w2, b2] = [
      "layers.0.weight",
      "layers.0.bias",
      "layers.1.weight",
      "layers.1.bias",
    ].map((name) => tensorNumbers(weightsOf(net)[name]));
    const x = [0.5, -1.25];
    let want = b2[0];
    for (let j = 0; j < 3; j++) {
      want += w2[j] * Math.tanh(b1[j] + w1[2 * j] * x[0] + w1[2 * j + 1] * x[1]);
    }
    const got = run(net, 1, { x: tensor(x, [1, 2]) });
    expect(tensorNumbers(got)[0]).toBeCloseTo(want, 6);
  });

  test("depends on time and class as a denoiser", () => {
    const net = mlp({ inputs: 2, hidden: [16], time: true, classes: 3, seed: 1 });
    expect(Object.keys(net.signature)).toEqual(["x", "t", "condition"]);
    const at = (t: number, condition: number) =>
      Array.from(
        tensorNumbers(
          run(net, 1, {
            t: tensor([t], [1], "int64"),
            condition: tensor([condition], [1], "int64"),
          }),
        ),
      );
    expect(at(5, 0)).not.toEqual(at(6, 0));
    expect(at(5, 0)).not.toEqual(at(5, 3));
    expect(at(5, 0)).toHaveLength(2);
  });

  test("refuses an unknown activation", () => {
    expect(() => mlp({ inputs: 2, hidden: [4], activation: "swish" as "silu" })).toThrow(
      /activation must be one of gelu, .*, got swish/,
    );
  });
});

/** The largest difference of two results. */
const farthest = (a: Tensor, b: Tensor) =>
  Math.max(...Array.from(tensorNumbers(a), (v, i) => Math.abs(v - tensorNumbers(b)[i])));

describe("encoder and decoder", () => {
  for (const map of [false, true]) {
    for (const [side, channels, small] of [
      [28, [4, 8], 7],
      [8, [4, 6], 2],
    ] as const) {
      test(`${side}x${side}, ${map ? "map" : "vector"}`, () => {
        const encoder = convEncoder({ size: side, channels, outputs: 6, map });
        const decoder = convDecoder({
          size: side,
          inputs: 3,
          channels: [...channels].reverse(),
          map,
        });
        expect(run(encoder, 2).shape).toEqual(map ? [2, 6, small, small] : [2, 6]);
        expect(run(decoder, 2).shape).toEqual([2, 1, side, side]);
      });
    }
  }
  test("take images that are not square", () => {
    const shared = { size: [8, 12], map: true } as const;
    const encoder = convEncoder({ ...shared, channels: [4, 6], outputs: 6 });
    const decoder = convDecoder({ ...shared, inputs: 3, channels: [6, 4] });
    expect(run(encoder, 2).shape).toEqual([2, 6, 2, 3]);
    expect(run(decoder, 2).shape).toEqual([2, 1, 8, 12]);
    const flat = { size: [8, 12], channels: [4, 6] } as const;
    expect(run(convEncoder({ ...flat, outputs: 6 }), 2).shape).toEqual([2, 6]);
    expect(run(convDecoder({ ...flat, inputs: 3 }), 2).shape).toEqual([2, 1, 8, 12]);
  });

  test("with classes are those that take a one-hot class beside z or the image", () => {
    const [classes, latent, labels] = [4, 3, [2, 4]];
    const row = (of: number, data: ArrayLike<number>, wide: number) =>
      Array.from(data).slice(of * wide, (of + 1) * wide);
    const condition = tensor(labels, [2], "int64");
    const options = { size: 8, channels: [6, 4], seed: 2 };
    const told = convDecoder({ ...options, inputs: latent, classes });
    const { "classes.weight": shifts, "stem.weight": stem, ...weights } = weightsOf(told);
    expect(shifts.shape).toEqual([classes + 1, 6 * 2 * 2]);
    // A stem that takes z and the one-hot class, whose columns are the shifts.
    const columns = Array.from({ length: 24 }, (_, i) => [
      ...row(i, tensorNumbers(stem), latent),
      ...Array.from({ length: classes + 1 }, (_, c) => tensorNumbers(shifts)[c * 24 + i]),
    ]);
    const joint = convDecoder({ ...options, inputs: latent + classes + 1 });
    const stems = { "stem.weight": tensor(columns.flat(), [24, latent + classes + 1]) };
    const same = withWeights(joint, { ...weights, ...stems });
    const z = [0.3, -1, 2, 0.5, 0.1, -0.7];
    const hot = labels.map((label, i) => [
      ...row(i, z, latent),
      ...Array.from({ length: classes + 1 }, (_, c) => Number(c === label)),
    ]);
    const wanted = run(same, 2, { z: tensor(hot.flat(), [2, latent + classes + 1]) });
    const got = run(told, 2, { z: tensor(z, [2, latent]), condition });
    const other = run(told, 2, {
      z: tensor(z, [2, latent]),
      condition: tensor([1, 0], [2], "int64"),
    });
    for (const [i, v] of Array.from(tensorNumbers(wanted)).entries())
      expect(tensorNumbers(got)[i]).toBeCloseTo(v, 6);
    expect(farthest(got, other)).toBeGreaterThan(1e-4);
    const encoder = convEncoder({ ...options, outputs: 6, classes });
    expect(Object.keys(encoder.signature)).toEqual(["x", "condition"]);
    expect(weightsOf(encoder)["classes.weight"].shape).toEqual([classes + 1, 6]);
    const [a, b] = [
      [1, 2],
      [2, 1],
    ].map((l) => run(encoder, 2, { condition: tensor(l, [2], "int64") }));
    expect(farthest(a, b)).toBeGreaterThan(1e-4);
    expect(() => convEncoder({ ...options, outputs: 6, classes: 0 })).toThrow(/classes must be/);
  });

  test("refuse sizes that cannot be halved", () => {
    const options = { size: 28, channels: [4, 8, 8], outputs: 2 };
    expect(() => convEncoder(options)).toThrow(
      /size must be divisible by 8 for 3 halvings, got 28/,
    );
    expect(() => convDecoder({ ...options, inputs: 2 })).toThrow(/divisible by 8/);
    expect(() => convEncoder({ ...options, size: [8, 12] })).toThrow(/divisible by 8/);
    expect(() => convEncoder({ ...options, size: [8, 8, 8] as never })).toThrow(/size must be/);
  });
});

describe("unet", () => {
  const small = { size: 8, channels: 8, multipliers: [1, 2, 2], attention: [4], inChannels: 2 };

  test("keeps the shape, starts at zero and uses every weight", () => {
    const net = unet({ ...small, outChannels: 3, blocks: 2, classes: 4 });
    const out = run(net, 2);
    expect(out.shape).toEqual([2, 3, 8, 8]);
    expect(Array.from(tensorNumbers(out)).every((v) => v === 0)).toBe(true);
    const names = net.parameters.map((p) => p.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of [
      "in.weight",
      "down.1.1.attention.qkv.weight",
      "mid.attention.norm.bias",
      "up.0.2.skip.weight",
      "classes.weight",
      "time.1.bias",
    ]) {
      expect(names).toContain(name);
    }
    expect(names).not.toContain("down.0.0.attention.qkv.weight");
  });

  test("takes 28x28 down to 7x7 and refuses another level", () => {
    expect(run(unet({ size: 28, channels: 4, multipliers: [1, 1, 1] }), 1).shape).toEqual([
      1, 1, 28, 28,
    ]);
    expect(() => unet({ size: 28, multipliers: [1, 1, 1, 1] })).toThrow(/divisible by 8 .* got 28/);
  });

  test("an image that is not square has the weights of a square one", () => {
    const options = { channels: 8, multipliers: [1, 2, 2], attention: [4], seed: 3 };
    const net = unet({ ...options, size: [8, 12] });
    expect(weightsOf(net)).toEqual(weightsOf(unet({ ...options, size: 8 })));
    expect(run(net, 2).shape).toEqual([2, 1, 8, 12]);
    expect(() => unet({ ...options, size: [8, 6] })).toThrow(/divisible by 4 for 2 halvings/);
  });

  test("a sample's result does not depend on the rest of its batch", () => {
    const zero = unet({ ...small, inChannels: 1 });
    // The output layer starts at zero, which would hide a difference.
    const net = changed(zero, ({ name, shape, value }) =>
      name.startsWith("out.conv")
        ? tensor(
            Array.from(tensorNumbers(value), (_, i) => Math.cos(i)),
            shape,
          )
        : value,
    );
    const x = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i * i));
    const t = [7, 900];
    const both = run(net, 2, { x: tensor(x, [2, 1, 8, 8]), t: tensor(t, [2], "int64") });
    const second = run(net, 1, {
      x: tensor(x.slice(64), [1, 1, 8, 8]),
      t: tensor([900], [1], "int64"),
    });
    const [a, b] = [Array.from(tensorNumbers(both)).slice(64), Array.from(tensorNumbers(second))];
    expect(Math.max(...b.map(Math.abs))).toBeGreaterThan(0.01);
    for (const [i, v] of b.entries()) expect(v).toBeCloseTo(a[i], 5);
  });
});

describe("unet's conditions and result", () => {
  const small = { size: 4, channels: 4, multipliers: [1] };
  const crossAttention = { features: 6 };

  test("a learned variance doubles the channels; contradicting outChannels are refused", () => {
    expect(run(unet({ ...small, inChannels: 3, learnedVariance: true }), 2).shape).toEqual([
      2, 6, 4, 4,
    ]);
    expect(() => unet({ ...small, learnedVariance: true, outChannels: 3 })).toThrow(
      /outChannels must be 2 with learnedVariance, twice inChannels, got 3/,
    );
  });

  test("cross-attention takes any number of tokens; each token counts, their order does not", () => {
    const net = wakened(unet({ ...small, crossAttention, classes: 2 }));
    expect(Object.keys(net.signature)).toEqual(["x", "t", "condition", "context"]);
    expect(net.signature.context.shape).toEqual(["batch", "tokens", 6]);
    const given = sampleInputs(net.signature, { batch: 1, tokens: 2 });
    const graph = networkGraph(net);
    const [a, b] = [given.context.data.slice(0, 6), given.context.data.slice(6)];
    const under = (...tokens: (typeof a)[]) => {
      const data = tokens.flatMap((one) => Array.from(one as Float32Array));
      const context = tensor(data, [1, tokens.length, 6]);
      return Array.from(tensorNumbers(evaluate(graph, { ...given, context }).output));
    };
    const off = (p: number[], q: number[]) => Math.max(...p.map((v, i) => Math.abs(v - q[i])));
    expect(off(under(a, b), under(b, a))).toBeLessThan(1e-12);
    expect(off(under(a, b), under(a, b, a, b))).toBeLessThan(1e-12);
    for (const other of [under(a), under(b)]) expect(off(under(a, b), other)).toBeGreaterThan(1e-3);
  });

  test("a fixed number of tokens stands in the signature; an error names a missing argument", () => {
    const net = unet({ ...small, crossAttention: { features: 6, tokens: 77 } });
    expect(net.signature.context.shape).toEqual(["batch", 77, 6]);
    const [x, t] = ["x", "t"].map((name) => input(name, net.signature[name]));
    expect(() => net.apply(x, t)).toThrow(/the network needs its argument context, got none/);
  });
});

describe("dit", () => {
  /** Peebles and Xie's blocks, embeddings and head, without the fixed positions. */
  const expected = (o: { c: number; p: number; w: number; d: number; k: number; out: number }) =>
    o.d * (18 * o.w * o.w + 15 * o.w) +
    (o.c * o.p * o.p * o.w + o.w) +
    (256 * o.w + o.w + o.w * o.w + o.w) +
    (o.k + 1) * o.w +
    (2 * o.w * o.w + 2 * o.w + (o.w + 1) * o.p * o.p * o.out);

  test("has as many weights as the paper's models with patches of 2 (table 1)", () => {
    const paper = { c: 4, p: 2, k: 1000, out: 8 };
    const millions = [
      [12, 384],
      [12, 768],
      [24, 1024],
      [28, 1152],
    ].map(([d, w]) => Math.round(expected({ ...paper, d, w }) / 1e6));
    expect(millions).toEqual([33, 130, 458, 675]);
    const own = { inChannels: 3, patch: 4, width: 24, depth: 3, heads: 3, learnedVariance: true };
    const net = dit({ size: 8, ...own, classes: 7 });
    expect(size(net)).toBe(expected({ c: 3, p: 4, w: 24, d: 3, k: 7, out: 6 }));
  });

  test("starts at zero, and each block starts as the identity", () => {
    const zero = dit({ size: 4, inChannels: 2, width: 8, depth: 2, heads: 2 });
    expect(run(zero, 2).shape).toEqual([2, 2, 4, 4]);
    expect(Array.from(tensorNumbers(run(zero, 2))).every((v) => v === 0)).toBe(true);
    const ones = tensor(new Float32Array(64).fill(1), [8, 8]);
    const net = changed(zero, ({ name, value }) => (name === "out.linear.weight" ? ones : value));
    const held = weightsOf(net);
    const shallow = changed(
      dit({ size: 4, inChannels: 2, width: 8, depth: 0, heads: 2 }),
      ({ name, value }) => held[name] ?? value,
    );
    const [deep, flat] = [run(net, 1), run(shallow, 1)].map((t) => Array.from(tensorNumbers(t)));
    for (const [i, v] of flat.entries()) expect(deep[i]).toBeCloseTo(v, 12);
  });

  test("puts each patch's pixels back in its place", () => {
    const net = wakened(dit({ size: 4, width: 8, depth: 0 }));
    const x = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));
    const moved = Float32Array.from(x, (v, i) => (i === 6 ? v + 1 : v));
    const at = (data: Float32Array) =>
      tensorNumbers(run(net, 1, { x: tensor(data, [1, 1, 4, 4]) }));
    const [a, b] = [at(x), at(moved)];
    const changed = Array.from(a, (v, i) => (Math.abs(v - b[i]) > 1e-9 ? i : -1));
    expect(changed.filter((i) => i >= 0)).toEqual([2, 3, 6, 7]);
  });

  test("refuses sizes that do not divide", () => {
    expect(() => dit({ size: 9 })).toThrow(/patch must divide the size 9, got 2/);
    expect(() => dit({ size: 8, width: 10, heads: 2 })).toThrow(/multiple of 4, got 10/);
    expect(() => dit({ size: 8, width: 20, heads: 3 })).toThrow(
      /heads must divide the 20 features/,
    );
    const net = dit({ size: 4, width: 8, depth: 1, classes: 2 });
    const [x, t] = ["x", "t"].map((name) => input(name, net.signature[name]));
    expect(() => net.apply(x, t)).toThrow(/the network needs its argument condition, got none/);
  });
});

describe("weights", () => {
  test("move to another network, in half precision too", () => {
    const from = mlp({ inputs: 2, hidden: [4], seed: 1 });
    const to = mlp({ inputs: 2, hidden: [4], seed: 2 });
    const before = run(to, 3);
    expect(run(withWeights(to, weightsOf(from)), 3)).toEqual(run(from, 3));
    const halves = Object.entries(weightsOf(from)).map(
      ([name, t]) => [name, tensor(tensorNumbers(t), t.shape, "float16")] as const,
    );
    const half = withWeights(to, Object.fromEntries(halves));
    expect(half.parameters.every((p) => p.value.dtype === "float32")).toBe(true);
    expect(run(half, 3)).not.toEqual(run(from, 3));
    const [a, b] = [run(half, 3), run(from, 3)].map(tensorNumbers);
    for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i], 2);
    expect(run(to, 3)).toEqual(before);
  });

  test("that do not fit are refused by name and change nothing", () => {
    const net = mlp({ inputs: 2, hidden: [4] });
    const before = weightsOf(net);
    const other = weightsOf(mlp({ inputs: 3, hidden: [4] }));
    const { "layers.1.bias": _, ...fewer } = before;
    expect(() => withWeights(net, other)).toThrow(
      /weight layers\.0\.weight must have shape \[4, 2\], got \[4, 3\]/,
    );
    expect(() => withWeights(net, fewer)).toThrow(/weight layers\.1\.bias \[2\] is missing/);
    expect(() => withWeights(net, { ...before, extra: tensor([1]) })).toThrow(
      /weight extra is not/,
    );
    const whole = { ...before, "layers.1.bias": tensor([1, 2], [2], "int32") };
    expect(() => withWeights(net, whole)).toThrow(
      /weight layers\.1\.bias must be float32, float64, float16 or bfloat16, got int32/,
    );
    expect(weightsOf(net)).toEqual(before);
  });

  test("bfloat16 is the upper half of float32", () => {
    const net = mlp({ inputs: 1, hidden: [], outputs: 1 });
    const stored = (bits: number[], shape: number[]) => ({
      dtype: "bfloat16",
      shape,
      data: Uint16Array.from(bits),
    });
    const weights = {
      "layers.0.weight": stored([0xbfc0], [1, 1]),
      "layers.0.bias": stored([0x4049], [1]),
    };
    const got = weightsOf(withWeights(net, weights));
    expect(tensorNumbers(got["layers.0.weight"])[0]).toBe(-1.5);
    expect(tensorNumbers(got["layers.0.bias"])[0]).toBe(3.140625);
  });

  test("apply takes any expressions of the right shapes", () => {
    const net = mlp({ inputs: 2, hidden: [4], time: { features: 8 } });
    const out = net.apply(
      input("a", { shape: [7, 2] }),
      input("b", { shape: [7], dtype: "int64" }),
    );
    expect(out.shape).toEqual([7, 2]);
  });
});
