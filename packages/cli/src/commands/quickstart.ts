import { Command } from "commander";
import { decimal, saveEveryOption, withCommonOptions } from "../options.ts";

/** `gen quickstart`: from images to samples. */
export function quickstartCommand(): Command {
  const command = new Command("quickstart")
    .description(
      "train a VAE and two DDPMs on embedded images, save, reload and sample them, write pictures and a report",
    )
    .option(
      "--effort <x>",
      "training steps as a multiple of the default",
      decimal(0, 100, true),
      1,
    );
  return withCommonOptions(command.addOption(saveEveryOption()), "gen-quickstart")
    .addHelpText(
      "after",
      `
A second run continues where the first stopped and reuses its results; --force starts again.

Examples:
  gen quickstart
  gen quickstart --effort 0.1 --out quick
  gen quickstart --seed 7 --out seven`,
    )
    .action(async (options) => (await import("../runs/quickstart.ts")).quickstart(options));
}
