import { type FloatArray, normalNoise } from "@gen/math";
import { describe, expect, it } from "vitest";
import { type Progress, sample, sampler, sampleSteps, stepTable } from "../src/index.ts";

const level = (t: number) => {
  const angle = (1.5 * (t + 1)) / 10;
  return { signal: Math.cos(angle), noise: Math.sin(angle) };
};
const transitions = (timesteps: number[]) =>
  timesteps.map((t, i) => ({ t, from: level(t), to: level(timesteps[i + 1] ?? -1) }));
const list = transitions([9, 7, 4, 2, 0]);
const steps = stepTable(list, { eta: 1 });
// Exact for data from N(0, 0.25): E[epsilon | x] = noise / (signal^2 / 4 + noise^2) x.
const oracle = (x: FloatArray, t: number) => {
  const { signal, noise } = level(t);
  return x.map((v) => (noise / (signal ** 2 / 4 + noise ** 2)) * v);
};

describe("sample with a function as the denoiser", () => {
  it("equals the recursion written by hand", async () => {
    const noise = (k: number, size: number) => Float64Array.from({ length: size }, (_, i) => k - i);
    let x = 0.7;
    for (const [k, { from, to }] of list.entries()) {
      const e = oracle(Float64Array.of(x), list[k].t)[0];
      const x0 = (x - from.noise * e) / from.signal;
      const variance =
        to.noise ** 2 * (1 - ((from.signal * to.noise) / (to.signal * from.noise)) ** 2);
      x = to.signal * x0 + Math.sqrt(to.noise ** 2 - variance) * e + Math.sqrt(variance) * (k - 0);
    }
    const out = await sample({ denoiser: oracle, steps, shape: [1, 1], x: [0.7], noise });
    expect(out.x[0]).toBeCloseTo(x, 12);
    expect(out.x).toBeInstanceOf(Float64Array);
    expect(out.shape).toEqual([1, 1]);
  });

  it("reaches the data's variance", async () => {
    const many = transitions(Array.from({ length: 200 }, (_, i) => 9 - i * 0.0495));
    const table = stepTable(many, { eta: 1 });
    const { x } = await sample({ denoiser: oracle, steps: table, shape: [20_000, 1], seed: 3 });
    const variance = Array.from(x).reduce((sum, v) => sum + v * v, 0) / x.length;
    expect(variance).toBeGreaterThan(0.25 * 0.95);
    expect(variance).toBeLessThan(0.25 * 1.05);
  });

  it("gives the same samples for any split of the batch, also with seed 0", async () => {
    const all = await sample({ denoiser: oracle, steps, shape: [6, 2], seed: 0 });
    const part = await sample({ denoiser: oracle, steps, shape: [2, 2], seed: 0, firstIndex: 3 });
    expect(Array.from(part.x)).toEqual(Array.from(all.x.subarray(6, 10)));
    const other = await sample({ denoiser: oracle, steps, shape: [6, 2], seed: 1 });
    expect(Array.from(other.x)).not.toEqual(Array.from(all.x));
    const still = await sample({
      denoiser: (x) => x.map(() => 0),
      steps: stepTable([{ t: 0, from: { signal: 1, noise: 1 }, to: { signal: 1, noise: 1 } }]),
      shape: [2, 2],
      seed: 0,
    });
    const initial = normalNoise({ seed: 0, purpose: "initial", batch: 2, size: 2 });
    expect(Array.from(still.x)).toEqual(Array.from(initial));
  });

  it("calls for noise only in rows that add noise", async () => {
    const rows: number[] = [];
    const noise = (k: number, size: number) => {
      rows.push(k);
      return new Float64Array(size);
    };
    await sample({ denoiser: oracle, steps, shape: [1, 2], noise });
    expect(rows).toEqual([0, 1, 2, 3]);
    await sample({ denoiser: oracle, steps: stepTable(list), shape: [1, 2], noise });
    expect(rows).toEqual([0, 1, 2, 3]);
  });

  it("clips x0, and keeps the predicted noise or derives the noise from the clipped x0", async () => {
    const [from, to] = [
      { signal: 0.6, noise: 0.8 },
      { signal: 0.8, noise: 0.6 },
    ];
    const one = async (keepEpsilon: boolean, clip: number | [number, number]) => {
      const table = stepTable([{ t: 0, from, to }], { keepEpsilon });
      const denoiser = () => Float64Array.of(0.5);
      return (await sample({ denoiser, steps: table, shape: [1, 1], x: [1], clip })).x[0];
    };
    // Unclipped, x0 is (1 - 0.8 * 0.5) / 0.6 = 1.
    expect(await one(true, 5)).toBeCloseTo(0.8 * 1 + 0.6 * 0.5, 14);
    expect(await one(true, 0.4)).toBeCloseTo(0.8 * 0.4 + 0.6 * 0.5, 14);
    expect(await one(false, [-2, 0.4])).toBeCloseTo(0.8 * 0.4 + (0.6 * (1 - 0.6 * 0.4)) / 0.8, 14);
    await expect(one(true, -1)).rejects.toThrow(/clip must be a positive number/);
  });

  it("reports the same steps to onStep and to an iteration", async () => {
    const reported: { t: number; x: number[]; x0: number[] }[] = [];
    let last: Progress | undefined;
    const onStep = async (progress: Progress) => {
      const [x, x0] = await Promise.all([progress.x(), progress.x0()]);
      reported.push({ t: progress.t, x: [...x], x0: [...x0] });
      last = progress;
    };
    const options = { denoiser: oracle, steps, shape: [2, 1], seed: 4 };
    const result = await sample({ ...options, onStep });
    expect(reported.map(({ t }) => t)).toEqual([9, 7, 4, 2, 0]);
    expect(reported[4].x).toEqual([...result.x]);
    expect(reported[4].x0).toEqual([...result.x]);
    expect(last).toMatchObject({ step: 4, steps: 5, secondsLeft: 0 });
    const iterated = [];
    for await (const { t, x, x0 } of sampleSteps(options)) {
      iterated.push({ t, x: [...x], x0: [...x0] });
    }
    expect(iterated).toEqual(reported);
    expect(iterated[4].x).toEqual([...result.x]);
  });

  it("stops within a step when aborted", async () => {
    const controller = new AbortController();
    let calls = 0;
    const run = sample({
      denoiser: (x) => {
        calls++;
        return x;
      },
      steps,
      shape: [1, 1],
      signal: controller.signal,
      onStep: ({ step }) => step === 1 && controller.abort(new Error("enough")),
    });
    await expect(run).rejects.toThrow("enough");
    expect(calls).toBe(2);
    await expect(
      sample({ denoiser: oracle, steps, shape: [1, 1], signal: { aborted: true } }),
    ).rejects.toMatchObject({ name: "AbortError" });
  });

  it("yields to other work, such as the message that aborts it", async () => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), 30);
    const busy = (x: FloatArray) => {
      const end = Date.now() + 5;
      while (Date.now() < end);
      return x;
    };
    const long = Array.from({ length: 400 }, () => steps[0]);
    const run = sample({ denoiser: busy, steps: long, shape: [1, 1], signal: controller.signal });
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    clearTimeout(timer);
  });

  it("throws for a bad option, with its name", async () => {
    const options = { denoiser: oracle, steps, shape: [2, 2] };
    const wrong = (change: object) => expect(sample({ ...options, ...change })).rejects;
    await wrong({ steps: [] }).toThrow("steps must have a row, got none");
    await wrong({ shape: [0, 2] }).toThrow("shape must be [batch, ...] of positive integers");
    await wrong({ x: [1, 2, 3] }).toThrow("x must hold 4 numbers for shape [2, 2], got 3");
    await wrong({ noise: () => new Float64Array(3) }).toThrow(
      "noise of step 0 must hold 4 numbers",
    );
    await wrong({ denoiser: () => [1] }).toThrow(
      "a denoiser's output must be 4 numbers, as x is, got 1",
    );
    await wrong({ seed: -1 }).toThrow(/seed/);
    const model = { predicts: "v" as const, parameters: [], apply: (x: never) => x };
    await wrong({ denoiser: model }).toThrow("predicts v, got epsilon");
  });

  it("can be left early, and then returns no samples", async () => {
    const run = sampler({ denoiser: oracle }).sampleSteps({ steps, shape: [1, 1] });
    for await (const { step } of run) if (step === 1) break;
    expect(await run.next()).toEqual({ done: true, value: undefined });
  });
});
