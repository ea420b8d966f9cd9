import { arrayDataset } from "@gen/data";
import { abs, constant, type Expr, graphOf, mean, tensor } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { randomStream } from "@gen/math";
import { dit, type Network, unet } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { type Denoiser, denoiser, splitVariance } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { afterAll, describe, expect, it } from "vitest";
import { ddpmLosses } from "../src/ddpm-loss.ts";
import { ddpmSteps, generate, sample, trainDdpm } from "../src/index.ts";

const schedule = linearSchedule({ steps: 40, betaEnd: 0.3 });
const backend = await onnxBackend();
afterAll(() => backend.close());

// Images of 4x4 with a bright left or right half.
const length = 64;
const data = Uint8Array.from({ length: 16 * length }, (_, i) =>
  i % 4 < 2 === Math.floor(i / 16) % 2 < 1 ? 230 : 25,
);
const dataset = arrayDataset({ data, shape: [length, 4, 4], dtype: "uint8" });

const shape = [length, 1, 4, 4];
const inputs = {
  x0: constant(
    tensor(
      Float32Array.from(data, (v) => v / 127.5 - 1),
      shape,
    ),
  ),
  t: constant(
    tensor(
      Array.from({ length }, (_, i) => i % 40),
      [length],
      "int64",
    ),
  ),
  epsilon: constant(tensor(randomStream({ seed: 9 }).normal(16 * length), shape)),
};

/** The bound's average term in bits per dimension. */
function bound(model: Denoiser): number {
  const vlb = mean(ddpmLosses(model, schedule, { objective: "vlb" })(inputs));
  return evaluate(graphOf({ vlb }), {}).vlb.data[0] as number;
}

/** The mean size of the raw numbers of the variance, which start at 0. */
function rawVariance(model: Denoiser): number {
  const raw = splitVariance(model.apply(inputs.x0, inputs.t), inputs.x0).variance as Expr;
  return evaluate(graphOf({ size: mean(abs(raw)) }), {}).size.data[0] as number;
}

const networks: Record<string, () => Network> = {
  unet: () =>
    unet({ size: 4, channels: 8, multipliers: [1], learnedVariance: true, dropout: 0.05 }),
  dit: () => dit({ size: 4, width: 32, depth: 2, learnedVariance: true }),
};

describe.each(Object.keys(networks))("a %s with a learned variance", (name) => {
  it("learns by the hybrid loss, its variance too, and samples with that variance", async () => {
    const network = networks[name]();
    const before = bound(denoiser(network));
    expect(rawVariance(denoiser(network))).toBe(0);
    const { pipeline, training } = await trainDdpm({
      backend,
      network,
      dataset,
      schedule,
      objective: "hybrid",
      batchSize: 32,
      learningRate: 4e-3,
      steps: 300,
      onWarning: () => {},
    });
    const { denoiser: trained } = pipeline;
    const losses = training.history.map(({ losses: { loss } }) => loss);
    const average = (part: number[]) => part.reduce((a, v) => a + v, 0) / part.length;
    expect(average(losses.slice(-5))).toBeLessThan(0.35 * losses[0]);
    expect(bound(trained)).toBeLessThan(0.5 * before);
    expect(rawVariance(trained)).toBeGreaterThan(0.05);

    for (const steps of [40, 10]) {
      const { x } = await sample({
        backend,
        denoiser: trained,
        steps: ddpmSteps(schedule, { steps, variance: "learned_range" }),
        shape: [16, 1, 4, 4],
        clip: 1,
        seed: 3,
      });
      const options = { backend, count: 16, sampler: "ddpm", steps, seed: 3, clip: 1 } as const;
      expect((await generate(pipeline, options)).x).toEqual(x);
      const off = Array.from({ length: 16 }, (_, i) => {
        const image = x.subarray(16 * i, 16 * (i + 1));
        const far = (first: number) =>
          average(
            Array.from(image, (v, k) => Math.abs(v - (k % 4 < 2 === first < 1 ? 0.8 : -0.8))),
          );
        return Math.min(far(0), far(1));
      });
      expect(average(off)).toBeLessThan(0.3);
    }
  });
});
