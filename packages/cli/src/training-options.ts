import type { Command } from "commander";
import { dataNames, optimizerNames } from "./names.ts";
import {
  type AugmentFlags,
  augmentation,
  type CommonOptions,
  choice,
  decimal,
  integer,
  logKinds,
  path,
  range,
  rateDecay,
  saveEveryOption,
  size,
  timeLimit,
} from "./options.ts";
import type { RateFlags } from "./rates.ts";
import type { LogKind } from "./training-log.ts";

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
export interface TrainOptions extends CommonOptions, DataFlags, RateFlags {
  readonly data: string;
  readonly augment?: AugmentFlags;
  readonly steps: number;
  readonly batch?: number;
  readonly accumulate: number;
  readonly learningRate?: number;
  readonly width?: number;
  readonly saveEvery: number;
  readonly validateEvery?: number;
  readonly earlyStop?: number;
  /** Seconds. */
  readonly timeLimit?: number;
  readonly samplesEvery?: number;
  readonly log?: readonly LogKind[];
}

export const dataHelp = `${dataNames.join(", ")}, or a path: a folder of PNG, JPEG or WebP files, whose subfolders are classes, or an idx, npy, npz or csv file`;

/** The end of every training's help. */
export const resumeHelp = `
After Ctrl-C, a full disk or a crash the folder can be used. The same command continues the training
from the last save and ends at the same weights. --out may be a folder with the training to continue,
but with no other. More --steps than before continue it: with --rate-decay constant or step to the
weights of a training of that length, otherwise with a rate that rises again. One process at a time trains into a folder.`;

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
      "the optimizer's peak rate (default: 0.001, or 0.002 for points; a tenth of it for lion, ten times for sgd)",
      decimal(0, 1, true),
    )
    .addOption(
      choice("--optimizer <name>", "the rule that moves the weights", optimizerNames, "adam"),
    )
    .option(
      "--weight-decay <x>",
      "how strongly weights are drawn to 0 (default: 0, or 0.01 for adamw)",
      decimal(0, 10),
    )
    .option(
      "--momentum <x>",
      "the share of its last direction that sgd keeps (default: 0.9)",
      decimal(0, 0.9999),
    )
    .option(
      "--rate-decay <how>",
      "how the rate falls: cosine or linear to a twentieth at the last step, constant, or step:STEPS:FACTOR, which multiplies it by FACTOR each STEPS steps",
      rateDecay,
      "cosine",
    )
    .option(
      "--warm-up <n>",
      "first steps, in which the rate rises to its peak (default: a tenth of the steps, at most 200; 0 for constant and step)",
      integer(0, 1e8),
    )
    .option(
      "--ema <x>",
      "the share that the saved average of the weights keeps at each step; 0 saves the last weights",
      decimal(0, 0.999999),
      0.999,
    )
    .addOption(saveEveryOption())
    .option(
      "--validate-every <n>",
      "steps between two measures of the held-out tenth, or of the test set; the best model so far is kept in best/ of the folder (default: never)",
      integer(1, 1e8),
    )
    .option(
      "--early-stop <n>",
      "ends the training after as many measures of the held-out share without a better one (default: never)",
      integer(1, 1e6),
    )
    .option(
      "--time-limit <time>",
      "ends the run after a time, such as 30s, 10m or 2h, with its work saved; the same command continues it",
      timeLimit,
    )
    .option(
      "--samples-every <n>",
      "steps between two pictures of 16 samples, or of 1,000 points, in samples/ of the folder (default: never)",
      integer(1, 1e8),
    )
    .option(
      "--log <kinds>",
      "logs for other programs: jsonl writes metrics.jsonl, tensorboard event files in logs/; both with a comma between (default: none)",
      logKinds,
    );
