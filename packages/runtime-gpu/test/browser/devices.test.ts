import { expect, it } from "vitest";
import { allEngines } from "../../../../tooling/browser/engines.ts";
import { backendNeeds, type PageKind } from "../../../../tooling/browser/page-tests.ts";
import { expected } from "../step-loop.ts";
import { closesBrowser, inBrowser } from "./in-browser.ts";

closesBrowser();
const capturing = "onnx/webgpu, capturing";
const withWebGpu: PageKind = { isolated: false, needs: ["webgpu"] };

/** The page that a backend of this name needs. */
const kindFor = (name: string, isolated: boolean): PageKind => ({
  isolated,
  needs: backendNeeds(name),
});

for (const name of ["onnx/webgpu", capturing, "tfjs/webgpu", "tfjs/webgl"]) {
  inBrowser(`${name} loses its device`, kindFor(name, false), (page) => {
    it("and a new backend works in the same page", () => page().run("survivesLoss", [name]));
    it("and does it again", () => page().run("survivesLoss", [name]));
  });
}

for (const owner of ["page", "tfjs"] as const) {
  inBrowser(
    `a GPUDevice of ${owner === "page" ? "the page" : "TensorFlow.js"}`,
    withWebGpu,
    (page) => {
      it("runs both libraries", () => page().run("sharesGpu", [owner]));
    },
  );
}

inBrowser("outputs in place on the GPU", withWebGpu, (page) => {
  it.each([
    ["one dispatch for each length", "descent", 2],
    ["one dispatch with values of rows", "halvings", 1],
    ["two dispatches with totals over all rows", "lengths", 2],
    ["one dispatch with parts of a tensor", "parts", 1],
  ] as const)("take %s", async (_, program, dispatches) => {
    expect(await page().run("dispatchesInPlace", [program])).toBe(dispatches);
  });
  it("are ONNX Runtime's own on a GPU that refuses the loops", async () => {
    const dispatches = await page().run("dispatchesInPlace", ["descent", { refused: true }]);
    expect(dispatches).toBeGreaterThan(2);
  });
});

