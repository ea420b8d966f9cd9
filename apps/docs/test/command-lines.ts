import { type Command, cliCommands } from "../../../tooling/pages/cli-page.ts";

/** A command line's words as a shell gives them, without the file that its output goes to. */
export const wordsOf = (line: string) =>
  Array.from(
    line.replace(/ >>? \S+$/, "").matchAll(/"([^"]*)"|(\S+)/g),
    ([, quoted, plain]) => quoted ?? plain,
  );

/** The command `gen`, which parses its options and does no work. */
export const idleProgram = (): Command => idle(cliCommands()[0].command);

function idle(command: Command): Command {
  if (command.commands.length === 0) command.action(() => undefined);
  for (const child of command.commands) idle(child);
  return command;
}
