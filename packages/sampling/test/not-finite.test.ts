import { cast, type Expr, less, log, mul, reshape, sub, where } from "@gen/graph";
import { type FloatArray, GenError } from "@gen/math";
import { dit, mlp, unet } from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { linearSchedule } from "@gen/schedules";
import { afterAll, describe, expect, it, test } from "vitest";
import {
  classifierFree,
  classifierGuided,
  compose,
  type Denoiser,
  type DenoiserFunction,
  denoiser,
  generate,
  inpaint,
  sample,
  sampleSteps,
} from "../src/index.ts";
import { table } from "./networks.ts";

const steps = table(0); // t = 9, 7, 4, 2, 0
const shape = [3, 2];
const nan = Number.NaN;

/** Gives NaN below t = 5. */
const broken: Denoiser = {
  predicts: "epsilon",
  parameters: [],
  apply(x, t) {
    const early = less(reshape(cast(t, x.dtype), [x.shape[0], 1]), 5);
    return where(early, log(sub(mul(x, 0), 1)), x);
  },
};
const brokenFunction: DenoiserFunction = (x, t) => (t < 5 ? x.map(() => nan) : x);

describe("a denoiser that gives NaN", () => {
  const calls: number[] = [];
  const counted: DenoiserFunction = (x, t) => {
    calls.push(t);
    return brokenFunction(x, t);
  };

  it.each([false, 1, { ratio: 0.9, max: 2 }] as const)(
    "is stopped at its step, clip %o",
    async (clip) => {
      calls.length = 0;
      const error = await sample({ denoiser: counted, steps, shape, clip }).catch((e) => e);
      expect(error).toBeInstanceOf(GenError);
      expect(error.code).toBe("not-finite");
      expect(error.message).toMatch(
        /^x is NaN at index 0 after step 2 \(t = 4\) of 5 steps: check/,
      );
      expect(calls).toEqual([9, 7, 4]);
    },
  );

  it("may also give infinity", async () => {
    const denoiser: DenoiserFunction = (x, t) =>
      x.map((v, i) => (t === 2 && i === 4 ? Infinity : v));
    await expect(sample({ denoiser, steps, shape })).rejects.toThrow(
      /x is -?Infinity at index 4 after step 3 \(t = 2\)/,
    );
  });

  const backends: Record<string, () => Promise<Backend>> = {
    cpu: async () => cpuBackend(),
    onnx: () => onnxBackend(),
    "tfjs cpu": () => tfjsBackend({ device: "cpu" }) as Promise<Backend>,
    "tfjs wasm": () => tfjsBackend({ device: "wasm" }) as Promise<Backend>,
  };
  describe.each(Object.entries(backends))("on %s", (_, open) => {
    const opened = open();
    afterAll(async () => (await opened).close());

    it.each([false, 1, { ratio: 0.9, max: 2 }] as const)("clip %o", async (clip) => {
      const backend = await opened;
      const before = backend.memory().live;
      const run = { backend, denoiser: broken, steps, shape, clip };
      await expect(sample(run)).rejects.toMatchObject({
        code: "not-finite",
        message: expect.stringMatching(/^x is NaN at index 0 after step 2 \(t = 4\) of 5 steps/),
      });
      const seen: number[] = [];
      const iterate = async () => {
        for await (const { step } of sampleSteps(run)) seen.push(step);
      };
      await expect(iterate()).rejects.toThrow(/^x is NaN at index 0 after step 2 \(t = 4\)/);
      expect(seen).toEqual([0, 1]);
      expect(backend.memory().live).toBe(before);
    });
  });
});

