import { readSafetensors, writeSafetensors } from "@gen/data";
import {
  constant,
  type DType,
  type Expr,
  graphOf,
  mul,
  parameter,
  parametersOf,
  tensor,
  tensorNumbers,
  trace,
} from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { mlp, network, networkGraph, unet, weightInputs, weightsOf, withWeights } from "@gen/nn";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { describe, expect, test } from "vitest";

type Stored = { dtype: string; shape: number[]; bytes: ArrayBufferView };

/** A safetensors file with its tensors in the given order, as other writers order them. */
function foreign(tensors: Record<string, Stored>, metadata = { format: "pt" }): Uint8Array {
  let end = 0;
  const places = Object.values(tensors).map(({ bytes }) => {
    const start = end;
    end += bytes.byteLength;
    return [start, end];
  });
  const entries = Object.entries(tensors).map(([name, { dtype, shape }], i) => [
    name,
    { data_offsets: places[i], shape, dtype },
  ]);
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const body = Object.values(tensors).map(({ bytes }) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  );
  return new Uint8Array(Buffer.concat([length, header, ...body]));
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer, byteOffset, byteLength).toString("hex");

describe("weights in a safetensors file", () => {
  const networks = {
    mlp: (seed: number) => mlp({ inputs: 3, hidden: [8, 5], time: true, classes: 4, seed }),
    unet: (seed: number) => unet({ size: 8, channels: 4, attention: [4], classes: 2, seed }),
  };

  test.each(Object.entries(networks))("%s: bit for bit, name for name", (_, make) => {
    const [from, to] = [make(1), make(2)];
    const written = writeSafetensors(weightsOf(from), { format: "gen" });
    expect(writeSafetensors(weightsOf(to))).not.toEqual(written);
    const { tensors, metadata } = readSafetensors(written);
    expect(metadata).toEqual({ format: "gen" });
    expect(Object.keys(tensors).sort()).toEqual(from.parameters.map(({ name }) => name).sort());
    const [want, got] = [weightsOf(from), weightsOf(withWeights(to, tensors))];
    for (const [name, { data, shape, dtype }] of Object.entries(want)) {
      expect(got[name]).toMatchObject({ shape, dtype });
      expect(bytesOf(got[name].data)).toBe(bytesOf(data));
    }
    expect(writeSafetensors(got, metadata)).toEqual(written);
  });

  test.each<[DType, ArrayLike<number>]>([
    ["float32", new Float32Array(Uint32Array.of(0x80000000, 1, 0x7fc12345, 0xff800000).buffer)],
    ["float64", new Float64Array(BigUint64Array.of(1n << 63n, 1n, 0x7ff8000000abcdefn, 7n).buffer)],
    ["float16", Uint16Array.of(0x8000, 1, 0x7e00, 0xfc00)],
  ])("%s keeps signed zeros, subnormals, infinities and NaN", (dtype, data) => {
    const make = (values: ArrayLike<number>) => {
      const weight = parameter("weight", tensor(values, [2, 2], dtype));
      return network({ x: { shape: ["batch", 2], dtype } }, () => weight);
    };
    const [from, to] = [make(data), make(new (data.constructor as typeof Float32Array)(4))];
    const [got] = withWeights(
      to,
      readSafetensors(writeSafetensors(weightsOf(from))).tensors,
    ).parameters;
    expect(got.value.dtype).toBe(dtype);
    expect(bytesOf(got.value.data)).toBe(bytesOf(data as Float32Array));
  });
});

describe("a model with other weights", () => {
  const at = (e: Expr) => Array.from(tensorNumbers(evaluate(graphOf({ e }), {}).e));
  const weight = parameter("w", tensor([2], []));
  const model = {
    name: "scale",
    parameters: [weight],
    apply: (x: Expr) => mul(weight, x),
    both: (given: { a: Expr; b: Expr }) => ({
      a: mul(weight, given.a),
      b: mul(weight, given.b),
      count: 2,
    }),
    later: () => Promise.resolve(3),
  };
  const other = withWeights(model, { w: tensor([5], []) });
  const one = constant(1);

  test("has them in the results of all its functions; the first model keeps its weights", async () => {
    expect(at(other.apply(one))).toEqual([5]);
    const { a, b, count } = other.both({ a: one, b: constant(2) });
    expect([at(a), at(b), count]).toEqual([[5], [10], 2]);
    expect(at(model.apply(one))).toEqual([2]);
    expect([other.name, await other.later()]).toEqual(["scale", 3]);
    expect(weightsOf(other)).toEqual({ w: tensor([5], []) });
    expect(parametersOf(a, b)).toEqual(other.parameters);
  });

  test("leaves the weights of its arguments", () => {
    const used = (e: Expr) => parametersOf(e).map(({ value }) => value.data[0]);
    expect(used(other.apply(model.apply(one)))).toEqual([5, 2]);
    expect(used(other.both({ a: model.apply(one), b: other.apply(one) }).a)).toEqual([5, 2]);
    expect(used(model.apply(other.apply(one)))).toEqual([2, 5]);
    const third = withWeights(other, { w: tensor([7], []) });
    expect(used(third.apply(other.apply(one)))).toEqual([7, 5]);
  });

  test("leaves a program compiled before as it was", async () => {
    const backend = cpuBackend();
    const program = await backend.compile(graphOf({ y: model.apply(one) }));
    withWeights(model, { w: tensor([9], []) });
    const { y } = await program.run({});
    expect(Array.from(await backend.download(y))).toEqual([2]);
    await backend.close();
  });
});

