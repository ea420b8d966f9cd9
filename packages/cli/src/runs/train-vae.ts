import { usageError } from "../errors.ts";
import { trainVaeIn } from "../jobs.ts";
import { buildVae, type VaeSettings } from "../models.ts";
import type { TrainOptions } from "../training-options.ts";
import { type ObjectiveSettings, objectiveOf, objectiveSettings } from "../vae-objectives.ts";
import { classNames } from "./train-ddpm.ts";
import { prepareData, train } from "./training.ts";

type VaeOptions = TrainOptions &
  ObjectiveSettings &
  Pick<VaeSettings, "network" | "latent"> & { readonly classes: boolean };

/** Runs `gen train vae`. */
export async function trainVae(options: VaeOptions): Promise<void> {
  const { data, network, width, latent } = options;
  const { opened, pace } = await prepareData(options);
  const settings: VaeSettings = {
    data,
    shape: opened.train.shape,
    network,
    width: width ?? (network === "mlp" ? 400 : 32),
    latent,
    ...objectiveSettings(options),
    ...(options.classes && { classes: classNames(data, opened) }),
    ...pace,
  };
  if (!opened.train.range)
    throw usageError(
      `--data ${data} has no range of values, and a VAE takes images; say their range with --range low,high`,
    );
  buildVae(settings);
  // A wrong --anneal is refused before the training begins.
  objectiveOf(settings, { steps: pace.steps, dataSize: opened.train.length });
  await train(options, opened, "VAE loss (nats)", async (job) => {
    const trained = await trainVaeIn({ ...job, label: "VAE" }, settings);
    const next = settings.classes
      ? `sample --model ${options.out} --class 0 --out samples.png`
      : `train ddpm --vae ${options.out} --data ${data} --out gen-latents`;
    return [trained, `the VAE is in ${options.out}`, next];
  });
}
