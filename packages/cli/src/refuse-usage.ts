import type { Command, CommanderError } from "commander";
import { errorLine, usageError } from "./errors.ts";

/** Turns bad usage into a `usage` error that says what is allowed; help still goes to stdout. */
export function refuseInOneLine(command: Command, path: string): void {
  const children = command.commands.map((child) => child.name());
  command.configureOutput({ writeErr: () => undefined }).exitOverride((error) => {
    if (error.exitCode === 0) throw error;
    throw usageError(`${problem(error, path)}${allowed(error, command, children)}`);
  });
  for (const child of command.commands) refuseInOneLine(child, `${path} ${child.name()}`);
}

function problem(error: CommanderError, path: string): string {
  if (error.code === "commander.help") return `${path} needs a command`;
  return errorLine(error)
    .replace(/^error: /, "")
    .replace(/; \(Did you mean (.*)\?\)$/, " (did you mean $1?)");
}

function allowed(error: CommanderError, command: Command, children: readonly string[]): string {
  if (error.code === "commander.unknownOption") {
    const flags = command.options.map(({ long, short }) => long ?? short);
    return `; allowed are ${flags.join(" ")}`;
  }
  const unknown = ["commander.unknownCommand", "commander.help"].includes(error.code);
  return unknown ? `; it must be one of ${children.join(", ")}` : "";
}