inBrowser("capabilities of an isolated page", { isolated: true, needs: ["webgpu"] }, (page) => {
  it("tell the GPU's limits, and the page's threads", async () => {
    const gpu = await page().run("whatCan", ["onnx/webgpu"]);
    expect(gpu).toMatchObject({ backend: "onnx/webgpu", available: true, isolated: true });
    expect(gpu.adapter?.vendor).not.toBe("");
    expect(gpu.limits.maxBufferSize).toBeGreaterThanOrEqual(2 ** 28);
    expect(gpu.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
    expect(gpu.dtypes).toMatchObject({ float16: gpu.f16 ? "own" : "none", float64: "none" });
    expect(gpu.memory.machineBytes).toBeGreaterThanOrEqual(2 ** 28);
    expect(await page().run("whatCan", [])).toEqual(gpu);
    const wasm = await page().run("whatCan", ["onnx/wasm"]);
    expect(wasm.threads).toBe(await page().run("cores", []));
    const webgl = await page().run("whatCan", ["tfjs/webgl"]);
    expect(webgl.available).toBe(true);
    expect(webgl.limits.maxTextureSize).toBeGreaterThanOrEqual(2048);
    expect(webgl.adapter?.description).not.toBe("");
  });
  it("tell what is missing, by name", async () => {
    const { adapter, f16, subgroups, lacks } = await page().run("whatCan", ["onnx/webgpu"]);
    expect(lacks).toEqual({
      ...(adapter?.software && { adapter: expect.stringContaining("is no GPU") }),
      ...(!f16 && { float16: expect.stringContaining("convert them to float32") }),
      ...(!subgroups && { subgroups: expect.stringContaining("without subgroups") }),
    });
    expect((await page().run("whatCan", ["onnx/wasm"])).lacks).toEqual({});
  });
  it("tell what leaves the GPU, as ONNX Runtime has it", async () => {
    const { measured, tried, told } = await page().run("onHost", []);
    expect(tried.length).toBeGreaterThan(60);
    const claimed = tried.filter((t) =>
      told.onHost[t.split(" ")[0]]?.includes(t.split(" ")[1] as "int64"),
    );
    const found = Object.entries(measured).flatMap(([op, list]) => list.map((d) => `${op} ${d}`));
    expect(claimed.sort()).toEqual(found.sort());
    expect(told.runs).toEqual(expect.arrayContaining(Object.keys(measured)));
  });
});

inBrowser("capabilities of a page that is not isolated", { isolated: false }, (page) => {
  it("have one thread", async () => {
    const wasm = await page().run("whatCan", ["onnx/wasm"]);
    expect(wasm).toMatchObject({ available: true, isolated: false, threads: 1 });
    expect(wasm.lacks).toEqual({ threads: expect.stringContaining("COEP require-corp") });
  });
});

inBrowser("WebNN", { isolated: true, everyEngine: true }, (page) => {
  it("computes, or the error says what the page lacks", async () => {
    const { available, reason } = await page().run("whatCan", ["onnx/webnn"]);
    if (available) return page().run("conforms", ["onnx/webnn", "matmul", { tolerance: 1e-4 }]);
    expect(reason).toMatch(
      /^WebNN is not there: (this page has no navigator\.ml; start .*|.{10,})$/,
    );
    const refused = await page().run("refusal", ["onnx/webnn"]);
    expect(refused).toEqual({ code: "backend-unavailable", message: reason });
  });
});

inBrowser("a busy page", { isolated: true }, (page) => {
  it("lets a worker start workers, which ONNX Runtime's threads are", () =>
    page().run("nestedWorkers", [100]));
});

for (const name of ["onnx/wasm", "onnx/webgpu"]) {
  for (const debug of [false, true]) {
    const title = `${name} ${debug ? "with" : "without"} GEN_DEBUG`;
    inBrowser(title, kindFor(name, false), (page) => {
      it(`puts ${debug ? "ONNX Runtime's" : "no"} lines on the console`, async () => {
        expect(await page().run("failsInRun", [name, debug])).toContain("idx=9");
        const lines = await page().problems();
        if (debug) expect(lines.join()).toContain("onnxruntime");
        else expect(lines).toEqual([]);
      });
    });
  }
}

const worked = ["add, both ways", "cast", "matmul", "200 runs leave memory as it was"];
const limits = { tolerance: 1e-4 };
for (const name of ["onnx/wasm", "onnx/webgpu", "tfjs/wasm", "tfjs/webgpu", "tfjs/webgl"]) {
  // A worker draws on canvases of its own.
  const kind = kindFor(name, true);
  const needs = [
    ...(kind.needs ?? []),
    ...(name === "tfjs/webgl" ? ["workerWebgl2" as const] : []),
  ];
  inBrowser("in a worker", { ...kind, needs }, (page) => {
    for (const requirement of worked) {
      it(`${name}: ${requirement}`, () =>
        page().run("conforms", [name, requirement, limits], "worker"));
    }
  });
}
inBrowser("in a worker", kindFor("onnx/webgpu", true), (page) => {
  it("onnx/webgpu loses its device", () => page().run("survivesLoss", ["onnx/webgpu"], "worker"));
});

for (const name of ["onnx/wasm", ...(allEngines ? ["onnx/webgpu"] : []), "tfjs/wasm"]) {
  inBrowser("served by a worker", kindFor(name, true), (page) => {
    it(name, async () => {
      const got = await page().run("served", [name, worked, limits]);
      expect(got.name).toBe(name);
      expect(got.mostAnswers).toBe(1);
      expect(got.value).toBeCloseTo(expected({ steps: 10, size: 256 }), 5);
    });
  });
}

inBrowser("onnx/webgpu", withWebGpu, (page) => {
  for (const name of ["onnx/webgpu", capturing]) {
    it(`${name}: backends compile and run several programs at once`, () =>
      page().run("atOnce", [name]));
  }
  it("says why a program is not captured, and computes the same", async () => {
    expect(await page().run("uncaptured", [])).toEqual({
      loop: [],
      network: [],
      sizes: [],
      times: [],
      "a large time": ["t holds 1099511627776, and GPUs have 32 bits of int64"],
      sign: [expect.stringContaining("have not been partitioned to the WebGpuExecutionProvider")],
      copy: ["ONNX Runtime copies a tensor in it, and does not record copies"],
      "int64 arithmetic": ["it computes int64 (Mul), and GPUs have 32 bits of int64"],
      empty: ["a tensor has no elements"],
    });
  });
});

// Software adapters take half a second a step.
const samples = allEngines ? 40 : 4;
const steps = allEngines ? 24 : 6;
for (const name of ["onnx/webgpu", capturing, "tfjs/webgpu"]) {
  inBrowser(`a loop on ${name}`, withWebGpu, (page) => {
    it("leaves x on the device: only the time, four numbers and shader uniforms go up", async () => {
      const size = 4096;
      const small = await page().run("transfersPerStep", [name, { steps, size }]);
      const large = await page().run("transfersPerStep", [name, { steps, size: 4 * size }]);
      expect(small.error).toBeLessThan(1e-5);
      expect(small.readBacks).toBe(0);
      expect(small.uploads).toBeGreaterThan(0);
      expect(small.uploadedBytes).toBeLessThan(1024);
      // Nothing that goes up grows with x.
      expect(large.uploadedBytes).toBe(small.uploadedBytes);
      expect(small.mostBuffers).toBeGreaterThan(2);
      expect(large.readBacks).toBe(0);
    });
    it(`${samples} samples in a row leave as many buffers as the first`, async () => {
      const after = await page().run("samplesInARow", [name, samples, { steps: 3, size: 4096 }]);
      expect(Math.max(...after)).toBe(after[0]);
    });
    it("8 backends made and closed leave as many buffers as the first", async () => {
      const after = await page().run("createAndClose", [name, 8, { steps: 2, size: 4096 }]);
      expect(Math.max(...after)).toBe(after[0]);
    });
  });
}
