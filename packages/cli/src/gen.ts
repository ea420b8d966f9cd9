#!/usr/bin/env node
import { CommanderError } from "commander";
import { errorLine, exitCode } from "./errors.ts";
import { program } from "./program.ts";

if (process.argv.length === 2) process.argv.push("--help");
try {
  await program().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version were asked for where the code is 0; everything else is bad usage.
    if (error.exitCode !== 0)
      process.stderr.write(`${errorLine(error).replace(/^error: /, "gen: ")}\n`);
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`gen: ${errorLine(error)}\n`);
    process.exitCode = exitCode(error);
  }
}
// Native threads of a backend that was cut short must not keep the process alive.
if (process.exitCode) process.exit();
