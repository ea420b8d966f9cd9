import { type FloatArray, type NoiseLevel, randomStream } from "@gen/math";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { linearSchedule } from "@gen/schedules";
import { describe, expect, it } from "vitest";
import { ddimSteps, dpmSolverSteps, optimalTimesteps, type Step, sample } from "../src/index.ts";
import { smallDenoiser } from "./networks.ts";

const schedule = linearSchedule();
// Two half moons, one upside down.
const anchors = Array.from({ length: 128 }, (_, i) => {
  const angle = (Math.PI * (i >> 1)) / 63;
  return i % 2 === 0
    ? [Math.cos(angle), Math.sin(angle)]
    : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
}).flat();

/** The exact epsilon of the anchors. */
function epsilon(x: FloatArray, { signal, noise }: NoiseLevel): Float64Array {
  const out = new Float64Array(x.length);
  for (let b = 0; b < x.length; b += 2) {
    const logits: number[] = [];
    for (let k = 0; k < anchors.length; k += 2) {
      const gap = (x[b] - signal * anchors[k]) ** 2 + (x[b + 1] - signal * anchors[k + 1]) ** 2;
      logits.push(-gap / (2 * noise ** 2));
    }
    const most = Math.max(...logits);
    let [total, first, second] = [0, 0, 0];
    for (const [k, logit] of logits.entries()) {
      const weight = Math.exp(logit - most);
      total += weight;
      first += weight * anchors[2 * k];
      second += weight * anchors[2 * k + 1];
    }
    out[b] = (x[b] - (signal * first) / total) / noise;
    out[b + 1] = (x[b + 1] - (signal * second) / total) / noise;
  }
  return out;
}

const denoiser = (x: FloatArray, t: number) => epsilon(x, schedule.level(t));

describe("optimalTimesteps", () => {
  it("brings DPM-Solver++ closer to the flow's end than equal steps do", async () => {
    const shape = [64, 2];
    const x = randomStream({ seed: 4 }).normal(128);
    const end = async (steps: readonly Step[]) => (await sample({ denoiser, steps, shape, x })).x;
    const exact = await end(ddimSteps(schedule, { steps: 1000 }));
    const distance = async (spacing: readonly number[] | "trailing") => {
      const found = Array.from(await end(dpmSolverSteps(schedule, { steps: 10, spacing })));
      return Math.sqrt(found.reduce((sum, v, i) => sum + (v - exact[i]) ** 2, 0) / found.length);
    };
    const parts: number[] = [];
    const onProgress = (done: number) => parts.push(done);
    const look = { denoiser, schedule, steps: 10, shape: [16, 2], seed: 2, onProgress };
    const list = await optimalTimesteps(look);
    expect(list).toHaveLength(10);
    expect(list[0]).toBe(999);
    expect(await distance(list)).toBeLessThan(0.7 * (await distance("trailing")));
    expect(parts).toHaveLength(100);
    expect(parts.at(-1)).toBe(1);
  });

  it("looks at a network on a backend, frees all, and gives as many steps as there are", async () => {
    const backend = cpuBackend();
    const short = linearSchedule({ steps: 12 });
    const options = { backend, denoiser: smallDenoiser(), schedule: short, shape: [3, 2] };
    const list = await optimalTimesteps({ ...options, steps: 12 });
    expect(list).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(backend.memory().live).toBe(0);
    await expect(optimalTimesteps({ ...options, steps: 13 })).rejects.toThrow(
      "steps must be an integer in 1..12, got 13",
    );
  });
});
