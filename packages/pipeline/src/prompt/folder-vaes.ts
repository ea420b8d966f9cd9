/*
 * The VAEs of a loaded folder: its own or the one given in its place, which makes the pictures, the
 * one that makes previews, and its encoder, which is read when an image is.
 */
import { shapeText, trace } from "@gen/graph";
import { GenError } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import type { PipelineVae } from "@gen/sampling";
import { vaeConfig } from "../describe-folder.ts";
import { naming, type ReadFile, readJson } from "../folder-files.ts";
import { type Fields, numberOf } from "../folder-kind.ts";
import { required } from "../folder-parts.ts";
import { type LoadModelOptions, loadModel } from "../load-model.ts";
import { encoderOf, type LatentScaling, loadVae, scalingOf, withImage } from "../load-vae.ts";
import { pipelinePaths } from "../paths.ts";
import { type Half, type VaeHalf, vaeHalf } from "../vae/vae-half.ts";
import type { OpenImageModelOptions } from "./options.ts";

/** The VAEs of a folder. */
export interface FolderVaes {
  /** What makes the pictures, and previews of them. */
  readonly picture: FolderVae;
  readonly preview: FolderVae;
  /** Between the VAE's latents and the denoiser's. */
  readonly scaling: LatentScaling;
  /** The VAE's shift in the denoiser's latents. */
  readonly shift: number;
  /** Whether the VAE runs in float32 what it has in float16. */
  readonly upcast: boolean;
  /** Reads the VAE's encoder, once. @throws GenError `invalid-model` where there is none. */
  encoder(): Promise<ReturnType<typeof encoderOf>>;
  /** Reads it as expressions, however large it is. */
  encoderAsGraph(): Promise<ReturnType<typeof encoderOf>>;
  dispose(): Promise<void>;
}

/** What the VAEs of a folder are loaded from. */
interface VaesOf<T> {
  readonly read: ReadFile;
  readonly options: OpenImageModelOptions<T> & VaeOptions<T>;
  readonly vae: PipelineVae;
  /** The configs of the decoder and the encoder. */
  readonly configs: readonly [decoder: Fields, encoder: Fields];
  /** `[channels, height, width]`. */
  readonly latents: readonly number[];
  readonly isXl: boolean;
}

/** The VAEs of a folder: its own `vae`, and those of the options. */
export async function folderVaes<T>(from: VaesOf<T>): Promise<FolderVaes> {
  const { read, options, vae, latents } = from;
  const [, ofEncoder] = from.configs;
  const config = vaeConfig(...from.configs);
  const scaling = scalingOf(config, [1, ...latents]);
  const shift = (numberOf(config, "shift_factor") ?? 0) * (numberOf(config, "scaling_factor") ?? 1);
  // diffusers' pipelines of SDXL alone heed force_upcast.
  const upcast = from.isXl && config.force_upcast === true;
  const given = async (name: "decoder" | "previewDecoder") => {
    const { [name]: folder, backend, limit, wholeAbove, open } = options;
    const own = { backend, limit, wholeAbove, ...(open && { open: folder?.open }) };
    return folder && givenVae(name, folder, own, { latents, image: vae.image });
  };
  const picture = (await given("decoder")) ?? folderVae(vae, read, options, { upcast });
  const preview = (await given("previewDecoder")) ?? picture;
  const loadEncoder = async (how: LoadModelOptions) => {
    const model = await loadModel(read, pipelinePaths.encoder, how);
    const found = required(pipelinePaths.encoder, model, Object.keys(ofEncoder).length > 0);
    return encoderOf(found, scaling, latents[0]);
  };
  let encoder: ReturnType<FolderVaes["encoder"]> | undefined;
  return {
    ...{ picture, preview, scaling, shift, upcast },
    encoder() {
      encoder ??= loadEncoder(options).catch((error) => {
        encoder = undefined;
        throw error;
      });
      return encoder;
    },
    encoderAsGraph: () => loadEncoder({ ...options, wholeAbove: Infinity }),
    async dispose() {
      await Promise.all([...new Set([picture, preview])].map((each) => each.dispose()));
    },
  };
}

/** A decoder, whose programs are kept. */
export interface FolderVae {
  /** It in tiles of so many latents along a side, or whole. */
  decoder(tile: number | undefined): VaeHalf;
  /** @throws GenError `invalid-model` when its file is for latents of another shape. */
  requireShape(latents: readonly number[]): Promise<void>;
  /** What its folder leaves open, where that is another than the pipeline's. */
  readonly warnings: readonly string[];
  dispose(): Promise<void>;
}

/** How a decoder is read, and what runs it. */
type VaeOptions<T> = LoadModelOptions & { readonly backend: Backend<T> };

/** The decoder of a folder, which loads its expressions when they are needed. */
function folderVae<T>(
  vae: PipelineVae,
  read: ReadFile,
  { backend, ...options }: VaeOptions<T>,
  {
    upcast = false,
    warnings = [],
    name,
  }: { upcast?: boolean; warnings?: readonly string[]; name?: string } = {},
): FolderVae {
  const half = ({ decode }: PipelineVae): Half => {
    return (z) => ({ x: decode(z) });
  };
  const asGraph = async () => half((await vaeOf(read, { ...options, wholeAbove: Infinity })).vae);
  const opened = new Map<number | undefined, VaeHalf>();
  return {
    warnings,
    async requireShape(latents) {
      const traced = () => trace(({ z }) => half(vae)(z), { z: { shape: [1, ...latents] } });
      await (name === undefined ? traced() : naming(name, traced));
    },
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
function givenVae<T>(
  name: string,
  read: ReadFile,
  options: VaeOptions<T>,
  { latents, image }: { readonly latents: readonly number[]; readonly image: readonly number[] },
): Promise<FolderVae> {
  return naming(name, async () => {
    const { vae, latent, warnings } = await vaeOf(read, options);
    const fits = latent[1] === latents[0] || typeof latent[1] === "string";
    const given = fits ? withImage(vae, latents) : { image: [] };
    if (fits && String(given.image) === String(image))
      return folderVae(given as PipelineVae, read, options, { warnings, name });
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
    /^(onnx\/)?vae_encoder\/.*\.onnx$/.test(path) ? undefined : get(path);
