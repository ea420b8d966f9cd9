/*
 * The files that pictures are made of beside their model: an image, a mask, LoRAs, learned words and
 * control pictures.
 *
 *   image     PNG, or npy: bytes [height, width, 3], or floats [3, height, width] in [-1, 1]
 *   control   the same with floats in [0, 1]
 *   mask      PNG, or npy: bytes [height, width], or floats [1, height, width] in [0, 1]; white
 *             is painted anew
 *
 * A picture's settings have the path and the SHA-256 of each, so that --like finds the same bytes.
 */
import { createHash } from "node:crypto";
import { basename, extname, resolve } from "node:path";
import { errorCode } from "@gen/math";
import { readEmbedding } from "@gen/pipeline";
import { usageError } from "./errors.ts";
import { readBounded } from "./files.ts";
import { PICTURE_LIMIT, type PictureFlag, type Planes, planesOf } from "./picture-planes.ts";
import type {
  ControlFile,
  EmbeddingFile,
  LoraFile,
  PictureFile,
  PictureSources,
} from "./picture-sources.ts";

/** The contents of {@link PictureSources}, and what the settings of a picture keep of them. */
export interface PictureContents {
  readonly image?: Planes;
  readonly mask?: Planes;
  readonly loras: readonly { bytes: Uint8Array; strength: number; name: string }[];
  /** The bytes of learned words by word. */
  readonly embeddings: Readonly<Record<string, Uint8Array>>;
  readonly controls: readonly (Pick<ControlFile, "net" | "scale" | "start" | "end"> & {
    readonly image: Planes;
  })[];
  readonly kept: PictureSources;
}

const WEIGHTS_LIMIT = 2 ** 31 - 1;

/** Reads the files. @throws GenError `usage` or `invalid-data` naming the flag and the file. */
export async function readSources(sources: PictureSources): Promise<PictureContents> {
  const image = sources.image && (await readPicture("--image", sources.image));
  const mask = sources.mask && (await readPicture("--mask", sources.mask));
  const loras = await inTurn(sources.loras, readLora);
  const words = await inTurn(sources.embeddings, readWord);
  const controls = await inTurn(sources.controls, readControl);
  const embeddings = Object.fromEntries(words.map(({ content, kept }) => [kept.word, content]));
  if (Object.keys(embeddings).length < words.length) {
    const all = words.map(({ kept }) => kept.word).join(", ");
    throw usageError(`each --embedding must have a word of its own, got ${all}; pass word=file`);
  }
  return {
    image: image?.content,
    mask: mask?.content,
    loras: loras.map(({ content }) => content),
    embeddings,
    controls: controls.map(({ content }) => content),
    kept: {
      ...(image && { image: image.kept }),
      ...(mask && { mask: mask.kept }),
      ...(loras.length > 0 && { loras: loras.map(({ kept }) => kept) }),
      ...(words.length > 0 && { embeddings: words.map(({ kept }) => kept) }),
      ...(controls.length > 0 && { controls: controls.map(({ kept }) => kept) }),
    },
  };
}

/** Reads one file after the other. */
async function inTurn<F, R>(files: readonly F[] = [], read: (file: F) => Promise<R>): Promise<R[]> {
  const all: R[] = [];
  for (const file of files) all.push(await read(file));
  return all;
}

async function readPicture(flag: PictureFlag, file: PictureFile) {
  const { content, kept } = await readSource(flag, file, PICTURE_LIMIT);
  return { content: planesOf(flag, file.path, content), kept };
}

async function readControl({ path, sha256, ...control }: ControlFile) {
  const { content, kept } = await readPicture("--control", { path, sha256 });
  return { content: { ...control, image: content }, kept: { ...control, ...kept } };
}

async function readLora({ strength, ...file }: LoraFile) {
  const { content, kept } = await readSource("--lora", file, WEIGHTS_LIMIT);
  const lora = { bytes: content, strength, name: `--lora ${file.path}` };
  return { content: lora, kept: { ...kept, strength } };
}

async function readWord({ word, ...file }: EmbeddingFile) {
  const { content, kept } = await readSource("--embedding", file, WEIGHTS_LIMIT);
  const { path } = file;
  const fallback = basename(path, extname(path));
  const { token } = readEmbedding(content, { token: word, fallback, name: `--embedding ${path}` });
  return { content, kept: { word: token, ...kept } };
}

async function readSource(flag: string, { path, sha256: wanted }: PictureFile, limit: number) {
  const again = `pass it again as ${flag}`;
  const content = await readBounded(path, limit).catch((error: Error) => {
    throw errorCode(error) === "usage" ? usageError(`${flag} ${error.message}`) : error;
  });
  if (!content) {
    const moved = wanted === undefined ? "" : `; the picture of --like was made of it: ${again}`;
    throw usageError(`${flag} ${path}: no such file${moved}`);
  }
  const sha256 = createHash("sha256").update(content).digest("hex");
  if (wanted !== undefined && wanted !== sha256) {
    throw usageError(
      `${flag} ${path} is another file than the picture of --like was made of (SHA-256 ${wanted}): ${again}`,
    );
  }
  return { content, kept: { path: resolve(path), sha256 } };
}
