import { usageError } from "../errors.ts";
import { trainVaeIn } from "../jobs.ts";
import { buildVae, type VaeSettings } from "../models.ts";
import type { TrainOptions } from "../training-options.ts";
import { prepareData, train } from "./training.ts";

type VaeOptions = TrainOptions & Pick<VaeSettings, "network" | "latent">;

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
    ...pace,
  };
  if (!opened.train.range)
    throw usageError(
      `--data ${data} has no range of values, and a VAE takes images; say their range with --range low,high`,
    );
  buildVae(settings);
  await train(options, opened, "VAE loss (nats)", async (job) => {
    const trained = await trainVaeIn({ ...job, label: "VAE" }, settings);
    return [
      trained,
      `the VAE is in ${options.out}`,
      `train ddpm --vae ${options.out} --data ${data} --out gen-latents`,
    ];
  });
}
