import type { Command } from "commander";
import { dataNames } from "./names.ts";
import { type CommonOptions, decimal, integer, path, range, saveEveryOption } from "./options.ts";

/** Options of every training. */
export interface TrainOptions extends CommonOptions {
  readonly data: string;
  readonly range?: readonly [number, number];
  readonly steps: number;
  readonly batch?: number;
  readonly accumulate: number;
  readonly learningRate?: number;
  readonly width?: number;
  readonly saveEvery: number;
}

const dataHelp = `${dataNames.join(", ")}, or a path: a folder of PNG files, or an idx, npy, npz or csv file`;

/** The end of every training's help. */
export const resumeHelp = `
After Ctrl-C, a full disk or a crash the folder can be used. The same command continues the training
from the last save and ends at the same weights. --out may be a folder with the training to continue,
but with no other. One process at a time trains into a folder.`;

/** Adds the options that every training takes. */
export const withTrainOptions = (command: Command, steps: number, data: string): Command =>
  command
    .option("--data <name|path>", dataHelp, path, data)
    .option(
      "--range <low,high>",
      "values of black and white in a file of floats (default: 0,1 or -1,1 if all values fit)",
      range,
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
