import { tensor } from "@gen/graph";
import { normalNoise } from "@gen/math";
import { unet, weightsOf, withWeights } from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { denoiser, sample, sampler } from "@gen/sampling";
import { cosineSchedule } from "@gen/schedules";
import { expect, it } from "vitest";
import { loadPipeline, pipelineFiles } from "../src/index.ts";
import { table } from "./networks.ts";

const zero = unet({ size: 8, channels: 8, multipliers: [1, 2], seed: 2 });
// A UNet's output starts at zero; random weights make it speak.
const weights = Object.entries(weightsOf(zero)).map(([name, one]) => {
  const data = one.data as Float32Array;
  if (!data.every((v) => v === 0)) return [name, one];
  const noise = normalNoise({ seed: 1, purpose: name, batch: 1, size: data.length });
  const numbers = noise.map((v) => v / 10);
  return [name, tensor(numbers, one.shape)];
});
const network = withWeights(zero, Object.fromEntries(weights));
const files = pipelineFiles({
  kind: "diffusion",
  denoiser: denoiser(network),
  scheduler: { schedule: cosineSchedule({ steps: 10 }) },
  shape: [1, 8, 8],
});

it("samples a pipeline from its folder to the same images on every backend", async () => {
  const { denoiser: model, shape } = await loadPipeline((path) => Promise.resolve(files[path]));
  const found: Float32Array[] = [];
  for (const backend of [
    cpuBackend(),
    await onnxBackend(),
    await onnxBackend({ provider: "wasm" }),
    await tfjsBackend(),
  ] as Backend[]) {
    const ready = sampler({ backend, denoiser: model });
    const run = { steps: table(1), seed: 7, clip: 2 };
    const { x } = await ready.sample({ ...run, shape: [3, ...shape] });
    // In two parts, as a larger batch would be split.
    const first = await ready.sample({ ...run, shape: [2, ...shape] });
    const rest = await ready.sample({ ...run, shape: [1, ...shape], firstIndex: 2 });
    for (const [i, v] of [...first.x, ...rest.x].entries()) expect(x[i]).toBeCloseTo(v, 4);
    found.push(Float32Array.from(x));
    await ready.dispose();
    expect(backend.memory().live, backend.name).toBe(0);
    await backend.close();
  }
  const [reference, ...others] = found;
  expect(Math.max(...reference)).toBeGreaterThan(0.5);
  const still = await sample({
    denoiser: (x) => x.map(() => 0),
    steps: table(1),
    seed: 7,
    clip: 2,
    shape: [3, 1, 8, 8],
  });
  expect(Math.max(...reference.map((v, i) => Math.abs(v - still.x[i])))).toBeGreaterThan(0.1);
  for (const x of others) {
    for (const [i, v] of reference.entries()) expect(Math.abs(x[i] - v)).toBeLessThan(1e-3);
  }
});
