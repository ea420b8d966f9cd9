import { expect, test } from "vitest";
import { allEngines, enginePath } from "../browser/engines.ts";
import { measureBackend } from "./gpu/measure-backend.mjs";
import { gpuRows, targets } from "./gpu/rows.mjs";
import { sectionText } from "./results.mjs";

const times = (milliseconds: number) => [[milliseconds, milliseconds]];
const real = {
  adapter: { description: "A Card 9", architecture: "nine", software: false },
  isReal: true,
  conformance: { passed: 110, failures: [] as string[] },
  step: { batch: 16, blocks: { ours: times(11), bare: times(10) } },
  training: {
    ...{ batch: 64, blocks: { ours: times(13), bare: times(10) } },
    ...{ dispatches: { ours: 90, bare: 100 }, bytes: 3 * 2 ** 20, grown: 0 },
  },
};
const verdicts = (found: object) =>
  gpuRows("onnx/webgpu", found).map((row) => ("pass" in row ? row.pass : undefined));

test("a real GPU passes within 1.2x of a bare session's time, with all cases and no growth", () => {
  expect(verdicts(real)).toEqual([true, true, false, undefined, true]);
  const failures = ["matmul: 1 is not 2"];
  expect(verdicts({ ...real, conformance: { passed: 109, failures } })[0]).toBe(false);
  expect(verdicts({ ...real, training: { ...real.training, grown: 4 } }).at(-1)).toBe(false);
  const text = sectionText({ title: "GPUs", rows: gpuRows("onnx/webgpu", real), about: [] });
  expect(text).toContain(
    "| onnx/webgpu: conformance | 110 of 110 cases |  |  | all cases | pass |",
  );
  expect(text).toMatch(
    /batch 16 \| 11\.0 ms .* \| 1\.10x \| <= 1\.2x a bare session's time \| pass \|/,
  );
  expect(text).toContain("A Card 9");
});

test("a software adapter is named and never counts, and a reason stands for what is missing", () => {
  const adapter = { architecture: "swiftshader", description: "", software: true };
  const rows = gpuRows("tfjs/webgpu", { ...real, adapter, isReal: false });
  const text = sectionText({ title: "GPUs", rows, about: [] });
  expect(text).not.toMatch(/pass|miss/);
  expect(text.match(/not measured/g)).toHaveLength(4);
  expect(text).toContain("swiftshader is no GPU");
  expect(gpuRows("onnx/webnn", { reason: "no navigator.ml" })).toEqual([
    {
      work: "onnx/webnn: conformance, DDIM step and training step",
      ...{ ours: "not measured", peer: "no navigator.ml", target: targets.all },
    },
  ]);
  const late = { ...real, training: { reason: "it took more than 100 s" } };
  expect(gpuRows("onnx/webgpu", late).at(-1)).toMatchObject({
    ...{ ours: "not measured", peer: "it took more than 100 s" },
  });
});

test("each measurement has a limit, and what did not come is not asked for again", async () => {
  const limits = { isReal: true, small: true, software: false, partLimit: 50 };
  const asked: string[] = [];
  const backend = (slow: string, about: object) => (method: string) => {
    asked.push(method);
    if (method === slow) return new Promise(() => undefined);
    if (method === "conformance") return Promise.reject(new Error("it ended\nat a line"));
    return Promise.resolve(about);
  };
  const measure = async (slow: string, about: object, more = {}) => {
    asked.length = 0;
    const end = performance.now() + 10_000;
    return measureBackend(backend(slow, about), { ...limits, end, ...more });
  };
  const late = "it took more than 0 s";
  expect(await measure("step", { available: true })).toMatchObject({
    conformance: { reason: "it ended" },
    step: { reason: late },
    training: { reason: "what came before it took too long" },
  });
  expect(asked).toEqual(["describe", "conformance", "step"]);
  expect(await measure("describe", {})).toEqual({ reason: late });
  expect(await measure("", { available: false, reason: "none" })).toEqual({ reason: "none" });
  const software = { available: true, adapter: { architecture: "llvmpipe" } };
  const found = await measure("", software, { isReal: false });
  expect(found).toMatchObject({ reason: "llvmpipe is no GPU" });
  expect(asked).toEqual(["describe"]);
  expect(await measure("", software, { isReal: false, software: true })).not.toHaveProperty(
    "reason",
  );
});

// onnxruntime-node's CPU stands for a provider: its process measures as it would on a GPU.
test("a provider's process runs the suite and both steps, and its end is an error", async () => {
  const { startProvider } = await import("./gpu/node-provider.mjs");
  const { request, stop } = await startProvider("cpu");
  const small = { small: true };
  expect(await request("describe")).toMatchObject({ available: true });
  const { passed, failures } = await request("conformance", small);
  expect(failures).toEqual([]);
  expect(passed).toBeGreaterThan(100);
  for (const work of ["step", "training"]) {
    const { blocks } = await request(work, small);
    for (const side of ["ours", "bare"]) {
      expect(blocks[side].flat()).toHaveLength(1);
      expect(Math.min(...blocks[side].flat())).toBeGreaterThan(0);
    }
  }
  await expect(request("nothing")).rejects.toThrow("not a function");
  const waiting = request("training", small);
  stop();
  await expect(waiting).rejects.toThrow("its process ended with SIGKILL");
}, 120_000);

test("a provider that is missing has its reason", async () => {
  const { startProvider } = await import("./gpu/node-provider.mjs");
  const missing = process.platform === "win32" ? "coreml" : "dml";
  const { request, stop } = await startProvider(missing);
  expect(await request("describe")).toEqual({
    available: false,
    reason: expect.stringContaining(` alone, and this is ${process.platform}`),
  });
  stop();
}, 60_000);

interface Answer {
  readonly available: boolean;
  readonly reason: string;
  readonly adapter: { readonly vendor: string };
  readonly dispatches: Readonly<Record<"ours" | "bare", number>>;
  readonly bytes: number;
  readonly grown: number;
}
interface Page {
  request(method: string, ...args: unknown[]): Promise<Answer>;
  close(): Promise<void>;
}
interface Pages {
  withPages<T>(
    options: { flags: string[] },
    work: (pages: { open(name: string): Promise<Page> }) => Promise<T>,
  ): Promise<T>;
}

test.runIf(allEngines && enginePath("chromium"))(
  "the page takes a step on whatever adapter it has",
  async () => {
    const { withPages } = (await import("./pages.mjs")) as unknown as Pages;
    const flags = ["--enable-unsafe-webgpu"];
    const found = await withPages({ flags }, async ({ open }) => {
      const { request, close } = await open("gpu");
      const about = await request("describe", "onnx/webgpu");
      const step = about.available ? await request("step", "onnx/webgpu", { small: true }) : about;
      await close();
      return { about, step };
    });
    if (!found.about.available) return expect(found.about.reason).toContain("WebGPU is not there");
    expect(found.about.adapter.vendor).not.toBe("");
    expect(found.step.dispatches.bare).toBeGreaterThan(100);
    expect(found.step.dispatches.ours).toBeGreaterThanOrEqual(found.step.dispatches.bare - 20);
    expect(found.step.bytes).toBeGreaterThan(2 ** 16);
    expect(found.step.grown).toBe(0);
  },
  300_000,
);
