import * as g from "@gen/graph";
import { toOnnx } from "@gen/graph/onnx";
import { describe, expect, it } from "vitest";
import { type Capabilities, capabilities, preflight } from "../src/index.ts";

const own = { float16: "own", float32: "own", float64: "own", int32: "own", int64: "own" } as const;
const roomy: Capabilities = {
  backend: "onnx/webgpu",
  available: true,
  limits: { maxBufferSize: 2 ** 20, maxStorageBufferBindingSize: 2 ** 20 },
  f16: true,
  subgroups: false,
  threads: 1,
  isolated: true,
  memory: {},
  dtypes: { ...own, bool: "own" },
  lacks: {},
  operations: {
    runs: ["MatMul", "Tanh", "Add", "Cast", "Reshape"],
    foreign: true,
    onHost: { Cast: ["int64"] },
  },
};

// Weights of 4 kB; at batch n: x 128n bytes, product and result 128n bytes each.
const layer = (dtype: g.DType = "float32") => {
  const w = g.parameter("w", g.tensor(new Float32Array(1024), [32, 32], dtype));
  return g.trace(({ x }) => ({ y: g.tanh(g.matmul(x, w)) }), {
    x: { shape: ["batch", 32], dtype },
  });
};

describe("preflight", () => {
  it("refuses a file with an operator of the runtime's own", () => {
    const x = g.input("x", { shape: [2] });
    const node = {
      ...{ domain: "com.microsoft.nchwc", opType: "ReorderOutput", version: 1, attributes: [] },
      ...{ operands: [true], results: [true] },
    };
    const of = {
      op: "Foreign",
      inputs: [x],
      attributes: { id: 0 },
      dtype: "bool",
      shape: [0],
      node,
    };
    const y = {
      op: "Result",
      inputs: [of],
      attributes: { index: 0 },
      dtype: "float32",
      shape: [2],
    };
    const file = toOnnx(g.graphOf({ y: y as unknown as g.Expr }));
    expect(() => preflight(file, roomy)).toThrow(
      /^node "\w+" \(com\.microsoft\.nchwc\.ReorderOutput\): a model file may name/,
    );
  });

  it("counts weights, the largest tensor and what a run holds", () => {
    expect(preflight(layer(), roomy, { dims: { batch: 10 } })).toEqual({
      fits: true,
      obstacles: [],
      notes: [],
      parameterBytes: 4096,
      largestBytes: 4096,
      runBytes: 3 * 1280,
    });
    expect(preflight(layer(), roomy).runBytes).toBe(3 * 128);
    expect(preflight(layer(), roomy, { dims: { batch: 100 } }).largestBytes).toBe(12800);
  });

  it("reads a model file", () => {
    const bytes = toOnnx(layer());
    const { fits, parameterBytes } = preflight(bytes, roomy);
    expect([fits, parameterBytes]).toEqual([true, 4096]);
    expect(preflight(bytes, roomy, { dims: { batch: 100 } }).largestBytes).toBe(12800);
    expect(() => preflight(bytes.subarray(0, 100), roomy)).toThrow(
      expect.objectContaining({ name: "GenError", code: "invalid-model" }),
    );
  });

  it.each(["maxBufferSize", "maxStorageBufferBindingSize"])("names %s", (limit) => {
    const tight = { ...roomy, limits: { ...roomy.limits, [limit]: 4095 } };
    const { fits, obstacles } = preflight(layer(), tight);
    expect(fits).toBe(false);
    expect(obstacles).toEqual([
      {
        kind: "buffer",
        limit,
        needed: 4096,
        allowed: 4095,
        what: "Parameter w float32 [32, 32]",
        reason: `Parameter w float32 [32, 32] needs 4096 bytes, ${limit} allows 4095`,
        message: `Parameter w float32 [32, 32] needs 4096 bytes, ${limit} allows 4095`,
      },
    ]);
    const exact = { ...roomy, limits: { ...roomy.limits, [limit]: 4096 } };
    expect(preflight(layer(), exact).fits).toBe(true);
    const wide = preflight(layer(), exact, { dims: { batch: 33 } });
    expect(wide.obstacles.map((o) => o.message)).toContain(
      `MatMul float32 [batch, 32] needs 4224 bytes, ${limit} allows 4096`,
    );
  });

  it("names a texture that is too large", () => {
    const webgl = { ...roomy, backend: "tfjs/webgl", limits: { maxTextureSize: 31 } };
    expect(preflight(layer(), webgl).obstacles).toMatchObject([
      { kind: "buffer", limit: "maxTextureSize", needed: 4096, allowed: 4 * 31 * 31 },
    ]);
    expect(preflight(layer(), { ...webgl, limits: { maxTextureSize: 32 } }).fits).toBe(true);
  });

  it("names the memory that weights and a run need together", () => {
    const run = 4096 + 3 * 128;
    const small = { ...roomy, backend: "onnx/wasm", limits: { maxMemory: run - 1 } };
    expect(preflight(layer(), small).obstacles).toMatchObject([
      { kind: "memory", limit: "maxMemory", needed: run, allowed: run - 1 },
    ]);
    expect(preflight(layer(), { ...small, limits: { maxMemory: run } }).fits).toBe(true);
  });

  it("names operations that are missing", () => {
    const operations = { runs: ["MatMul"], foreign: true, onHost: {} };
    expect(preflight(layer(), { ...roomy, operations }).obstacles).toEqual([
      {
        kind: "operation",
        limit: "operations",
        what: "Tanh",
        reason: "cannot run Tanh",
        message: "onnx/webgpu cannot run Tanh",
      },
    ]);
  });

  it("names dtypes that the device lacks, float16 by its feature", () => {
    const dtypes = { ...roomy.dtypes, float16: "none", float64: "none" } as const;
    const lacking = { ...roomy, f16: false, dtypes };
    expect(preflight(layer("float16"), lacking).obstacles).toMatchObject([
      { kind: "dtype", limit: "f16", message: expect.stringContaining("cannot hold float16") },
    ]);
    expect(preflight(layer("float64"), lacking).obstacles).toMatchObject([
      { kind: "dtype", limit: "dtypes", message: expect.stringContaining("cannot hold float64") },
    ]);
    expect(preflight(layer("float16"), roomy).fits).toBe(true);
  });

  it("refuses int64 constants that int32 cannot hold, and notes dtypes held as others", () => {
    const dtypes = { ...roomy.dtypes, int64: "int32", float64: "float32" } as const;
    const tfjs = { ...roomy, backend: "tfjs/wasm", limits: {}, dtypes };
    const plus = (value: number) =>
      g.trace(({ t }) => ({ t: g.add(t, value) }), { t: { shape: [2], dtype: "int64" } });
    expect(preflight(plus(2 ** 31), tfjs).obstacles).toMatchObject([
      { kind: "dtype", message: "tfjs/wasm holds int64 as int32, which cannot be 2147483648" },
    ]);
    expect(preflight(plus(-(2 ** 31)), tfjs)).toMatchObject({
      fits: true,
      notes: ["tfjs/wasm holds int64 as int32"],
      runBytes: 2 * 8,
    });
    const halved = preflight(layer("float64"), tfjs);
    expect([halved.fits, halved.parameterBytes]).toEqual([true, 4096]);
  });

  it("notes operations that leave the GPU", () => {
    const dtypes = { ...roomy.dtypes, int64: "host" } as const;
    const graph = g.trace(({ t }) => ({ y: g.tanh(g.cast(t, "float32")) }), {
      t: { shape: ["batch"], dtype: "int64" },
    });
    const { fits, notes } = preflight(graph, { ...roomy, dtypes });
    expect(fits).toBe(true);
    expect(notes).toEqual([
      "onnx/webgpu keeps int64 in host memory",
      "onnx/webgpu computes on the CPU: Cast",
    ]);
  });

  it("says that the device is not there", () => {
    const absent = { ...roomy, available: false, reason: "no adapter" };
    expect(preflight(layer(), absent).obstacles).toEqual([
      {
        kind: "device",
        limit: "available",
        reason: "is not there: no adapter",
        message: "onnx/webgpu is not there: no adapter",
      },
    ]);
  });
});

describe("capabilities in Node", () => {
  it("are those of the first backend unless one is named", async () => {
    const first = await capabilities();
    expect(first).toMatchObject({ backend: "onnx/node-cpu", available: true, isolated: true });
    expect(first.threads).toBeGreaterThan(0);
    expect(first.memory.machineBytes).toBeGreaterThan(2 ** 28);
    expect(preflight(layer(), first)).toMatchObject({ fits: true, notes: [] });
  });

  it("of WebAssembly end at 4 GiB", async () => {
    expect((await capabilities("onnx/wasm")).limits).toEqual({ maxMemory: 2 ** 32 });
  });

  it("of tfjs state how it holds numbers", async () => {
    const { dtypes, threads, f16 } = await capabilities("tfjs/wasm");
    expect(dtypes).toMatchObject({ float64: "float32", float16: "float32", int64: "int32" });
    expect([threads, f16]).toEqual([1, false]);
  });

  it("are refused for an unknown name", async () => {
    await expect(capabilities("onnx/tpu")).rejects.toThrow(
      /^backend must be one of .*cpu, got onnx\/tpu$/,
    );
  });
});
