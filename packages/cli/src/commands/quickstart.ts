import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { beside, type Raster, readPng, slice, writePng } from "@gen/data";
import type { Backend } from "@gen/runtime-gpu";
import { elbo, latentDataset, pipelineVae, priorSamples, reconstruct } from "@gen/vae";
import { Command } from "commander";
import { writeWhole } from "../files.ts";
import { interruptSignal } from "../interrupt.ts";
import { trainDdpmIn, trainVaeIn } from "../jobs.ts";
import { readModelFolder } from "../model-folder.ts";
import type { DdpmSettings, VaeSettings } from "../models.ts";
import { openBackend } from "../open-backend.ts";
import { openData } from "../open-data.ts";
import { type CommonOptions, real, withCommonOptions } from "../options.ts";
import { lossChart, pictureOf } from "../pictures.ts";
import { invocation, print } from "../print.ts";
import { duration, progress } from "../progress.ts";
import { claimQuickstart, type Report, reportFile, summary } from "../quickstart-report.ts";
import { type SamplingChoice, samplePipeline } from "../sample-pipeline.ts";
import type { Trained } from "../train-model.ts";
import { versions } from "../versions.ts";

interface QuickstartOptions extends CommonOptions {
  readonly effort: number;
}

const shown = 32;

/** `gen quickstart`: the main job, from images to samples. */
export function quickstartCommand(): Command {
  const command = new Command("quickstart")
    .description(
      "train a VAE and two DDPMs on embedded images, save, reload and sample them, write pictures and a report",
    )
    .option("--effort <x>", "training steps as a multiple of the usual", real(0, 100, true), 1);
  return withCommonOptions(command, "gen-quickstart")
    .addHelpText(
      "after",
      `
Run again, it goes on where it stopped and reuses what is done; --force does it all anew.

Examples:
  gen quickstart
  gen quickstart --effort 0.1 --out quick
  gen quickstart --seed 7 --out seven`,
    )
    .action(quickstart);
}

async function quickstart({
  out,
  backend: name,
  seed,
  force,
  json,
  effort,
}: QuickstartOptions): Promise<void> {
  const before = await claimQuickstart(out, { seed, effort, force });
  const signal = interruptSignal();
  const backend = await openBackend(name);
  const started = performance.now();
  const report: Report = {
    complete: false,
    seed,
    effort,
    backend: backend.name,
    versions: versions(),
  };
  const phases = { ...before?.seconds };
  /** Whether all of these pictures are there, made from what is there now. */
  const isThere = (models: readonly Trained[], ...pictures: string[]) =>
    before?.complete === true &&
    before.backend === backend.name &&
    models.every(({ reused }) => reused) &&
    pictures.every((file) => existsSync(join(out, file)));
  const timed = async <R>(phase: string, work: () => Promise<R>): Promise<R> => {
    if (signal.aborted) throw signal.reason;
    const from = performance.now();
    const result = await work();
    // A training counts with all its runs, also those that are reused.
    const { record } = result as Partial<Trained>;
    phases[phase] = record ? record.seconds : (performance.now() - from) / 1000;
    return result;
  };
  const save = async () => {
    const maxRssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
    const all = { ...report, seconds: phases, maxRssMiB };
    await writeWhole(join(out, reportFile), `${JSON.stringify(all, null, 2)}\n`);
    return all;
  };
  const picture = (file: string, bytes: Uint8Array) => writeWhole(join(out, file), bytes);
  try {
    await save();
    const steps = (usual: number) => Math.max(1, Math.round(usual * effort));
    const common = { backend, signal, force, reuse: true };
    const vaeSettings: VaeSettings = {
      data: "fashion-mnist",
      shape: [1, 28, 28],
      network: "mlp",
      width: 512,
      latent: 24,
      steps: steps(5000),
      batch: 128,
      learningRate: 1e-3,
      seed,
    };
    const { train, test } = await openData("fashion-mnist", seed);
    const vae = await timed("train VAE", () =>
      trainVaeIn(
        { ...common, label: "1/4 VAE on Fashion-MNIST", folder: join(out, "vae"), dataset: train },
        vaeSettings,
      ),
    );
    const evaluate = async () => {
      const few = slice(test, 0, shown);
      await picture(
        "data-reconstructions.png",
        writePng(
          beside(
            [
              pictureOf(few.data, [shown, ...few.shape], [0, 255], 8),
              await pictureFrom(reconstruct({ backend, signal, model: vae.model, dataset: few })),
            ],
            ["data", "reconstructions"],
          ),
        ),
      );
      await picture(
        "vae-prior.png",
        writePng(
          await pictureFrom(
            priorSamples({ backend, signal, model: vae.model, count: shown, seed }),
          ),
        ),
      );
      const bound = await elbo({ backend, signal, model: vae.model, dataset: test, seed });
      const { elbo: testElboNats, reconstruction: reconstructionNats, kl: klNats } = bound;
      return { testElboNats, reconstructionNats, klNats };
    };
    const bound =
      before?.vae && isThere([vae], "data-reconstructions.png", "vae-prior.png")
        ? before.vae
        : await timed("evaluate VAE", evaluate);
    report.vae = { ...bound, ...summary(vae) };
    await save();

    const latents = await timed("encode latents", () =>
      latentDataset({ backend, signal, model: vae.model, dataset: train, seed }),
    );
    const latentSettings: DdpmSettings = {
      data: "fashion-mnist",
      vae: vaeSettings,
      shape: latents.dataset.shape,
      network: "mlp",
      width: 384,
      schedule: "linear",
      timesteps: 1000,
      predicts: "epsilon",
      steps: steps(10_000),
      batch: 128,
      learningRate: 1e-3,
      seed,
    };
    const latent = await timed("train latent DDPM", () =>
      trainDdpmIn(
        {
          ...common,
          label: "2/4 DDPM on the VAE's latents",
          folder: join(out, "latent-ddpm"),
          dataset: latents.dataset,
          vae: pipelineVae(vae.model, latents),
        },
        latentSettings,
      ),
    );
    report.latentDdpm = summary(latent);
    await save();

    const digits = (await openData("digits", seed)).train;
    const pixelSettings: DdpmSettings = {
      data: "digits",
      shape: digits.shape,
      network: "unet",
      width: 24,
      schedule: "linear",
      timesteps: 1000,
      predicts: "epsilon",
      steps: steps(1200),
      batch: 64,
      learningRate: 1e-3,
      seed,
    };
    const pixel = await timed("train pixel DDPM", () =>
      trainDdpmIn(
        {
          ...common,
          label: "3/4 DDPM on the pixels of digits",
          folder: join(out, "pixel-ddpm"),
          dataset: digits,
        },
        pixelSettings,
      ),
    );
    report.pixelDdpm = summary(pixel);
    await picture(
      "loss.png",
      lossSheet({ "VAE (nats)": vae, "latent DDPM": latent, "pixel DDPM": pixel }),
    );
    await save();

    const draw = (folder: string, choice: SamplingChoice, count: number) =>
      sampleFolder(join(out, folder), choice, {
        backend,
        seed,
        signal,
        count,
        label: `4/4 ${choice.sampler.toUpperCase()} from ${folder}`,
      });
    const sample = async () => {
      const latentDdpm = await draw("latent-ddpm", { sampler: "ddpm" }, shown);
      const latentDdim = await draw("latent-ddpm", { sampler: "ddim", steps: 20, eta: 0 }, shown);
      const pixelDdpm = await draw("pixel-ddpm", { sampler: "ddpm" }, shown);
      const pixelDdim = await draw("pixel-ddpm", { sampler: "ddim", steps: 20, eta: 0 }, shown);
      await picture("latent-samples.png", writePng(latentDdpm.picture));
      const titles = ["DDIM, 20 steps", "DDPM, 1000 steps"];
      const pair = (...of: SampledPicture[]) =>
        writePng(
          beside(
            of.map((s) => s.picture),
            titles,
          ),
        );
      await picture("ddim-ddpm.png", pair(latentDdim, latentDdpm));
      await picture("digits-ddim-ddpm.png", pair(pixelDdim, pixelDdpm));
      const samples = { latentDdpm, latentDdim, pixelDdpm, pixelDdim };
      return Object.fromEntries(
        Object.entries(samples).map(([key, { steps, seconds }]) => [key, { steps, seconds }]),
      );
    };
    report.sampling =
      before?.sampling &&
      isThere([latent, pixel], "latent-samples.png", "ddim-ddpm.png", "digits-ddim-ddpm.png")
        ? before.sampling
        : await timed("sample", sample);
    report.complete = true;
    const written = await save();
    const total = (performance.now() - started) / 1000;
    print(
      json,
      { out: resolve(out), totalSeconds: total, ...written },
      farewell(out, total, bound.testElboNats),
    );
  } finally {
    await backend.close();
  }
}

