/*
 * The command inside `gen jobs submit`, such as `sample` with its options, as it would run here.
 *
 *   gen jobs submit --store results sample --model moons --count 50000
 */
import type { Command } from "commander";
import { evaluateCommand } from "./commands/evaluate.ts";
import { generateCommand } from "./commands/generate.ts";
import { decodeCommand, encodeCommand } from "./commands/latents.ts";
import { sampleCommand } from "./commands/sample.ts";
import { usageError } from "./errors.ts";
import { refuseInOneLine } from "./refuse-usage.ts";
import { withConfig } from "./run-config.ts";

const commands: Readonly<Record<string, () => Command>> = {
  sample: sampleCommand,
  generate: generateCommand,
  evaluate: evaluateCommand,
  encode: encodeCommand,
  decode: decodeCommand,
};

/** A command that was parsed and not run. */
export interface ParsedCommand {
  readonly name: string;
  readonly command: Command;
}

/** Parses a command. @throws GenError `usage` as the command itself does. */
export async function parseJobCommand([name, ...words]: readonly string[]): Promise<ParsedCommand> {
  const make = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!make)
    throw usageError(`gen jobs submit takes ${Object.keys(commands).join(", ")}, got ${name}`);
  const command = make();
  withConfig(command, name);
  refuseInOneLine(command, `gen ${name}`);
  command.action(() => undefined);
  await command.parseAsync(words, { from: "user" });
  return { name, command };
}
