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

/** What a picture is made of, as its settings have it. */
export interface PictureSources {
  readonly image?: PictureFile;
  readonly mask?: PictureFile;
  readonly loras?: readonly LoraFile[];
}

const SHA256: rules.Rule = ["a SHA-256", (value) => /^[0-9a-f]{64}$/.test(String(value))];

const SOURCE = rules.having("{ path, sha256 }", { path: rules.TEXT, sha256: SHA256 });

const LORA = rules.having("{ path, sha256, strength }", {
  path: rules.TEXT,
  sha256: SHA256,
  strength: rules.NUMBER,
});

/** What a stranger's settings may say of files: no file without its hash. */
export const sourceRules = {
  image: rules.optional(SOURCE),
  mask: rules.optional(SOURCE),
  loras: rules.optional(rules.listOf(LORA, 1)),
};
