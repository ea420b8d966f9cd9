// The runtimes' float32 samples beside the float64 of the cpu backend.
import { mlp, unet } from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { linearSchedule } from "@gen/schedules";
import { afterAll, describe, expect, it } from "vitest";
import { ddimSteps, denoiser, sample } from "../src/index.ts";

const backends: Record<string, Promise<Backend>> = {
  "onnx/node-cpu": onnxBackend({ provider: "cpu", threads: 2 }) as Promise<Backend>,
  "onnx/wasm": onnxBackend({ provider: "wasm", threads: 1 }) as Promise<Backend>,
  tfjs: tfjsBackend({ device: "wasm" }) as Promise<Backend>,
};
afterAll(async () => {
  for (const backend of Object.values(backends)) await (await backend).close();
});

const networks = {
  "an MLP": { network: mlp({ inputs: 2, hidden: [32, 32], time: true, seed: 2 }), shape: [64, 2] },
  "a UNet": {
    network: unet({ size: 8, channels: 8, multipliers: [1, 2], seed: 3 }),
    shape: [2, 1, 8, 8],
  },
};

describe.each(Object.entries(networks))("50 steps of DDIM with %s", (_, { network, shape }) => {
  const steps = ddimSteps(linearSchedule(), { steps: 50 });
  const options = { denoiser: denoiser(network), steps, shape, seed: 6 };
  const exact = sample({ ...options, backend: cpuBackend() });

  it.each(Object.keys(backends))("are those of float64 within 1e-4, on %s", async (name) => {
    const [{ x }, wanted] = [await sample({ ...options, backend: backends[name] }), await exact];
    const largest = Math.max(...wanted.x.map(Math.abs));
    const error = Math.max(...x.map((v, i) => Math.abs(v - wanted.x[i])));
    expect(error).toBeLessThan(1e-4 * largest);
  });
});
