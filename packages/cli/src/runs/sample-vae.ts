/* The work of `gen sample` with a VAE: draws from its prior, or a grid in its plane. */
import { resolve } from "node:path";
import { decode, latentGrid, priorSamples } from "@gen/vae";
import { usageError } from "../errors.ts";
import { openLatentModel } from "../latent-model.ts";
import type { OutputKind } from "../output-kind.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { print } from "../terminal.ts";
import { asSamples, labelsOf, withLatentRun } from "./latents.ts";
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
  const label = grid === undefined ? "Prior samples" : "Latent grid";
  await withLatentRun(options, opened, signal, label, async (run) => {
    const images = await (grid === undefined
      ? priorSamples({ ...run, count, labels })
      : decode({ ...run, z: latentGrid(grid), labels }));
    await writeSamples(out, kind, asSamples(images));
    print(json, { out: resolve(out), shape: images.shape, seed, backend: run.backend.name }, [
      `${count} ${count === 1 ? "sample is" : "samples are"} in ${out}`,
    ]);
  });
}
