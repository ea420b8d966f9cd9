/*
 * The files that a picture is made of beside its model, as its settings have them.
 */
import { rules } from "@gen/math/arguments";

/** A file; with its SHA-256, only that file. */
export interface PictureFile {
  readonly path: string;
  readonly sha256?: string;
}

/** A LoRA's file and how much of it is added. */
export interface LoraFile extends PictureFile {
  readonly strength: number;
}

/** The file of a learned word. */
export interface EmbeddingFile extends PictureFile {
  /** @defaultValue the file's own, else the file's name */
  readonly word?: string;
}

/** A control picture, and how much its ControlNet counts. */
export interface ControlFile extends PictureFile {
  /** The ControlNet's folder, or its URL. */
  readonly net: string;
  readonly scale: number;
  /** The share of the steps before which it does not count. @defaultValue 0 */
  readonly start?: number;
  /** The share of the steps after which it does not count. @defaultValue 1 */
  readonly end?: number;
}

/** What a picture is made of, as its settings have it. */
export interface PictureSources {
  readonly image?: PictureFile;
  readonly mask?: PictureFile;
  readonly loras?: readonly LoraFile[];
  readonly embeddings?: readonly EmbeddingFile[];
  readonly controls?: readonly ControlFile[];
}

const SHA256: rules.Rule = ["a SHA-256", (value) => /^[0-9a-f]{64}$/.test(String(value))];

const file = { path: rules.TEXT, sha256: SHA256 };

const listOf = (fields: string, more: Readonly<Record<string, rules.Rule>>) =>
  rules.optional(
    rules.listOf(rules.having(`{ path, sha256, ${fields} }`, { ...file, ...more }), 1),
  );

/** What a stranger's settings may say of files: no file without its hash. */
export const sourceRules = {
  image: rules.optional(rules.having("{ path, sha256 }", file)),
  mask: rules.optional(rules.having("{ path, sha256 }", file)),
  loras: listOf("strength", { strength: rules.NUMBER }),
  embeddings: listOf("word", { word: rules.TEXT }),
  controls: listOf("net, scale, start, end", {
    net: rules.TEXT,
    scale: rules.NUMBER,
    start: rules.optional(rules.UNIT),
    end: rules.optional(rules.UNIT),
  }),
};
