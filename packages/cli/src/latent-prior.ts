/* `gen sample --prior DIR`: a diffusion model of a VAE's latents in place of its prior. */
import { differences } from "./claim-folder.ts";
import { usageError } from "./errors.ts";
import { isOnline } from "./files.ts";
import { readTrainedVae } from "./trained-vae.ts";
import { readCheckpoint } from "./training-folder.ts";

/**
 * Checks that a folder of `gen train ddpm --vae` learned the latents of a VAE as it is now. The
 * folder's own decoder is then that of the VAE.
 * @throws GenError `usage` when the folder holds another thing, or the latents are of another VAE.
 */
export async function checkPrior(folder: string, prior: string): Promise<void> {
  const trained = await readTrainedVae("--model", folder);
  const { record } = (isOnline(prior) ? undefined : await readCheckpoint(prior)) ?? {};
  const learned = record?.kind === "ddpm" ? record.settings.vae : undefined;
  if (!trained || !learned || typeof learned !== "object")
    throw usageError(
      `--prior ${prior} must be own, mixture, or a folder that \`gen train ddpm --vae ${folder}\` made`,
    );
  const differ = differences(learned, { ...trained.settings, step: trained.step });
  if (differ) throw usageError(`--prior ${prior} knows the latents of another VAE, ${differ}`);
}
