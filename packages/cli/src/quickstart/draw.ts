import { join } from "node:path";
import { type Raster, readPng, writePng } from "@gen/data";
import { generate } from "@gen/sampling";
import { hstack } from "../drawing/image-sheet.ts";
import { lossChart, pictureOf } from "../drawing/pictures.ts";
import { readModelFolder } from "../model-folder.ts";
import { progress } from "../terminal.ts";
import type { Trained } from "../train-model.ts";
import type { Report, Run } from "./run.ts";

/** Images in each picture. */
export const imageCount = 32;

const ddpm = { sampler: "ddpm" } as const;
const ddim = { sampler: "ddim", steps: 20, eta: 0 } as const;

/** Samples both DDPMs by both samplers into pictures. */
export async function draw(run: Run): Promise<NonNullable<Report["sampling"]>> {
  const { backend, seed, signal, out } = run;
  const sampling: Record<string, { steps: number; seconds: number }> = {};
  const sample = async (name: string, folder: string, choice: typeof ddpm | typeof ddim) => {
    const line = progress(`4/4 ${choice.sampler.toUpperCase()} from ${folder}`);
    const from = performance.now();
    const pipeline = await readModelFolder(join(out, folder));
    const { x, shape, steps } = await generate(pipeline, {
      backend,
      seed,
      signal,
      count: imageCount,
      ...choice,
      onStep: ({ done, steps }) => line.update(done * steps, steps),
    });
    line.finish(`${steps} steps`);
    sampling[name] = { steps, seconds: (performance.now() - from) / 1000 };
    return pictureOf(x, shape, [-1, 1], 8);
  };
  const latentDdpm = await sample("latentDdpm", "latent-ddpm", ddpm);
  const latentDdim = await sample("latentDdim", "latent-ddpm", ddim);
  const pixelDdpm = await sample("pixelDdpm", "pixel-ddpm", ddpm);
  const pixelDdim = await sample("pixelDdim", "pixel-ddpm", ddim);
  const pair = (...pictures: Raster[]) =>
    writePng(hstack(pictures, ["DDIM, 20 steps", "DDPM, 1000 steps"]));
  await run.picture("latent-samples.png", writePng(latentDdpm));
  await run.picture("ddim-ddpm.png", pair(latentDdim, latentDdpm));
  await run.picture("digits-ddim-ddpm.png", pair(pixelDdim, pixelDdpm));
  return sampling;
}

/** The loss of each training, side by side. */
export function lossSheet(trainings: Readonly<Record<string, Trained>>): Uint8Array {
  const charts = Object.entries(trainings).map(([title, { record }]) =>
    readPng(lossChart(title, record.history, ["loss"])),
  );
  return writePng(hstack(charts));
}