/** Decoded images in [0, 1] as a sheet. */
async function pictureFrom(items: Promise<{ data: Float32Array; shape: readonly number[] }>) {
  const { data, shape } = await items;
  return pictureOf(data, shape, [0, 1], 8);
}

interface SampledFolder {
  readonly backend: Backend;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly count: number;
  readonly label: string;
}

/** Samples as a picture, and what they took. */
interface SampledPicture {
  readonly steps: number;
  readonly seconds: number;
  readonly picture: Raster;
}

/** Loads a pipeline from its files and samples it. */
async function sampleFolder(
  folder: string,
  choice: SamplingChoice,
  { label, ...rest }: SampledFolder,
): Promise<SampledPicture> {
  const line = progress(label);
  const from = performance.now();
  const pipeline = await readModelFolder(folder);
  const { data, shape, steps } = await samplePipeline({
    ...rest,
    pipeline,
    choice,
    onStep: line.update,
  });
  line.finish(`${steps} steps`);
  return {
    steps,
    seconds: (performance.now() - from) / 1000,
    picture: pictureOf(data, shape, [-1, 1], 8),
  };
}

/** The loss of each training, side by side. */
function lossSheet(trainings: Readonly<Record<string, Trained>>): Uint8Array {
  const charts = Object.entries(trainings).map(([title, { record }]) =>
    readPng(lossChart(title, record.history, ["loss"])),
  );
  return writePng(beside(charts));
}

function farewell(out: string, seconds: number, nats: number): string[] {
  const at = (file: string) => relative(process.cwd(), join(out, file)) || file;
  return [
    "",
    `done in ${duration(seconds)}; test ELBO ${nats.toFixed(1)} nats an image`,
    `  ${at("data-reconstructions.png")}  images beside what the VAE makes of them`,
    `  ${at("vae-prior.png")}  decoded draws from the VAE's prior`,
    `  ${at("latent-samples.png")}  garments from latent diffusion`,
    `  ${at("ddim-ddpm.png")}  DDIM in 20 steps beside DDPM in 1000, same seed`,
    `  ${at("digits-ddim-ddpm.png")}  the same for digits, in pixel space`,
    `  ${at("loss.png")}, ${at(reportFile)}  losses, and the numbers`,
    "",
    "next:",
    `  ${invocation()} sample --model ${at("latent-ddpm")} --sampler ddim --steps 50 --eta 0.5 --seed 7 --out more.png`,
    `  ${invocation()} train ddpm --data two-moons --out moons`,
    "  npm run demo",
  ];
}
