/* The work of `gen sample` with a VAE: draws from its prior, or a grid in its plane. */
import { resolve } from "node:path";
import type { Dataset } from "@gen/data";
import { decode, encode, latentGrid, mixturePrior, priorSamples } from "@gen/vae";
import { usageError } from "../errors.ts";
import { asSamples, type LatentRun, labelsOf, posteriorDraws } from "../latent-batches.ts";
import { openItems, openLatentModel } from "../latent-model.ts";
import type { OutputKind } from "../output-kind.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { print } from "../terminal.ts";
import { isQuantized } from "../trained-vae.ts";
import { withLatentRun } from "./latents.ts";
import type { SampleCommandOptions } from "./sample.ts";

/** The flags of a diffusion model, which a VAE does not take. */
const others = [
  ["sampler", "--sampler"],
  ["steps", "--steps"],
  ["eta", "--eta"],
  ["condition", "--condition"],
  ["unconditional", "--unconditional"],
  ["guidance", "--guidance"],
  ["init", "--init"],
  ["torchSeed", "--torch-seed"],
  ["compat", "--compat"],
  ["predicts", "--predicts"],
  ["spacing", "--spacing"],
  ["scheduleShift", "--schedule-shift"],
  ["zeroSnr", "--zero-snr"],
  ["lora", "--lora"],
  ["classifier", "--classifier"],
] as const;

/** Runs `gen sample` on a VAE's folder. */
export async function sampleVae(
  options: SampleCommandOptions & {
    readonly model: string;
    readonly kind: OutputKind;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { model: folder, out, kind, json, seed, grid, signal } = options;
  const wrong =
    others.find(([name]) => options[name] !== undefined) ??
    (options.clip ? undefined : ["", "--no-clip"]);
  if (wrong)
    throw usageError(`${wrong[1]} is for a diffusion model, and --model ${folder} holds a VAE`);
  const opened = await openLatentModel(folder, options);
  const { model, settings } = opened;
  const groups = options.class?.length ?? 1;
  if (grid !== undefined && model.latent.join() !== "2")
    throw usageError(
      `--grid needs a VAE with --latent 2, got latents [${model.latent.join(", ")}]`,
    );
  if (grid !== undefined && groups > 1) throw usageError(`--grid takes one --class, got ${groups}`);
  if (grid !== undefined && options.count !== undefined)
    throw usageError("--count must be left out with --grid");
  if (model.classes !== undefined && !options.class)
    throw usageError(`--class must be given: the VAE has ${model.classes} classes`);
  const count = grid === undefined ? groups * (options.count ?? 16) : grid ** 2;
  const labels = labelsOf(options.class, model, settings?.classes, count);
  checkOutput(out, kind, count, { item: model.shape, shape: model.latent });
  const isMixture = options.prior === "mixture";
  if (isMixture && isQuantized(model))
    throw usageError("--prior mixture must be left out: the VAE's latents are codes");
  if (isMixture && grid !== undefined) throw usageError("--prior and --grid do not go together");
  const ofMixture = (["components", "data"] as const).find((name) => options[name] !== undefined);
  if (ofMixture && !isMixture) throw usageError(`--${ofMixture} needs --prior mixture`);
  const { components = 10, data } = options;
  const dataset = isMixture ? await openItems(opened, { data, split: "train" }) : undefined;
  if (dataset && dataset.length < components)
    throw usageError(`--components must be at most the ${dataset.length} items, got ${components}`);
  const label = grid === undefined ? "Prior samples" : "Latent grid";
  await withLatentRun(options, opened, signal, label, async (run) => {
    const fitted = dataset && (await mixtureOf(run, dataset, components));
    const z = fitted ? fitted.draw(count, seed) : grid === undefined ? undefined : latentGrid(grid);
    const images = await (z
      ? decode({ ...run, z, labels })
      : priorSamples({ ...run, count, labels }));
    await writeSamples(out, kind, asSamples(images));
    print(
      json,
      {
        out: resolve(out),
        shape: images.shape,
        seed,
        ...(fitted && { logLikelihood: fitted.logLikelihood }),
        backend: run.backend.name,
      },
      [
        `${count} ${count === 1 ? "sample is" : "samples are"} in ${out}`,
        ...(fitted ? [`log p(z) of the mixture: ${fitted.logLikelihood.toFixed(2)} nats`] : []),
      ],
    );
  });
}

/** The mixture that fits the draws of the items' posteriors. */
async function mixtureOf(run: LatentRun, dataset: Dataset, components: number) {
  const z = posteriorDraws(await encode({ ...run, dataset }), 0);
  return mixturePrior({ z, size: z.length / dataset.length, components });
}
