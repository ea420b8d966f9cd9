import { expect, it } from "vitest";
import type { Backend, DeviceTensor } from "../src/index.ts";
import { onnxBackend } from "../src/onnx.ts";
import { tfjsBackend } from "../src/tfjs.ts";
import { expected, peakOf, sampleOnce } from "./step-loop.ts";

const makers: Record<string, () => Promise<Backend<DeviceTensor>>> = {
  "onnx/node-cpu": () => onnxBackend({ provider: "cpu" }),
  "onnx/wasm": () => onnxBackend({ provider: "wasm" }),
  "tfjs/wasm": () => tfjsBackend({ device: "wasm" }),
};

const megabytes = () => process.memoryUsage().rss / 2 ** 20;
const all = process.env.GEN_TEST_ALL === "1";

for (const [name, make] of Object.entries(makers)) {
  it(`${name}: 1,000 steps leave memory flat`, async () => {
    const backend = await make();
    const long = { steps: 1000, size: 2 ** 15 };
    let [warm, live] = [0, 0];
    const value = await sampleOnce(backend, long, (step) => {
      if (step === 20) warm = megabytes();
      if (step >= 20) live = Math.max(live, megabytes());
    });
    expect(value).toBeCloseTo(expected(long), 4);
    expect(backend.memory()).toEqual({ live: 0, bytes: 0, peakBytes: peakOf(long) });
    // A kept x would be a quarter of a megabyte in each of them.
    expect(live - warm).toBeLessThan(150);
    await backend.close();
  });

  it(`${name}: 100 samples in a row leave memory flat`, async () => {
    const backend = await make();
    const short = { steps: 5, size: 2 ** 12 };
    for (let i = 0; i < 100; i++) {
      expect(await sampleOnce(backend, short)).toBeCloseTo(expected(short), 5);
      expect(backend.memory()).toEqual({ live: 0, bytes: 0, peakBytes: peakOf(short) });
    }
    await backend.close();
  });

  const openings = all ? 200 : 20;
  it(`${name}: ${openings} backends made and closed leave memory flat`, async () => {
    const short = { steps: 2, size: 2 ** 19 };
    let [warm, after] = [0, 0];
    for (let i = 0; i < openings; i++) {
      const backend = await make();
      await sampleOnce(backend, short);
      const left = backend.upload(new Float32Array(2 ** 19), [2 ** 19]);
      expect(backend.memory().live).toBe(1);
      await backend.close();
      expect(backend.memory().live).toBe(0);
      expect(backend.memory().peakBytes).toBe(peakOf(short));
      expect(() => backend.shapeOf(left)).not.toThrow();
      after = megabytes();
      if (i === 4) warm = after;
    }
    // What each of them held is 14 megabytes.
    expect(after - warm).toBeLessThan(120);
  });
}

const samplings = all ? 2000 : 300;
it(`onnx/node-cpu: ${samplings} samplings that each compile leave memory flat`, async () => {
  const backend = await onnxBackend({ provider: "cpu" });
  const short = { steps: 2, size: 2 ** 16 };
  const settled = samplings / 2;
  let warm = 0;
  for (let i = 0; i < samplings; i++) {
    await sampleOnce(backend, short);
    if (i === settled) warm = megabytes();
  }
  // A program that stays takes half a megabyte: its weights, and the file that they came in.
  const growth = (megabytes() - warm) / (samplings - settled);
  expect(growth).toBeLessThan(all ? 0.02 : 0.1);
  await backend.close();
});

const cycles = all ? 300 : 20;
it(`in a worker: ${cycles} backends opened and closed leave no thread and memory flat`, async () => {
  const { readdirSync } = process.getBuiltinModule("node:fs");
  const threads = () => readdirSync("/proc/self/task").length;
  const onLinux = process.platform === "linux";
  let [warm, warmThreads] = [0, 0];
  for (let i = 0; i < cycles; i++) {
    const backend = await onnxBackend({ provider: "cpu", worker: true });
    await backend.close();
    if (i !== 9) continue;
    warm = megabytes();
    if (onLinux) warmThreads = threads();
  }
  // A worker that stays takes several megabytes, and two threads or more.
  expect(megabytes() - warm).toBeLessThan(30);
  if (onLinux) await expect.poll(threads).toBeLessThan(warmThreads + 5);
});
