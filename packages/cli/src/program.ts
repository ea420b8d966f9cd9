import { Command } from "commander";
import { backendsCommand } from "./commands/backends.ts";
import { quickstartCommand } from "./commands/quickstart.ts";
import { sampleCommand } from "./commands/sample.ts";
import { trainCommand } from "./commands/train.ts";
import { version } from "./versions.ts";

/** The `gen` command with all that it can do. */
export function program(): Command {
  const gen = new Command("gen")
    .description("Train and sample VAEs, DDPM and DDIM.")
    .version(version())
    .addCommand(quickstartCommand())
    .addCommand(trainCommand())
    .addCommand(sampleCommand())
    .addCommand(backendsCommand());
  quieten(gen);
  return gen;
}

/** Leaves the printing of errors, and the exit code, to the caller; help still goes to stdout. */
function quieten(command: Command): void {
  command
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError(true);
  for (const child of command.commands) quieten(child);
}