describe("arguments that hold no finite numbers", () => {
  const run = { denoiser: (x: FloatArray) => x, steps, shape: [1, 2] };

  it.each([
    [[nan, 1], "hold finite numbers, got NaN at index 0"],
    [Float32Array.of(0, Infinity), "hold finite numbers, got Infinity at index 1"],
    [["1", "2"], 'hold finite numbers, got "1" at index 0'],
    ["12", 'be numbers in an array, got "12"'],
    [[1, undefined], "hold finite numbers, got undefined at index 1"],
    [[1, null], "hold finite numbers, got null at index 1"],
  ])("x %j", async (x, message) => {
    await expect(sample({ ...run, x: x as number[] })).rejects.toThrow(`x must ${message}`);
  });

  it("a condition", async () => {
    const model = denoiser(mlp({ inputs: 2, hidden: [4], time: true, classes: 3 }));
    const conditional = { steps, backend: cpuBackend(), denoiser: model, shape: [2, 2] };
    for (const [condition, got] of [
      [["1", 2], '"1" at index 0'],
      [[0, nan], "NaN at index 1"],
    ] as const) {
      await expect(sample({ ...conditional, condition: condition as never })).rejects.toThrow(
        `condition must hold finite numbers, got ${got}`,
      );
    }
  });

  it("noise, known values and a mask", async () => {
    const noise = (step: number) => Float64Array.of(step === 1 ? nan : 0, 0);
    await expect(sample({ ...run, steps: table(1), noise })).rejects.toThrow(
      "noise of step 1 must hold finite numbers, got NaN at index 0",
    );
    const schedule = linearSchedule({ steps: 10 });
    const both = { schedule, shape: [1, 2], known: [0, 1], mask: [1, 0] };
    expect(() => inpaint(run.denoiser, { ...both, known: [0, nan] })).toThrow(
      "known must hold finite numbers, got NaN at index 1",
    );
    expect(() => inpaint(run.denoiser, { ...both, mask: ["1", 0] as number[] })).toThrow(
      'mask must hold finite numbers, got "1" at index 0',
    );
  });
});

test("a VAE's decoder that gives NaN is named", async () => {
  const decode = (z: Expr) => log(sub(mul(z, 0), 1));
  const vae = { image: [2], parameters: [], decode };
  const pipeline = { kind: "vae", vae, shape: [2] } as const;
  await expect(generate(pipeline, { backend: cpuBackend() })).rejects.toMatchObject({
    code: "not-finite",
    message: expect.stringContaining("the VAE's decoder gives NaN at index 0"),
  });
});

describe("functions that overwrite their x", () => {
  const schedule = linearSchedule({ steps: 10 });
  const keeps: DenoiserFunction = (x, t) => x.map((v) => v / (t + 2));
  const overwrites: DenoiserFunction = (x, t) => {
    const output = keeps(x, t);
    x.fill(1e3);
    return output;
  };
  const slope = (x: FloatArray) => x.map((v) => -v);
  const overwritingSlope = (x: FloatArray) => {
    const output = slope(x);
    x.fill(1e3);
    return output;
  };
  const guided = { schedule, scale: 2 };
  const forms: Record<string, (f: DenoiserFunction, g: typeof slope) => DenoiserFunction> = {
    alone: (f) => f,
    "classifier-free": (f) => classifierFree(f, { scale: 2, unconditional: f, shape }),
    composed: (f) => compose(f, { conditions: [{ condition: f, scale: 2 }], rescale: 0.5, shape }),
    "guided by the score": (f, g) => classifierGuided(f, g, guided),
    "guided by the mean": (f, g) => classifierGuided(f, g, { ...guided, form: "mean" }),
    inpainting: (f) => inpaint(f, { schedule, shape, known: [0, 1], mask: [1, 0] }),
  };

  it.each(Object.entries(forms))("%s", async (_, form) => {
    const run = { steps: table(1), shape, seed: 3 };
    const expected = await sample({ ...run, denoiser: form(keeps, slope) });
    const found = await sample({ ...run, denoiser: form(overwrites, overwritingSlope) });
    expect([...found.x]).toEqual([...expected.x]);
  });
});

test("networks of classes are not sampled without a condition", async () => {
  const image = { size: 4, inChannels: 1, classes: 1000 };
  const networks = {
    mlp: [mlp({ inputs: 2, hidden: [4], time: true, classes: 1000 }), [2, 2]],
    unet: [unet({ ...image, channels: 4, multipliers: [1], groups: 1 }), [2, 1, 4, 4]],
    dit: [dit({ ...image, patch: 2, width: 8, depth: 1, heads: 1 }), [2, 1, 4, 4]],
  } as const;
  for (const [name, [network, shape]] of Object.entries(networks)) {
    const run = { backend: cpuBackend(), denoiser: denoiser(network), steps, shape };
    await expect(sample(run), name).rejects.toThrow(
      "the network needs its argument condition, got none",
    );
  }
});
