/*
 * The VAEs of a loaded folder: its own or the one given in its place, which makes the pictures, and
 * the one that makes previews.
 */
import { shapeText } from "@gen/graph";
import { GenError } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import type { PipelineVae } from "@gen/sampling";
import { naming, type ReadFile, readJson } from "../folder-files.ts";
import type { Fields } from "../folder-kind.ts";
import { required } from "../folder-parts.ts";
import type { LoadModelOptions } from "../load-model.ts";
import { loadVae, withImage } from "../load-vae.ts";
import { pipelinePaths } from "../paths.ts";
import { type Half, type VaeHalf, vaeHalf } from "../vae/vae-half.ts";

/** A decoder, whose programs are kept. */
export interface FolderVae {
  /** It in tiles of so many latents along a side, or whole. */
  decoder(tile: number | undefined): VaeHalf;
  /** What its folder leaves open, where that is another than the pipeline's. */
  readonly warnings: readonly string[];
  dispose(): Promise<void>;
}

/** How a decoder is read, and what runs it. */
type VaeOptions<T> = LoadModelOptions & { readonly backend: Backend<T> };

/** The decoder of a folder, which loads its expressions when they are needed. */
export function folderVae<T>(
  vae: PipelineVae,
  read: ReadFile,
  { backend, ...options }: VaeOptions<T>,
  { upcast = false, warnings = [] }: { upcast?: boolean; warnings?: readonly string[] } = {},
): FolderVae {
  const half = ({ decode }: PipelineVae): Half => {
    return (z) => ({ x: decode(z) });
  };
  const asGraph = async () => half((await vaeOf(read, { ...options, wholeAbove: Infinity })).vae);
  const opened = new Map<number | undefined, VaeHalf>();
  return {
    warnings,
    decoder(tile) {
      const found =
        opened.get(tile) ?? vaeHalf({ backend, half: half(vae), upcast, asGraph, tile }, "up");
      opened.set(tile, found);
      return found;
    },
    async dispose() {
      await Promise.all([...opened.values()].map((each) => each.dispose()));
    },
  };
}

/**
 * The VAE of a folder given as option `name` beside another, which makes pictures of the shape `image`
 * from `latents` `[channels, height, width]`.
 *
 * @throws GenError `invalid-model` when it has no decoder, or a decoder of other latents or sizes.
 */
export function givenVae<T>(
  name: string,
  read: ReadFile,
  options: VaeOptions<T>,
  { latents, image }: { readonly latents: readonly number[]; readonly image: readonly number[] },
): Promise<FolderVae> {
  return naming(name, async () => {
    const { vae, latent, warnings } = await vaeOf(read, options);
    const fits = latent[1] === latents[0] || typeof latent[1] === "string";
    const given = fits
      ? await naming(pipelinePaths.decoder, () => withImage(vae, latents))
      : { image: [] };
    if (fits && String(given.image) === String(image))
      return folderVae(given as PipelineVae, read, options, { warnings });
    throw new GenError(
      "invalid-model",
      `${pipelinePaths.decoder} must make images ${shapeText(image)} of latents ${shapeText(latents)}; its latents are ${shapeText(latent)}`,
    );
  });
}

async function vaeOf(folder: ReadFile, { open, ...options }: LoadModelOptions) {
  const read = withoutEncoder(folder);
  const json = (path: string): Promise<Fields | undefined> => readJson(read, path, options.limit);
  const decoding = { ...options, ...(open && { open: withoutEncoder(open) }) };
  return required(
    pipelinePaths.decoder,
    await loadVae({ read, json, options: decoding, isAlone: false }, {}),
  );
}

/** Files of a folder but for the VAE's encoder, which only pictures that start from one need. */
export const withoutEncoder =
  <R>(get: (path: string) => Promise<R | undefined>) =>
  async (path: string): Promise<R | undefined> =>
    /^vae_encoder\/.*\.onnx$/.test(path) ? undefined : get(path);
