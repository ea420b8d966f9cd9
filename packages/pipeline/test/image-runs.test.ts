import { readSafetensors } from "@gen/data";
import type { Tensor } from "@gen/graph";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { schedulerSteps } from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";
import { afterAll, describe, expect, test } from "vitest";
import {
  type ImageCase,
  imageRuns,
  maskPattern,
  modelFolder,
  pattern,
} from "../../../tooling/fixtures/model-folder.ts";
import { imageToImage, inpaint } from "../src/index.ts";
import { unpacked } from "./unpacked.ts";

// Runs of diffusers 0.39 that start from images, PyTorch 2.15: tooling/reference/folders/images.py.

const onnx = onnxBackend({ provider: "cpu" });
const others = { tfjs: tfjsBackend({ device: "cpu" }), cpu: Promise.resolve(cpuBackend()) };
afterAll(async () => {
  for (const backend of [onnx, ...Object.values(others)]) await (await backend).close();
});

type Read = (path: string) => Promise<Uint8Array | undefined>;

/** The folder of a case, with the scheduler of the case. */
const folderOf = (name: string, run: ImageCase): Read => {
  const { read } = modelFolder(name);
  const scheduler = new TextEncoder().encode(JSON.stringify(run.scheduler));
  return async (path) => (path === "scheduler/scheduler_config.json" ? scheduler : read(path));
};

function optionsOf(run: ImageCase) {
  const [width, height] = run.size;
  const [channels, scale] = run.takes_latents ? [4, 8] : [3, 1];
  return {
    prompt: run.prompt,
    negativePrompt: run.negative_prompt,
    count: run.num_images_per_prompt,
    guidance: run.guidance_scale,
    guidanceRescale: run.guidance_rescale,
    strength: run.strength,
    imageGuidance: run.image_guidance_scale,
    aestheticScore: run.aesthetic_score,
    originalInferenceSteps: run.original_inference_steps,
    steps: run.steps,
    torchSeed: run.seed,
    image: pattern([run.images, channels, height / scale, width / scale]),
    ...(run.masks > 0 && { mask: maskPattern([run.masks, 1, height, width]) }),
  };
}

const numbers = ({ data }: Tensor) => Array.from(data as Float32Array, Number);
const largest = (values: readonly number[]) =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const far = (a: readonly number[], b: readonly number[]) => {
  expect(a).toHaveLength(b.length);
  return largest(a.map((value, i) => value - b[i]));
};

const tensorsOf = (name: string) =>
  readSafetensors(imageRuns(name).tensors).tensors as unknown as Record<string, Tensor>;

/** How far the latents of a case's steps, and its pictures, are from the golden ones. */
async function compared(name: string, run: ImageCase, backend: unknown = onnx) {
  const golden = tensorsOf(name);
  const [width, height] = run.size.map((side) => side / 8);
  const wanted = numbers(golden[`${run.name}.latents`]);
  const most = largest(wanted);
  const size = 4 * height * width;
  const steps = wanted.length / size - 1;
  const scheduler = readSchedulerConfig(JSON.stringify(run.scheduler));
  const { sigmas = [] } = schedulerSteps(scheduler, { steps: run.steps, imageLength: 16 });
  // x of these classes is diffusers' over sqrt(sigma^2 + 1), the sigma of the next step.
  const isScaled = /^(Euler|Heun)/.test(String(scheduler.className));
  const scaleOf = (step: number) =>
    isScaled ? Math.hypot(1, sigmas[sigmas.length - steps + step] ?? 0) : 1;
  const found: number[] = [];
  const options = {
    ...optionsOf(run),
    backend: backend as typeof onnx,
    onStep: async ({
      step,
      x,
      firstIndex,
    }: {
      step: number;
      firstIndex: number;
      x(): Promise<ArrayLike<number>>;
    }) => {
      if (firstIndex > 0) return;
      const part = Float32Array.from(wanted.slice((step + 1) * size, (step + 2) * size));
      const latents = Array.from(name === "flux" ? unpacked(part, [4, height, width]) : part);
      const values = Array.from(await x())
        .slice(0, size)
        .map((v) => v * scaleOf(step));
      found.push(far(values, latents) / most);
    },
  };
  const read = folderOf(name, run);
  const result =
    "mask" in options ? await inpaint(read, options as never) : await imageToImage(read, options);
  expect(found).toHaveLength(steps);
  const images = golden[`${run.name}.images`];
  expect(result.shape).toEqual(images.shape);
  const levels = Array.from(result.images, (v) => (v / 2 + 0.5) * 255);
  return { result, latents: Math.max(...found), levels: far(levels, numbers(images)) };
}

const names = ["sd1", "inpaint", "edit", "edit-xl", "sdxl", "refiner", "lcm", "sd3", "flux"];
const runs = names.flatMap((name) =>
  imageRuns(name).cases.map((run) => [name, run.name, run] as const),
);

describe("the latents of each step and the pictures are PyTorch's", () => {
  test.each(runs)("%s, %s", async (name, _, run) => {
    const { latents, levels } = await compared(name, run);
    expect(latents).toBeLessThan(1e-3);
    expect(levels).toBeLessThan(2);
  });
});
