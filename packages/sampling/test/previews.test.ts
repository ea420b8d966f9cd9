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

/** The backend with readings that wait until they are let go, and how many were asked for. */
function held(backend: Backend) {
  let letGo = (): void => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const asked = { readings: 0 };
  const download: Backend["download"] = async (tensor) => {
    asked.readings++;
    // The tensor may be disposed of as soon as the reading has begun.
    const reading = backend.download(tensor);
    await gate;
    return reading;
  };
  return { backend: { ...backend, download }, letGo, asked };
}

/** x and x0 of every step, each awaited before the next. */
async function everyStep(backend: Backend) {
  const seen: { x: number[]; x0: number[] }[] = [];
  for await (const { x, x0 } of sampleSteps({ ...run, backend })) {
    seen.push({ x: [...x], x0: [...x0] });
  }
  return seen;
}

describe.each(Object.keys(backends))("previews on %s", (name) => {
  const real = backends[name];

  it("do not stall the loop, and hold the values of their own step", async () => {
    const wanted = await everyStep(real);
    const before = real.memory().live;
    const { backend, letGo } = held(real);
    const previews: Promise<unknown>[] = [];
    const arrived: number[] = [];
    const note = (step: number, kind: "x" | "x0", reading: Promise<ArrayLike<number>>) => {
      const noted = reading.then((values) => {
        arrived.push(step);
        expect(Array.from(values), `${kind} of step ${step}`).toEqual(wanted[step][kind]);
      });
      previews.push(noted);
    };
    const onStep = ({ step, x, x0 }: Progress) => {
      if (step < 2) {
        note(step, "x", x());
        note(step, "x0", x0());
      }
      if (step < last) return;
      // All steps are taken, and not one reading has ended.
      expect(arrived).toEqual([]);
      letGo();
    };
    const { x } = await sample({ ...run, backend, onStep });
    await Promise.all(previews);
    expect(arrived).toHaveLength(4);
    expect([...x]).toEqual(wanted[last].x);
    expect(real.memory().live).toBe(before);
  }, 20_000);

  it("come whole where the run is aborted meanwhile", async () => {
    const wanted = await everyStep(real);
    const before = real.memory().live;
    const { backend, letGo } = held(real);
    const controller = new AbortController();
    const previews: Promise<ArrayLike<number>>[] = [];
    const onStep = ({ step, x, x0 }: Progress) => {
      if (step === 0) previews.push(x(), x0());
      if (step < 2) return;
      controller.abort();
      letGo();
    };
    const aborted = sample({ ...run, backend, onStep, signal: controller.signal });
    await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
    const [x, x0] = await Promise.all(previews);
    expect({ x: Array.from(x), x0: Array.from(x0) }).toEqual(wanted[0]);
    expect(real.memory().live).toBe(before);
  }, 20_000);

  it("are read only where they are asked for", async () => {
    const { backend, letGo, asked } = held(real);
    letGo();
    await sample({ ...run, backend, onStep: () => undefined });
    expect(asked.readings).toBe(1);
  });
});
