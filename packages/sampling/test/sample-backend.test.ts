import { tensor, trace } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { describe, expect, it } from "vitest";
import { type Denoiser, sample, sampler, sampleSteps } from "../src/index.ts";
import { smallDenoiser, table } from "./networks.ts";

const backend = cpuBackend();
const denoiser = smallDenoiser();
const options = { backend, denoiser, shape: [3, 2], seed: 1 };

/** The same network as a function of numbers. */
function asFunction(model: Denoiser) {
  const graph = trace(({ x, t }) => ({ y: model.apply(x, t) }), {
    x: { shape: [3, 2] },
    t: { shape: [3], dtype: "int64" },
  });
  return (x: ArrayLike<number>, t: number) => {
    const inputs = { x: tensor(x, [3, 2], "float64"), t: tensor([t, t, t], [3], "int64") };
    return evaluate(graph, inputs).y.data as Float64Array;
  };
}

describe("sample on a backend", () => {
  it("gives the samples of the float64 loop, clipped or not", async () => {
    for (const clip of [false, 0.8] as const) {
      for (const eta of [0, 1]) {
        const run = { steps: table(eta), shape: [3, 2], seed: 1, clip };
        const fused = await sample({ backend, denoiser, ...run });
        const plain = await sample({ denoiser: asFunction(denoiser), ...run });
        for (const [i, v] of plain.x.entries()) expect(fused.x[i]).toBeCloseTo(v, 12);
      }
    }
  });

  it("waits for a backend that is opening, and rejects with the reason if it does not open", async () => {
    const run = { ...options, steps: table(0) };
    const { x } = await sample(run);
    const later = new Promise<typeof backend>((open) => setTimeout(() => open(backend), 20));
    expect((await sample({ ...run, backend: later })).x).toEqual(x);
    const failed = () => Promise.reject(new Error("no device"));
    await expect(sample({ ...run, backend: failed() })).rejects.toThrow("no device");
    // The run rejects with its own reason, and the backend's failure is no unhandled rejection.
    await expect(sample({ ...run, steps: [], backend: failed() })).rejects.toThrow("a row");
  });

  it("frees every tensor, and reads back only when called", async () => {
    const before = backend.memory().live;
    const lengths: number[] = [];
    const { x } = await sample({
      ...options,
      steps: table(1),
      onStep: async ({ step, x0 }) => {
        // Nothing awaits the last read: the run itself waits for the read.
        if (step === 4) x0().then((v) => lengths.push(v.length));
      },
    });
    expect(lengths).toEqual([6]);
    expect(x).toHaveLength(6);
    expect(backend.memory().live).toBe(before);
  });

  it("holds only x, its estimate and the noise, for tables of any length", async () => {
    const ready = sampler({ backend, denoiser });
    const most = async (steps: ReturnType<typeof table>) => {
      let live = 0;
      const onStep = () => {
        live = Math.max(live, backend.memory().live);
      };
      await ready.sample({ steps, shape: [3, 2], onStep });
      return live;
    };
    const short = await most(table(1));
    const long = await most(Array.from({ length: 20 }, () => table(1)).flat());
    expect(long).toBe(short);
    await ready.dispose();
  });

  it("frees every tensor when aborted, when left early, and when a callback throws", async () => {
    const before = backend.memory().live;
    const controller = new AbortController();
    const aborted = sample({
      ...options,
      steps: table(1),
      signal: controller.signal,
      onStep: ({ step }) => step === 2 && controller.abort(),
    });
    await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
    for await (const { step } of sampleSteps({ ...options, steps: table(1) }))
      if (step === 1) break;
    const fails = (extra: object) =>
      expect(sample({ ...options, steps: table(1), ...extra })).rejects;
    await fails({
      onStep: () => {
        throw new Error("mine");
      },
    }).toThrow("mine");
    await fails({
      noise: (k: number, size: number) => {
        if (k === 2) throw new Error("no noise");
        return new Float64Array(size);
      },
    }).toThrow("no noise");
    expect(backend.memory().live).toBe(before);
  });

  it("compiles one program for a shape, for any table and clip", async () => {
    let compiled = 0;
    const counting = {
      ...backend,
      compile: (graph: Parameters<typeof backend.compile>[0]) => {
        compiled++;
        return backend.compile(graph);
      },
    };
    const ready = sampler({ backend: counting, denoiser });
    await ready.sample({ steps: table(1), shape: [3, 2] });
    await ready.sample({ steps: table(0), shape: [3, 2], clip: 1 });
    expect(compiled).toBe(1);
    await ready.sample({ steps: table(0), shape: [4, 2] });
    expect(compiled).toBe(2);
    await ready.dispose();
  });

  it("uploads noise only for steps that add it", async () => {
    let uploads = 0;
    const counting: typeof backend = {
      ...backend,
      upload: (...args) => {
        uploads++;
        return backend.upload(...args);
      },
    };
    // Zeros, the initial x, and the coefficients and the time of each of the five steps.
    await sample({ ...options, backend: counting, steps: table(0) });
    expect(uploads).toBe(12);
    uploads = 0;
    await sample({ ...options, backend: counting, steps: table(1) });
    expect(uploads).toBe(16);
  });

  it("passes a condition to the denoiser", async () => {
    const conditional = smallDenoiser(3);
    const run = (labels: number[]) =>
      sample({
        ...options,
        denoiser: conditional,
        steps: table(0),
        condition: labels,
      });
    const before = backend.memory().live;
    const [a, b] = [await run([0, 1, 2]), await run([0, 2, 2])];
    expect([...a.x.subarray(0, 2)]).toEqual([...b.x.subarray(0, 2)]);
    expect([...a.x.subarray(2, 4)]).not.toEqual([...b.x.subarray(2, 4)]);
    expect(backend.memory().live).toBe(before);
  });

  it("throws without a backend, for steps of another prediction and for another shape", async () => {
    await expect(sample({ denoiser, steps: table(0), shape: [3, 2] })).rejects.toThrow(
      "backend must be given unless the denoiser is a function, got undefined",
    );
    const wide = { ...denoiser, predicts: "v" as const };
    await expect(sample({ ...options, denoiser: wide, steps: table(0) })).rejects.toThrow(
      "steps must be made for a denoiser that predicts v, got epsilon",
    );
    await expect(sample({ ...options, shape: [3, 5], steps: table(0) })).rejects.toThrow(/MatMul/);
  });
});
