import type { Command } from "commander";
import { dataNames } from "./names.ts";
import {
  type AugmentFlags,
  augmentation,
  type CommonOptions,
  choice,
  decimal,
  integer,
  path,
  range,
  saveEveryOption,
  size,
} from "./options.ts";

/** How data are read, beside their name or path. */
export interface DataFlags {
  readonly range?: readonly [number, number];
  /** Height and width of the pictures of a folder. */
  readonly size?: readonly [height: number, width: number];
  readonly fit?: "crop" | "contain" | "stretch";
  readonly channels?: "1" | "3";
  readonly labels?: string;
}

/** Options of every training. */
export interface TrainOptions extends CommonOptions, DataFlags {
  readonly data: string;
  readonly augment?: AugmentFlags;
  readonly steps: number;
  readonly batch?: number;
  readonly accumulate: number;
  readonly learningRate?: number;
  readonly width?: number;
  readonly saveEvery: number;
}

export const dataHelp = `${dataNames.join(", ")}, or a path: a folder of PNG, JPEG or WebP files, whose subfolders are classes, or an idx, npy, npz or csv file`;

/** The end of every training's help. */
export const resumeHelp = `
After Ctrl-C, a full disk or a crash the folder can be used. The same command continues the training
from the last save and ends at the same weights. --out may be a folder with the training to continue,
but with no other. One process at a time trains into a folder.`;

/** Adds the options that say which data, and how they are read. */
export const withDataOptions = (command: Command, help = dataHelp, data?: string): Command =>
  command
    .option("--data <name|path>", help, path, data)
    .option(
      "--range <low,high>",
      "values of black and white in a file of floats (default: 0,1 or -1,1 if all values fit)",
      range,
    )
    .option(
      "--size <w>[x<h>]",
      "width and height of the pictures of a folder, which are scaled to it (default: the size that all have)",
      size,
    )
    .addOption(
      choice(
        "--fit <how>",
        "how pictures of other proportions fit --size: cut at the edges, filled with black, or stretched (default: crop)",
        ["crop", "contain", "stretch"],
      ),
    )
    .addOption(
      choice(
        "--channels <n>",
        "1 for grey pictures of a folder, 3 for color (default: 3 if any has colors)",
        ["1", "3"],
      ),
    )
    .option(
      "--labels <file>",
      "the classes of the items of an idx or npy file: an idx or npy file (default: the labels beside a file named as MNIST's are)",
      path,
    );

/** Adds the options that every training takes. */
export const withTrainOptions = (command: Command, steps: number, data: string): Command =>
  withDataOptions(command, dataHelp, data)
    .option(
      "--augment <list>",
      "random changes of each picture in training: flip, shift:PIXELS, rotate:DEGREES, dequantize; several with commas",
      augmentation,
    )
    .option("--steps <n>", "training steps", integer(1, 1e8), steps)
    .option("--batch <n>", "items in a batch (default: 128, or 256 for points)", integer(1, 65536))
    .option(
      "--accumulate <n>",
      "parts that a batch is split into; fewer items at once take less memory",
      integer(1, 65536),
      1,
    )
    .option(
      "--learning-rate <x>",
      "Adam's peak rate, between a warm-up and a cosine decay (default: 0.001, or 0.002 for points)",
      decimal(0, 1, true),
    )
    .addOption(saveEveryOption());
