import { Command } from "commander";
import { backendsCommand } from "./commands/backends.ts";
import { cacheCommand } from "./commands/cache.ts";
import { compareCommand } from "./commands/compare.ts";
import { completionCommand } from "./commands/completion.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { exportCommand } from "./commands/export.ts";
import { generateCommand } from "./commands/generate.ts";
import { helpCommand } from "./commands/help.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { invertCommand } from "./commands/invert.ts";
import { jobsCommand } from "./commands/jobs.ts";
import {
  decodeCommand,
  encodeCommand,
  interpolateCommand,
  reconstructCommand,
} from "./commands/latents.ts";
import { quickstartCommand } from "./commands/quickstart.ts";
import { sampleCommand } from "./commands/sample.ts";
import { serveCommand } from "./commands/serve.ts";
import { classifierCommand } from "./commands/train-classifier.ts";
import { ddpmCommand } from "./commands/train-ddpm.ts";
import { vaeCommand } from "./commands/train-vae.ts";
import { helpLanguages } from "./help-language.ts";
import { topicNames } from "./help-topics.ts";
import { choice } from "./options.ts";
import { refuseInOneLine } from "./refuse-usage.ts";
import { withConfig } from "./run-config.ts";
import { version } from "./versions.ts";

/**
 * The `gen` command with its subcommands.
 *
 * `parseAsync` throws instead of exiting: a CommanderError with exit code 0 after it prints help or
 * the version, otherwise the error to print as one line.
 */
export function program(): Command {
  const train = new Command("train")
    .description("train a model and save it as a folder of ONNX and JSON")
    .addCommand(vaeCommand())
    .addCommand(ddpmCommand())
    .addCommand(classifierCommand());
  const gen = new Command("gen")
    .description("Train and sample VAEs, DDPM and DDIM.")
    .version(version())
    // gen.ts takes this option out of the arguments, because it may follow a command.
    .addOption(
      choice(
        "--lang <code>",
        "language of the help (default: by LC_ALL, LC_MESSAGES or LANG, else en)",
        helpLanguages,
      ),
    )
    .addCommand(quickstartCommand())
    .addCommand(train)
    .addCommand(sampleCommand())
    .addCommand(generateCommand())
    .addCommand(evaluateCommand())
    .addCommand(compareCommand())
    .addCommand(encodeCommand())
    .addCommand(decodeCommand())
    .addCommand(reconstructCommand())
    .addCommand(interpolateCommand())
    .addCommand(serveCommand())
    .addCommand(jobsCommand())
    .addCommand(invertCommand())
    .addCommand(exportCommand())
    .addCommand(inspectCommand())
    .addCommand(cacheCommand())
    .addCommand(backendsCommand())
    .addCommand(doctorCommand())
    .addCommand(completionCommand())
    .addCommand(helpCommand())
    .addHelpText(
      "after",
      `
Examples:
  gen quickstart
  gen train ddpm --data two-moons --out moons
  gen sample --model moons --sampler ddim --steps 50 --count 2000 --out moons.png
  gen generate "a red fox" --model stable-diffusion --out fox.png
  gen inspect model.onnx

Topics of gen help: ${topicNames.join(", ")}.
Exit codes: 0 done, 1 failure, 2 bad input, 130 Ctrl-C (the work is saved).
GEN_DEBUG=1 adds an error's stack.`,
    );
  configure(gen);
  refuseInOneLine(gen, "gen");
  return gen;
}

/** Adds --config and --print-config to each command that has options. */
function configure(command: Command, path = ""): void {
  if (path !== "" && command.commands.length === 0 && command.options.length > 0)
    withConfig(command, path);
  for (const child of command.commands) configure(child, `${path} ${child.name()}`.trim());
}
