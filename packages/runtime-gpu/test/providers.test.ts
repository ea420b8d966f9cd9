import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import * as g from "@gen/graph";
import { errorCode } from "@gen/math";
import node from "onnxruntime-node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { backendOver } from "../src/device.ts";
import { resolveHere } from "../src/in-node.ts";
import { capabilities } from "../src/index.ts";
import { hostDevice } from "../src/onnx/host-device.ts";
import { bindingError } from "../src/onnx/node-binding.ts";
import { missingProvider, nvidiaDriver, type Provider } from "../src/onnx/providers.ts";
import type { Ort, SessionOptions } from "../src/onnx/runtime.ts";
import { webnnDevice } from "../src/onnx/webnn.ts";
import { onnxBackend } from "../src/onnx.ts";
import { conforms } from "./run-conformance.ts";

const ort = node as unknown as Ort;

// The forms that providers other than the CPU and WebGPU get, on the provider that is everywhere.
const plain = () => backendOver(hostDevice("plain", "plain", ort, { executionProviders: ["cpu"] }));
conforms("plain", plain, { tolerance: 2e-6 });

// WebNN's device over the same build: it hands its context to each session and ends it.
const asked = new Set<unknown>();
let ended = 0;
const webnn = () => {
  const context = {
    lost: new Promise<never>(() => undefined),
    opSupportLimits: () => ({}),
    destroy: () => void ended++,
  };
  const create = (bytes: Uint8Array, { executionProviders, ...options }: SessionOptions) => {
    asked.add(JSON.stringify(executionProviders));
    return ort.InferenceSession.create(bytes, { ...options, executionProviders: ["cpu"] });
  };
  const runtime = { ...ort, InferenceSession: { create } } as unknown as Ort;
  return backendOver(webnnDevice(runtime, context));
};
conforms("onnx/webnn", webnn, { tolerance: 2e-6 });
it("onnx/webnn asks for the GPU alone, and its context ends with it", async () => {
  const before = ended;
  await webnn().close();
  expect(ended).toBe(before + 1);
  expect([...asked].map((each) => JSON.parse(String(each)))).toEqual([
    [{ name: "webnn", deviceType: "gpu", context: { lost: {} } }],
  ]);
});

const { platform, arch } = process;
const be = (platform: string, arch: string) =>
  Object.defineProperties(process, { platform: { value: platform }, arch: { value: arch } });

describe("an onnxruntime-node that does not load", () => {
  afterEach(() => void be(platform, arch));
  const requireStack = ["/app/node_modules/onnxruntime-node/dist/binding.js"];
  const thrown = (code: string, message: string) =>
    Object.assign(new Error(message), {
      code,
      ...(code === "MODULE_NOT_FOUND" && { requireStack }),
    });
  const file = "Cannot find module '../bin/napi-v6/HERE/onnxruntime_binding.node'";
  const skip = nvidiaDriver() ? "" : "ONNXRUNTIME_NODE_INSTALL=skip ";

  it.each([
    [
      "ERR_MODULE_NOT_FOUND",
      "linux x64",
      `is not installed; run: ${skip}npm install onnxruntime-node`,
    ],
    ["ERR_MODULE_NOT_FOUND", "win32 x64", "is not installed; run: npm install onnxruntime-node"],
    [
      "MODULE_NOT_FOUND",
      "darwin x64",
      "has no native binding for darwin x64; run: npm install onnxruntime-web",
    ],
    [
      "MODULE_NOT_FOUND",
      "win32 arm64",
      "is installed without its native binding for win32 arm64; run: npm uninstall onnxruntime-node && npm install onnxruntime-node",
    ],
    ["ERR_DLOPEN_FAILED", "linux x64", `did not load (${file}); run: npm install onnxruntime-web`],
  ])("%s on %s", (code, here, text) => {
    const [platform, arch] = here.split(" ");
    be(platform, arch);
    const message = code.startsWith("ERR_MODULE") ? "Cannot find package" : file;
    const error = bindingError(thrown(code, message));
    expect([errorCode(error), error.message]).toEqual([
      "backend-unavailable",
      `onnxruntime-node ${text}`,
    ]);
  });

  it("names the bindings that the installed package has", () => {
    const here = `${platform} ${arch}`;
    const missing = bindingError(thrown("MODULE_NOT_FOUND", file)).message;
    expect(missing).toContain(`is installed without its native binding for ${here}`);
    const root = dirname(dirname(resolveHere("onnxruntime-node")));
    const found = readdirSync(join(root, "bin", "napi-v6"), { encoding: "utf8", recursive: true });
    const carried = found.filter((path) => path.endsWith("onnxruntime_binding.node"));
    for (const path of carried) {
      const [platform, arch] = path.split(/[\\/]/);
      be(platform, arch);
      expect(bindingError(thrown("MODULE_NOT_FOUND", file)).message).not.toContain("has no native");
    }
    expect(carried).toHaveLength(5);
  });
});

