#!/usr/bin/env node
import { CommanderError } from "commander";
import { exitCode, failureLine } from "./errors.ts";
import { program } from "./program.ts";
import { endLine } from "./terminal.ts";

for (const stream of [process.stdout, process.stderr]) {
  // A reader that stops early, such as `head`, is no failure.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}
if (process.argv.length === 2) process.argv.push("--help");
try {
  await program().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) {
    // The command printed its help or the version.
  } else {
    endLine();
    process.stderr.write(`gen: ${failureLine(error)}\n`);
    if (process.env.GEN_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = exitCode(error);
  }
}
// After a failure, a backend's native threads must not keep the process alive.
if (process.exitCode) process.exit();
