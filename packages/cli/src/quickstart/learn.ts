import { join } from "node:path";
import { slice, writePng } from "@gen/data";
import { elbo, latentDataset, pipelineVae, priorSamples, reconstruct } from "@gen/vae";
import { trainDdpmIn } from "../diffusion-job.ts";
import { hstack } from "../drawing/image-sheet.ts";
import { pictureOf } from "../drawing/pictures.ts";
import { withFolderLock } from "../folder-lock.ts";
import { trainVaeIn } from "../jobs.ts";
import type { DdpmSettings, VaeSettings } from "../models.ts";
import { openData } from "../open-data.ts";
import { imageCount } from "./draw.ts";
import { type Run, summary } from "./run.ts";

/** Trains the VAE, a DDPM on its latents and one on pixels, and saves the report after each. */
export async function learn(run: Run) {
  const { backend, signal, seed, force, saveEvery, effort, out, report, before } = run;
  const job = (name: string, label: string) => {
    return { backend, signal, force, saveEvery, label, folder: join(out, name) };
  };
  const pace = (steps: number, batch: number) => {
    return { steps: Math.max(1, Math.round(steps * effort)), batch, learningRate: 1e-3, seed };
  };
  const diffusion = { schedule: "linear", timesteps: 1000, predicts: "epsilon" } as const;

  const { train, test } = await openData("fashion-mnist", seed);
  const settings: VaeSettings = {
    data: "fashion-mnist",
    shape: [1, 28, 28],
    network: "mlp",
    width: 512,
    latent: 24,
    ...pace(5000, 128),
  };
  const vaeJob = { ...job("vae", "1/4 VAE on Fashion-MNIST"), dataset: train };
  const vae = await run.timed("train VAE", () =>
    withFolderLock(vaeJob.folder, () => trainVaeIn(vaeJob, settings)),
  );
  const bound =
    before?.vae && run.hasPictures([vae], "data-reconstructions.png", "vae-prior.png")
      ? before.vae
      : await run.timed("evaluate VAE", () => evaluate(run, vae.model, test));
  report.vae = { ...bound, ...summary(vae) };
  await run.save();

  const latents = await run.timed("encode latents", () =>
    latentDataset({ backend, signal, model: vae.model, dataset: train, seed }),
  );
  const { dataset } = latents;
  const latentJob = {
    ...job("latent-ddpm", "2/4 DDPM on the VAE's latents"),
    dataset,
    vae: pipelineVae(vae.model, latents),
  };
  const latentSettings: DdpmSettings = {
    ...diffusion,
    data: "fashion-mnist",
    vae: settings,
    shape: dataset.shape,
    network: "mlp",
    width: 384,
    ...pace(10_000, 128),
  };
  const latent = await run.timed("train latent DDPM", () =>
    withFolderLock(latentJob.folder, () => trainDdpmIn(latentJob, latentSettings)),
  );
  report.latentDdpm = summary(latent);
  await run.save();

  const { train: digits } = await openData("digits", seed);
  const pixelJob = { ...job("pixel-ddpm", "3/4 DDPM on the pixels of digits"), dataset: digits };
  const pixelSettings: DdpmSettings = {
    ...diffusion,
    data: "digits",
    shape: digits.shape,
    network: "unet",
    width: 24,
    ...pace(1200, 64),
  };
  const pixel = await run.timed("train pixel DDPM", () =>
    withFolderLock(pixelJob.folder, () => trainDdpmIn(pixelJob, pixelSettings)),
  );
  report.pixelDdpm = summary(pixel);
  return { vae, latent, pixel };
}

type Evaluated = Parameters<typeof elbo>[0];

/** The test set's bound. Draws reconstructions and samples of the prior. */
async function evaluate(
  { backend, signal, seed, picture }: Run,
  model: Evaluated["model"],
  test: Evaluated["dataset"],
) {
  const few = slice(test, 0, imageCount);
  const data = pictureOf(few.data, [imageCount, ...few.shape], [0, 255], 8);
  const copies = await drawDecoded(reconstruct({ backend, signal, model, dataset: few }));
  const titles = ["data", "reconstructions"];
  await picture("data-reconstructions.png", writePng(hstack([data, copies], titles)));
  const prior = priorSamples({ backend, signal, model, count: imageCount, seed });
  await picture("vae-prior.png", writePng(await drawDecoded(prior)));
  const bound = await elbo({ backend, signal, model, dataset: test, seed });
  const { elbo: testElboNats, reconstruction: reconstructionNats, kl: klNats } = bound;
  return { testElboNats, reconstructionNats, klNats };
}

/** Decoded images in [0, 1] as a sheet. */
async function drawDecoded(items: Promise<{ data: Float32Array; shape: readonly number[] }>) {
  const { data, shape } = await items;
  return pictureOf(data, shape, [0, 1], 8);
}