describe("a provider of onnxruntime-node", () => {
  afterEach(() => void be(platform, arch));

  // The README of onnxruntime-node 1.30, "Requirements".
  it.each([
    ["win32", "x64", ["webgpu", "dml"]],
    ["win32", "arm64", ["webgpu", "dml"]],
    ["linux", "x64", ["webgpu", "cuda"]],
    ["linux", "arm64", []],
    ["darwin", "x64", ["webgpu", "coreml"]],
    ["darwin", "arm64", ["webgpu", "coreml"]],
  ])("is in the package for %s %s or not", (platform, arch, carried) => {
    be(platform, arch);
    expect(missingProvider("cpu")).toBeUndefined();
    for (const provider of ["webgpu", "cuda", "dml", "coreml"] as const) {
      const reason = missingProvider(provider) ?? "";
      expect([provider, !reason.includes(" alone, ")]).toEqual([
        provider,
        carried.includes(provider),
      ]);
      if (!carried.includes(provider)) expect(reason).toContain(`this is ${platform} ${arch}`);
    }
  });

  it.each(["cuda", "dml", "coreml"] as const)(
    "%s: refused as its capabilities say",
    async (provider) => {
      const { available, reason, lacks } = await capabilities(`onnx/node-${provider}`);
      const reasonOf = (error: Error) => [errorCode(error), error.message];
      const opened = await onnxBackend({ provider }).then(({ name }) => name, reasonOf);
      expect(lacks).toEqual({});
      if (available)
        expect(opened).toSatisfy((o) => o === `onnx/node-${provider}` || /needs/.test(o));
      else expect(opened).toEqual(["backend-unavailable", reason]);
    },
  );

  it("is the only one that a session is opened with, and what it needs ends its error", async () => {
    const asked: unknown[] = [];
    const broken = (provider: string) => ({
      ...ort,
      env: { versions: { node: "1" } },
      InferenceSession: {
        create: async (_: unknown, options: { executionProviders: unknown }) => {
          asked.push(options.executionProviders);
          throw new Error(`no ${provider} today`);
        },
      },
    });
    const needs = {
      webgpu: /Vulkan$/,
      cuda: /CUDA 12 and cuDNN 9/,
      dml: /Direct3D 12$/,
      coreml: /macOS/,
    };
    for (const [name, advice] of Object.entries(needs)) {
      const provider = name as Provider;
      const error = await onnxBackend({ provider, runtime: broken(name) }).catch((error) => error);
      expect(errorCode(error)).toBe("backend-unavailable");
      expect(error.message).toContain(
        `onnx/node-${name} did not start: no ${name} today; it needs`,
      );
      expect(error.message).toMatch(advice);
      expect(asked.pop()).toEqual([provider]);
    }
  });

  it("gets no rewriting for the CPU: the nodes of its file are ONNX's own", async () => {
    const domains: string[][] = [];
    const create = (bytes: Uint8Array, options: object) => {
      const text = new TextDecoder("latin1").decode(bytes);
      domains.push(["com.microsoft.nchwc", "com.microsoft"].filter((each) => text.includes(each)));
      return ort.InferenceSession.create(bytes, { ...options, executionProviders: ["cpu"] });
    };
    const runtime = { ...ort, env: { versions: { node: "1" } }, InferenceSession: { create } };
    const graph = g.trace(({ x, w }) => ({ y: g.conv2d(x, w, { pads: [1, 1, 1, 1] }) }), {
      x: { shape: [4, 64, 28, 28] },
      w: { shape: [64, 64, 3, 3] },
    });
    for (const provider of ["cpu", "cuda"] as const) {
      const backend = await onnxBackend({ provider, runtime: runtime as never });
      domains.length = 0;
      await (await backend.compile(graph)).dispose();
      expect([provider, domains.flat().length > 0]).toEqual([provider, provider === "cpu"]);
      await backend.close();
    }
  });

  it("must be one of the list, and webnn needs a page", async () => {
    await expect(onnxBackend({ provider: "tensorrt" as Provider })).rejects.toMatchObject({
      name: "RangeError",
      code: "invalid-argument",
      message: "provider must be cpu, wasm, webgpu, cuda, dml, coreml or webnn, got tensorrt",
    });
    await expect(onnxBackend({ provider: "webnn" })).rejects.toMatchObject({
      code: "backend-unavailable",
      message: expect.stringContaining("needs a page"),
    });
  });
});