describe("a safetensors file of another writer", () => {
  const wanted = {
    "layers.0.weight": [0.5, -2, 65504, 2 ** -24, 1.5, 0],
    "layers.0.bias": [-1.5, 3.140625],
    "layers.1.weight": [0.1, 0.2].map(Math.fround),
    "layers.1.bias": [0.25],
  };
  const tensors = {
    "layers.1.weight": { dtype: "F32", shape: [1, 2], bytes: Float32Array.of(0.1, 0.2) },
    "layers.0.weight": {
      dtype: "F16",
      shape: [2, 3],
      bytes: Uint16Array.of(0x3800, 0xc000, 0x7bff, 0x0001, 0x3e00, 0x0000),
    },
    "layers.0.bias": { dtype: "BF16", shape: [2], bytes: Uint16Array.of(0xbfc0, 0x4049) },
    "layers.1.bias": { dtype: "F64", shape: [1], bytes: Float64Array.of(0.25) },
  };
  const make = () => mlp({ inputs: 3, hidden: [2], outputs: 1, activation: "relu" });

  test("in any order and of any precision becomes float32", () => {
    const net = withWeights(make(), readSafetensors(foreign(tensors)).tensors);
    const got = weightsOf(net);
    for (const [name, values] of Object.entries(wanted)) {
      expect(got[name].dtype).toBe("float32");
      expect(Array.from(tensorNumbers(got[name]))).toEqual(values);
    }
    const x = tensor([1, 0, 0, 0, 0, 1], [2, 3]);
    const { output } = evaluate(networkGraph(net), { x });
    // relu(W x + b) by hand: [0.5 - 1.5, 2^-24 + 3.140625] and [65502.5, 3.140625].
    const [w0, w1] = wanted["layers.1.weight"];
    const want = [w1 * (3.140625 + 2 ** -24) + 0.25, w0 * (65504 - 1.5) + w1 * 3.140625 + 0.25];
    for (const [i, value] of want.entries()) {
      expect(tensorNumbers(output)[i] / value).toBeCloseTo(1, 6);
    }
  });

  test.each<[string, Record<string, Stored | undefined>, RegExp]>([
    [
      "another shape",
      { "layers.0.bias": { dtype: "F32", shape: [2, 1], bytes: new Float32Array(2) } },
      /weight layers\.0\.bias must have shape \[2\], got \[2, 1\]/,
    ],
    ["a missing name", { "layers.1.bias": undefined }, /weight layers\.1\.bias \[1\] is missing/],
    [
      "a name too many",
      { "norm.running": { dtype: "F32", shape: [1], bytes: new Float32Array(1) } },
      /weight norm\.running is not one of the network's/,
    ],
    [
      "integers",
      { "layers.1.bias": { dtype: "I64", shape: [1], bytes: BigInt64Array.of(1n) } },
      /weight layers\.1\.bias must be float32, float64, float16 or bfloat16, got int64/,
    ],
  ])("with %s is refused, and nothing changes", (_, change, message) => {
    const net = make();
    const before = weightsOf(net);
    const all = Object.entries({ ...tensors, ...change }).filter(([, stored]) => stored);
    const bytes = foreign(Object.fromEntries(all) as Record<string, Stored>);
    expect(() => withWeights(net, readSafetensors(bytes).tensors)).toThrow(message);
    expect(weightsOf(net)).toEqual(before);
  });
});

describe("weights as inputs", () => {
  test("a program with the weights among its inputs runs with any weights", () => {
    const small = mlp({ inputs: 2, hidden: [3] });
    const other = mlp({ inputs: 2, hidden: [3], seed: 5 });
    const { signature, withInputs, inputsOf } = weightInputs(small);
    const graph = trace(
      (given: Record<string, Expr>) => ({ y: withInputs(given).apply(given.x) }),
      { x: { shape: [1, 2] }, ...signature },
    );
    const x = tensor(Float32Array.of(1, -2), [1, 2]);
    const found = Object.entries(inputsOf(weightsOf(other))).map(([name, { data, shape }]) => [
      name,
      tensor(data, shape),
    ]);
    const { y } = evaluate(graph, { x, ...Object.fromEntries(found) });
    const wanted = evaluate(graphOf({ y: other.apply(constant(x)) }), {}).y;
    expect(Array.from(y.data, Number)).toEqual(Array.from(wanted.data, Number));
    expect(() => inputsOf({})).toThrow("weight layers.0.weight [3, 2] is missing");
  });
});
