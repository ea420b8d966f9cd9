import { Command } from "commander";
import { scheduleNames } from "../names.ts";
import { choice, integer, withCommonOptions } from "../options.ts";
import { resumeHelp, withTrainOptions } from "../training-options.ts";

/** `gen train classifier`. */
export function classifierCommand(): Command {
  const description = "train a classifier of images or points, which can guide a diffusion model";
  const command = new Command("classifier").description(description);
  const classifier = withTrainOptions(command, 2000, "digits")
    .option(
      "--width <n>",
      "channels of the first convolution, or features of the hidden layers (default: 32, or 128 for points)",
      integer(1, 8192),
    )
    .option(
      "--noisy",
      "train on noisy items, so that gen sample --classifier takes it; the noise is that of the model to guide",
      false,
    )
    .addOption(choice("--schedule <name>", "noise schedule of --noisy", scheduleNames, "linear"))
    .option("--timesteps <n>", "noise levels of --noisy", integer(2, 100000), 1000);
  return withCommonOptions(classifier, "gen-classifier")
    .addHelpText(
      "after",
      `
The data must have classes: subfolders, or labels in the file. The loss is the cross entropy in nats,
and accuracy the share of right classes. The held-out share is measured at the end, and with
--validate-every in between. features.onnx in the folder gives what the last layer sees: gen evaluate
--features takes the folder.
${resumeHelp}

Examples:
  gen train classifier --out digits-classifier
  gen train classifier --noisy --out guide
  gen train classifier --data pictures/ --size 32 --augment flip,shift:2 --out mine`,
    )
    .action(async (options) =>
      (await import("../runs/train-classifier.ts")).trainClassifier(options),
    );
}
