import type { quantizedVae, Vae } from "@gen/vae";
import { prefixErrors, usageError } from "./errors.ts";
import { isOnline } from "./files.ts";
import { buildVae, type VaeSettings } from "./models.ts";
import { readCheckpoint, withSaved } from "./training-folder.ts";

/** A VAE with the settings and the step of its training. */
export interface TrainedVae {
  readonly model: Vae;
  readonly settings: VaeSettings & { readonly dataHash?: string };
  readonly step: number;
}

/** A VAE whose latents are codes. */
export type QuantizedVae = ReturnType<typeof quantizedVae>;

/** Whether a VAE's latents are codes, as --objective vq and fsq make them. */
export const isQuantized = (model: Vae): model is QuantizedVae => model.codes !== undefined;

/** Labels of `count` draws, of a conditional VAE's classes in turn. */
export const labelsInTurn = (
  { classes }: Pick<Vae, "classes">,
  count: number,
): number[] | undefined =>
  classes ? Array.from({ length: count }, (_, i) => i % classes) : undefined;

/**
 * Reads the VAE that `gen train vae` made in a folder. Undefined if the folder holds another thing.
 * @throws GenError `usage` when it has no saved step yet, or its weights do not fit its settings.
 */
export async function readTrainedVae(
  flag: string,
  folder: string,
): Promise<TrainedVae | undefined> {
  const { record, saved } = (isOnline(folder) ? undefined : await readCheckpoint(folder)) ?? {};
  if (record?.kind !== "vae") return undefined;
  if (!saved) throw usageError(`${flag} ${folder} holds no saved step yet`);
  const settings = record.settings as unknown as TrainedVae["settings"];
  const model = prefixErrors(`${flag} ${folder}`, () => withSaved(buildVae(settings), saved.state));
  return { model, settings, step: record.step };
}
