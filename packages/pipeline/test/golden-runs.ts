import { readSafetensors } from "@gen/data";
import { schedulerSteps } from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";
import type { PromptCase } from "../../../tooling/fixtures/model-folder.ts";
import type { Pictures, TextToImageOptions } from "../src/index.ts";

type Tensors = Readonly<Record<string, { readonly data: ArrayLike<unknown> }>>;

/** The tensors of a safetensors file. */
export const tensorsOf = (bytes: Uint8Array): Tensors =>
  readSafetensors(bytes).tensors as unknown as Tensors;

/** The options of a run's call. */
const optionsOf = (run: PromptCase): TextToImageOptions => ({
  prompt: run.prompt,
  negativePrompt: run.negative_prompt,
  guidance: run.guidance_scale,
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

/**
 * How far the latents after each step are from PyTorch's, over the largest of these, and how far the
 * pictures are, in levels of 255.
 */
export async function farFromGolden(
  run: PromptCase,
  golden: Tensors,
  draw: (options: TextToImageOptions) => Promise<Pictures>,
): Promise<{ latents: number; levels: number; pictures: Pictures }> {
  const config = readSchedulerConfig(JSON.stringify(run.scheduler));
  const { sigmas } = schedulerSteps(config, { steps: run.steps, compat: "diffusers" });
  // Euler's x is diffusers' over sqrt(sigma^2 + 1).
  const isScaled = String(config.className).startsWith("Euler");
  const wanted = golden[`${run.name}.latents`].data as Float32Array;
  const most = distance(wanted, new Float32Array(wanted.length));
  const far: number[] = [];
  const pictures = await draw({
    ...optionsOf(run),
    onStep: async ({ step, x }) => {
      const values = await x();
      const scale = isScaled ? Math.hypot(1, sigmas?.[step + 1] ?? 0) : 1;
      const next = wanted.subarray((step + 1) * values.length, (step + 2) * values.length);
      far.push(
        distance(
          Float32Array.from(values, (v) => v * scale),
          next,
        ) / most,
      );
    },
  });
  const levels = Float32Array.from(pictures.images, (v) => (v / 2 + 0.5) * 255);
  return {
    latents: Math.max(...far),
    levels: distance(levels, golden[`${run.name}.images`].data),
    pictures,
  };
}
