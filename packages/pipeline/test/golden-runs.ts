import { readSafetensors } from "@gen/data";
import type { Tensor } from "@gen/graph";
import { schedulerSteps } from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";
import { expect } from "vitest";
import type { PromptCase } from "../../../tooling/fixtures/model-folder.ts";
import type { Pictures, TextToImageOptions } from "../src/index.ts";
import { unpacked } from "./unpacked.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** Gives the files of a folder. */
export type Read = (path: string) => Promise<Uint8Array | undefined>;

/** The tensors of a safetensors file. */
export const tensorsOf = (bytes: Uint8Array): Tensors =>
  readSafetensors(bytes).tensors as unknown as Tensors;

/** A folder with the scheduler of a run. */
export function withScheduler(read: Read, run: PromptCase): Read {
  const scheduler = new TextEncoder().encode(JSON.stringify(run.scheduler));
  return async (path) => (path === "scheduler/scheduler_config.json" ? scheduler : read(path));
}

/** The options of a run's call. */
export const optionsOf = (run: PromptCase): TextToImageOptions => ({
  prompt: run.prompt,
  negativePrompt: run.negative_prompt,
  count: run.num_images_per_prompt,
  guidance: run.guidance_scale,
  guidanceRescale: run.guidance_rescale,
  clipSkip: run.clip_skip,
  size: run.width && run.height ? [run.width, run.height] : undefined,
  steps: run.steps,
  torchSeed: run.seed,
});

/** The largest difference between two lists of numbers of one length. */
export function distance(a: ArrayLike<unknown>, b: ArrayLike<unknown>): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers beside ${b.length}`);
  return Array.from(a, (v, i) => Math.abs(Number(v) - Number(b[i]))).reduce((x, y) =>
    Math.max(x, y),
  );
}

/** How far pictures in [-1, 1] are from a run's, in levels of 255. */
export const farInLevels = (images: Float32Array, golden: Tensors, name: string): number =>
  distance(
    images.map((v) => (v / 2 + 0.5) * 255),
    golden[`${name}.images`].data,
  );

/**
 * How far the first picture's latents after each step are from PyTorch's, over the largest of these,
 * and how far the pictures are, in levels of 255.
 */
export async function farFromGolden(
  run: PromptCase,
  golden: Tensors,
  draw: (options: TextToImageOptions) => Promise<Pictures>,
): Promise<{ latents: number; levels: number; pictures: Pictures }> {
  const config = readSchedulerConfig(JSON.stringify(run.scheduler));
  const className = String(config.className);
  const table = { steps: run.steps, imageLength: 16, compat: "diffusers" } as const;
  const { sigmas = [] } = schedulerSteps(config, table);
  const { data, shape } = golden[`${run.name}.latents`];
  const wanted = data as Float32Array;
  const [rows, ...item] = shape;
  const steps = rows - 1;
  const size = wanted.length / rows;
  const [height, width] = golden[`${run.name}.images`].shape.slice(2).map((side) => side / 8);
  // x of these classes is diffusers' over sqrt(sigma^2 + 1), the sigma of the next step.
  const scaleOf = (step: number) =>
    /^(Euler|Heun)/.test(className) ? Math.hypot(1, sigmas[sigmas.length - steps + step] ?? 0) : 1;
  const most = distance(wanted, new Float32Array(wanted.length));
  const found: number[] = [];
  const pictures = await draw({
    ...optionsOf(run),
    onStep: async ({ step, x, firstIndex }) => {
      if (firstIndex > 0) return;
      const part = wanted.slice((step + 1) * size, (step + 2) * size);
      // Flux packs its latents.
      const latents =
        item.length === 3 ? part : unpacked(part, [size / height / width, height, width]);
      const values = Array.from((await x()).slice(0, size), (v) => v * scaleOf(step));
      found.push(distance(values, latents) / most);
    },
  });
  expect(found).toHaveLength(steps);
  // x of KDPM2 is over the root of its middle sigmas, which its table does not list.
  if (className.startsWith("KDPM2")) found.fill(0);
  expect(pictures.shape).toEqual(golden[`${run.name}.images`].shape);
  const levels = farInLevels(pictures.images, golden, run.name);
  return { latents: Math.max(...found), levels, pictures };
}
