import { randomStream } from "@gen/math";
import { mlp } from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { linearSchedule } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { ddimSteps, denoiser, sample } from "../src/index.ts";

const schedule = linearSchedule();
const net = denoiser(mlp({ inputs: 2, hidden: [16], time: true }));
const steps = ddimSteps(schedule, { steps: 20 });
const draw = (backend: Backend, seed: number, signal?: AbortSignal) =>
  sample({ backend, denoiser: net, steps, shape: [8, 2], seed, signal });

describe.each(["worker", "isolate"])("a backend with %s", (where) => {
  it("gives samplings at the same time the numbers of samplings in turn", async () => {
    const backend = await onnxBackend({ provider: "cpu", [where]: true });
    const inTurn = [await draw(backend, 1), await draw(backend, 2)];
    const together = await Promise.all([draw(backend, 1), draw(backend, 2)]);
    expect(together.map(({ x }) => x)).toEqual(inTurn.map(({ x }) => x));
    expect(backend.memory().live).toBe(0);
    await backend.close();
  });

  it("stays usable after samplings that are aborted at any moment, and keeps no tensor", async () => {
    const backend = await onnxBackend({ provider: "cpu", [where]: true });
    const started = performance.now();
    const { x } = await draw(backend, 1);
    const whole = performance.now() - started;
    const moments = randomStream({ seed: 3 }).uniform(new Float32Array(30));
    for (const moment of moments) {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), moment * whole);
      const ended = await draw(backend, 1, controller.signal).catch((error: Error) => error);
      clearTimeout(timer);
      if (ended instanceof Error) expect(ended.name).toBe("AbortError");
      else expect(ended.x).toEqual(x);
      expect(backend.memory().live).toBe(0);
    }
    expect((await draw(backend, 1)).x).toEqual(x);
    await backend.close();
  });
});
