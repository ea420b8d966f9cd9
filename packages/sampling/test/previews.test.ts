import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { afterAll, describe, expect, it } from "vitest";
import { type Progress, sample, sampleSteps } from "../src/index.ts";
import { smallDenoiser, table } from "./networks.ts";

const backends: Record<string, Backend> = { cpu: cpuBackend(), onnx: await onnxBackend() };
const run = { denoiser: smallDenoiser(), steps: table(1), shape: [3, 2], seed: 1 };
const last = run.steps.length - 1;
afterAll(() => Promise.all(Object.values(backends).map((each) => each.close())));

/** The backend with downloads that wait for `release`, and the number of downloads. */
function holdDownloads(backend: Backend) {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const count = { downloads: 0 };
  const download: Backend["download"] = async (tensor) => {
    count.downloads++;
    // The tensor may be disposed of as soon as its download has started.
    const reading = backend.download(tensor);
    await gate;
    return reading;
  };
  return { backend: { ...backend, download }, release, count };
}

/** x and x0 of every step, each read before the next step. */
async function everyStep(backend: Backend) {
  const steps: { x: number[]; x0: number[] }[] = [];
  for await (const { x, x0 } of sampleSteps({ ...run, backend })) {
    steps.push({ x: [...x], x0: [...x0] });
  }
  return steps;
}

describe.each(Object.keys(backends))("previews on %s", (name) => {
  const real = backends[name];

  it("do not stall the loop, and hold their own step's values", async () => {
    const expected = await everyStep(real);
    const before = real.memory().live;
    const { backend, release } = holdDownloads(real);
    const previews: Promise<unknown>[] = [];
    const arrived: number[] = [];
    const note = (step: number, kind: "x" | "x0", reading: Promise<ArrayLike<number>>) => {
      const noted = reading.then((values) => {
        arrived.push(step);
        expect(Array.from(values), `${kind} of step ${step}`).toEqual(expected[step][kind]);
      });
      previews.push(noted);
    };
    const onStep = ({ step, x, x0 }: Progress) => {
      if (step < 2) {
        note(step, "x", x());
        note(step, "x0", x0());
      }
      if (step < last) return;
      // All steps are taken, and no download has ended.
      expect(arrived).toEqual([]);
      release();
    };
    const { x } = await sample({ ...run, backend, onStep });
    await Promise.all(previews);
    expect(arrived).toHaveLength(4);
    expect([...x]).toEqual(expected[last].x);
    expect(real.memory().live).toBe(before);
  }, 20_000);

  it("are complete if the run is aborted meanwhile", async () => {
    const expected = await everyStep(real);
    const before = real.memory().live;
    const { backend, release } = holdDownloads(real);
    const controller = new AbortController();
    const previews: Promise<ArrayLike<number>>[] = [];
    const onStep = ({ step, x, x0 }: Progress) => {
      if (step === 0) previews.push(x(), x0());
      if (step < 2) return;
      controller.abort();
      release();
    };
    const aborted = sample({ ...run, backend, onStep, signal: controller.signal });
    await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
    const [x, x0] = await Promise.all(previews);
    expect({ x: Array.from(x), x0: Array.from(x0) }).toEqual(expected[0]);
    expect(real.memory().live).toBe(before);
  }, 20_000);

  it("are read only when they are called for", async () => {
    const { backend, release, count } = holdDownloads(real);
    release();
    await sample({ ...run, backend, onStep: () => undefined });
    expect(count.downloads).toBe(1);
  });
});
