import { Argument, Command } from "commander";
import { completionScript, type Shell, shells } from "../completion.ts";

/** `gen completion`. */
export function completionCommand(): Command {
  return new Command("completion")
    .description("print the script that completes commands and options in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(shells))
    .addHelpText(
      "after",
      `
The script knows all commands, options and their values, and starts nothing. Print it again after an
update of gen.

Examples:
  gen completion bash >> ~/.bashrc
  gen completion zsh >> ~/.zshrc
  gen completion fish > ~/.config/fish/completions/gen.fish`,
    )
    .action((shell: Shell, _, command: Command) => {
      process.stdout.write(completionScript(shell, command.parent as Command));
    });
}
