/*
 * What a kind of folder makes pictures from, and the defaults of its class for that use, as
 * diffusers 0.39:
 *
 *   class                    text to image     image to image          inpainting
 *                           steps guidance  strength steps guidance  strength steps guidance
 *   StableDiffusion            50      7.5       0.8    50      7.5         1    50      7.5
 *   LatentConsistencyModel      4      8.5       0.8     4      8.5         1     4      8.5
 *   StableDiffusionXL          50      5         0.3    50      5      0.9999    50      7.5
 *   StableDiffusion3           28      7         0.6    50      7         0.6    50      7
 *   Flux                       28      3.5       0.6    28      7         0.6    28      7
 *   InstructPix2Pix             -      -           -   100  7.5, XL 5       -     -      -
 */
import { GenError } from "@gen/math";
import { classNameOf, type Fields, type FolderKind, isWanted, kindOf } from "../folder-kind.ts";
import type { TextKind } from "./text-kind.ts";

/** What a picture is made from. */
export type Use = "textToImage" | "imageToImage" | "inpaint";

/** What counts where a call gives none. */
export interface Defaults {
  readonly steps: number;
  readonly guidance: number;
  /** The share of the steps that an image goes through. */
  readonly strength: number;
}

type Row = readonly [steps: number, guidance: number, strength: number];

const table: Readonly<Record<TextKind["name"] | "lcm", Readonly<Record<Use, Row>>>> = {
  sd: { textToImage: [50, 7.5, 1], imageToImage: [50, 7.5, 0.8], inpaint: [50, 7.5, 1] },
  lcm: { textToImage: [4, 8.5, 1], imageToImage: [4, 8.5, 0.8], inpaint: [4, 8.5, 1] },
  sdxl: { textToImage: [50, 5, 1], imageToImage: [50, 5, 0.3], inpaint: [50, 7.5, 0.9999] },
  sd3: { textToImage: [28, 7, 1], imageToImage: [50, 7, 0.6], inpaint: [50, 7, 0.6] },
  flux: { textToImage: [28, 3.5, 1], imageToImage: [28, 7, 0.6], inpaint: [28, 7, 0.6] },
};

/** The defaults of a folder's class for a use. */
export function defaultsOf(kind: FolderKind, { name }: TextKind, use: Use): Defaults {
  const [steps, guidance, strength] = table[kind === "latent consistency" ? "lcm" : name][use];
  return { steps: kind === "image edit" ? 100 : steps, guidance, strength };
}

/** What a folder is made for. */
export function ownUse(kind: FolderKind): Use {
  if (kind === "inpainting") return "inpaint";
  return kind === "refiner" || kind === "image edit" ? "imageToImage" : "textToImage";
}

// Others of these names (upscalers, depth, Fill, PAG, ...) are other algorithms.
const KNOWN =
  /^(StableDiffusion(XL|3)?(ControlNet)?|LatentConsistencyModel|Flux)(Img2Img|Inpaint)?Pipeline$|^StableDiffusion(XL)?InstructPix2PixPipeline$/;

const refuse = (reason: string) => new GenError("invalid-model", reason);

const nameOf = (index: Fields) => {
  const className = classNameOf(index);
  return className ? ` (${className})` : "";
};

/**
 * The kind of a folder that takes prompts.
 *
 * @throws GenError `invalid-model` for a folder without a text encoder, or of an unknown class.
 */
export function requireTextKind(index: Fields, config: Fields): FolderKind {
  const className = classNameOf(index);
  const isTold = Object.keys(index).length > 0;
  const encodes = !isTold || isWanted(index, "text_encoder") || isWanted(index, "text_encoder_2");
  const kind = kindOf(index, config, encodes);
  if (["class-conditional", "unconditional", "autoencoder"].includes(kind)) {
    throw refuse(`the folder${nameOf(index)} has no text encoder: use generate, or gen sample`);
  }
  if (className !== undefined && !KNOWN.test(className)) {
    throw refuse(
      `the prompts of ${className} are not known here, only those of StableDiffusion, StableDiffusionXL, StableDiffusion3, LatentConsistencyModel and Flux, of their Img2Img and Inpaint, and of InstructPix2Pix: encode the prompt and use generate with its conditions`,
    );
  }
  return kind;
}

const needs: Readonly<Partial<Record<FolderKind, string>>> = {
  refiner:
    "is a refiner$: it refines a picture. Use imageToImage, or its base folder for a prompt alone",
  inpainting:
    "is for inpainting$: it needs a picture and a mask beside the prompt. Use inpaint, or a text-to-image folder",
  "image edit":
    "edits images$: it needs a picture beside the prompt. Use imageToImage, or a text-to-image folder",
};

/** @throws GenError `invalid-model` saying what a folder of this kind is used for. */
export function requireUse({ kind, index }: { kind: FolderKind; index: Fields }, use: Use): void {
  const own = ownUse(kind);
  const fits = own === use || own === "textToImage" || (kind === "refiner" && use === "inpaint");
  if (!fits) throw refuse(`the folder ${(needs[kind] as string).replace("$", nameOf(index))}`);
}
