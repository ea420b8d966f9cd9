import { join } from "node:path";
import { slice, writePng } from "@gen/data";
import { elbo, latentDataset, pipelineVae, priorSamples, reconstruct } from "@gen/vae";
import { hstack } from "../drawing/image-sheet.ts";
import { pictureOf } from "../drawing/pictures.ts";
import { trainDdpmIn, trainVaeIn } from "../jobs.ts";
import { openData } from "../open-data.ts";
import type { Trained } from "../train-model.ts";
import { shown } from "./draw.ts";
import { type Report, summary } from "./report.ts";
import type { Run } from "./run.ts";
import { latentSettings, pixelSettings, vaeSettings } from "./settings.ts";

/** The three models, as their trainings left them. */
export interface Models {
  readonly vae: Trained;
  readonly latent: Trained;
  readonly pixel: Trained;
}

/** Trains the VAE, a DDPM on its latents and one on pixels, and saves the report after each. */
export async function learn(run: Run): Promise<Models> {
  const { backend, signal, seed, force, out, report } = run;
  const common = { backend, signal, force, reuse: true };
  const settings = vaeSettings(run);
  const { train, test } = await openData("fashion-mnist", seed);
  const vae = await run.timed("train VAE", () =>
    trainVaeIn(
      { ...common, label: "1/4 VAE on Fashion-MNIST", folder: join(out, "vae"), dataset: train },
      settings,
    ),
  );
  const { before } = run;
  const bound =
    before?.vae && run.isThere([vae], "data-reconstructions.png", "vae-prior.png")
      ? before.vae
      : await run.timed("evaluate VAE", () => evaluate(run, vae.model, test));
  report.vae = { ...bound, ...summary(vae) };
  await run.save();

  const latents = await run.timed("encode latents", () =>
    latentDataset({ backend, signal, model: vae.model, dataset: train, seed }),
  );
  const latent = await run.timed("train latent DDPM", () =>
    trainDdpmIn(
      {
        ...common,
        label: "2/4 DDPM on the VAE's latents",
        folder: join(out, "latent-ddpm"),
        dataset: latents.dataset,
        vae: pipelineVae(vae.model, latents),
      },
      latentSettings(run, settings, latents.dataset.shape),
    ),
  );
  report.latentDdpm = summary(latent);
  await run.save();

  const digits = (await openData("digits", seed)).train;
  const pixel = await run.timed("train pixel DDPM", () =>
    trainDdpmIn(
      {
        ...common,
        label: "3/4 DDPM on the pixels of digits",
        folder: join(out, "pixel-ddpm"),
        dataset: digits,
      },
      pixelSettings(run, digits.shape),
    ),
  );
  report.pixelDdpm = summary(pixel);
  return { vae, latent, pixel };
}

type Evaluated = Parameters<typeof elbo>[0];

/** The test set's bound, and pictures of what the VAE makes. */
async function evaluate(
  { backend, signal, seed, picture }: Run,
  model: Evaluated["model"],
  test: Evaluated["dataset"],
): Promise<Pick<NonNullable<Report["vae"]>, "testElboNats" | "reconstructionNats" | "klNats">> {
  const few = slice(test, 0, shown);
  const data = pictureOf(few.data, [shown, ...few.shape], [0, 255], 8);
  const made = await pictureFrom(reconstruct({ backend, signal, model, dataset: few }));
  const titles = ["data", "reconstructions"];
  await picture("data-reconstructions.png", writePng(hstack([data, made], titles)));
  const prior = await pictureFrom(priorSamples({ backend, signal, model, count: shown, seed }));
  await picture("vae-prior.png", writePng(prior));
  const bound = await elbo({ backend, signal, model, dataset: test, seed });
  const { elbo: testElboNats, reconstruction: reconstructionNats, kl: klNats } = bound;
  return { testElboNats, reconstructionNats, klNats };
}

/** Decoded images in [0, 1] as a sheet. */
async function pictureFrom(items: Promise<{ data: Float32Array; shape: readonly number[] }>) {
  const { data, shape } = await items;
  return pictureOf(data, shape, [0, 1], 8);
}
