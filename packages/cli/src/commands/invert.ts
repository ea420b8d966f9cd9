import { Command } from "commander";
import { choice, classLabels, integer, numbers, path, withCommonOptions } from "../options.ts";
import { dataHelp, withDataOptions } from "../training-options.ts";

/** `gen invert`. */
export function invertCommand(): Command {
  const command = new Command("invert")
    .description("turn pictures into the noise from which DDIM makes them, and back")
    .option("--model <folder>", "a pipeline folder or its http(s) URL", path);
  withDataOptions(command, `${dataHelp}, or one picture (default: what the model was trained on)`)
    .addOption(
      choice(
        "--split <name>",
        "all items in the order of the file, those of the training, or those that it holds out",
        ["all", "train", "test"],
        "test",
      ),
    )
    .option("--items <list>", "items of the data by their numbers from 0, such as 3,17", numbers)
    .option(
      "--count <n>",
      "items from the first on, where --items names none (default: 8)",
      integer(1, 1000),
    )
    .option(
      "--class <label>",
      "the class of the pictures, for a class-conditional model: a number or a name (default: that of the data)",
      classLabels,
    )
    .option("--steps <n>", "steps of each way", integer(1, 100_000), 50);
  return withCommonOptions(command, "inversion.png")
    .addHelpText(
      "after",
      `
The picture has the items, the noise below them, and the pictures that come back in the last row. An
--out path with the ending .npy holds the noise [count, ...]. Any other path is a folder with both.

The noise is that of the deterministic DDIM: gen sample --init with the sampler ddim, as many steps
and --no-clip returns the pictures. Each step takes the noise estimate of its end for the whole step,
so the error falls as one over the steps.

Examples:
  gen invert --model digits
  gen invert --model digits --items 3,17 --steps 200 --out noise.npy
  gen invert --model mine --data portrait.png --out inversion/`,
    )
    .action(async (options) => (await import("../runs/invert.ts")).runInvert(options));
}