describe("an engine without all of WebAssembly", () => {
  afterEach(() => void vi.restoreAllMocks());

  const step = () => {
    const [w, slope] = ["w", "slope"].map((name) => g.input(name, { shape: [3] }));
    return g.graphOf({ next: g.sub(w, g.mul(slope, 0.5)) });
  };
  const update = async () => {
    const backend = await onnxBackend({ provider: "cpu" });
    try {
      const program = await backend.compile(step(), { inPlace: { next: "w" } });
      const [w, slope] = [backend.upload([1, 2, 3], [3]), backend.upload([2, 2, 4], [3])];
      const { next } = await program.run({ w, slope });
      return Array.from(await backend.download(next));
    } finally {
      await backend.close();
    }
  };

  it("SIMD: ONNX Runtime's WebAssembly is not available, and its native build computes alone", async () => {
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    vi.spyOn(WebAssembly, "compile").mockRejectedValue(new WebAssembly.CompileError("no SIMD"));
    const simd = expect.stringContaining("no WebAssembly SIMD");
    expect(await capabilities("onnx/wasm")).toMatchObject({ available: false, reason: simd });
    expect(await capabilities("tfjs/wasm")).toMatchObject({ available: true, lacks: { simd } });
    expect(await capabilities("onnx/node-cpu")).toMatchObject({
      available: true,
      lacks: { loops: expect.stringMatching(/computed by ONNX Runtime, with copies: .*SIMD/) },
    });
    expect(await update()).toEqual([0, 1, 1]);
  });

  it("permission: the directive to allow is named, for ONNX Runtime on the GPU too", async () => {
    vi.spyOn(WebAssembly, "Module").mockImplementation(
      class {
        constructor() {
          throw new WebAssembly.CompileError("violates the content security policy");
        }
      } as never,
    );
    vi.spyOn(WebAssembly, "compile").mockRejectedValue(new WebAssembly.CompileError("violates"));
    const { onnxWebgpuFacts, webgpuFacts, webnnFacts } = await import("../src/device-facts.ts");
    for (const facts of [onnxWebgpuFacts, webnnFacts]) {
      expect((await facts()).reason).toContain("'wasm-unsafe-eval'");
    }
    expect((await webgpuFacts()).reason).toContain("navigator.gpu");
    expect((await capabilities("onnx/node-cpu")).lacks.loops).toContain("'wasm-unsafe-eval'");
    expect(await update()).toEqual([0, 1, 1]);
  });

  it("memory: the error names the bytes", async () => {
    vi.spyOn(WebAssembly, "instantiate").mockRejectedValue(new RangeError("Out of memory"));
    await expect(update()).rejects.toMatchObject({
      code: "backend-failed",
      message: expect.stringMatching(
        /^the outputs in place need \d+ bytes of memory: Out of memory$/,
      ),
    });
  });
});

it("a GPU of few invocations or without subgroups is told so, and one with both lacks nothing", async () => {
  const { onnxWebgpuFacts } = await import("../src/device-facts.ts");
  const { gpuLimits } = await import("../src/onnx/gpu.ts");
  const factsOf = async (invocations: number, features: string[]) => {
    const limits = Object.fromEntries(gpuLimits.map((name) => [name, invocations]));
    const adapter = { info: { architecture: "small" }, limits, features: new Set(features) };
    vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => adapter } });
    return (await onnxWebgpuFacts()).lacks;
  };
  expect(await factsOf(128, [])).toEqual({
    subgroups: expect.stringContaining("without subgroups"),
    loops: expect.stringMatching(/^outputs in place are .* at most 128 of 256 invocations$/),
  });
  expect(await factsOf(256, ["subgroups"])).toEqual({});
  vi.unstubAllGlobals();
});

it("a GPU whose buffers are too small for a tensor: the error names the bytes", async () => {
  const { bufferOf } = await import("../src/onnx/gpu.ts");
  const gpu = { limits: { maxBufferSize: 256 } } as never;
  expect(() => bufferOf(gpu, new Float32Array(65))).toThrow(
    "a tensor needs 260 bytes, and a buffer of this GPU holds 256",
  );
});
