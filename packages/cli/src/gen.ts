#!/usr/bin/env node
import { CommanderError } from "commander";
import { exitCode, failureLine } from "./errors.ts";
import { asksHelp, takeLanguage } from "./help-language.ts";
import { program } from "./program.ts";
import { endLine } from "./terminal.ts";

// Progress and notes are lost when stderr cannot be written. The work goes on.
process.stderr.on("error", () => undefined);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that stops early, such as `head`, is no failure.
  if (error.code === "EPIPE" || error.code === "EIO" || process.exitCode) return;
  process.stderr.write(`gen: the result cannot be written to stdout (${error.code})\n`);
  process.exitCode = 1;
});
// Without a listener, the limit on a file's size (`ulimit -f`) ends the process in a write.
if (process.platform !== "win32") process.on("SIGXFSZ", () => undefined);
try {
  const { language, rest } = takeLanguage(process.argv.slice(2), process.env);
  if (rest.length === 0) rest.push("--help");
  const gen = program().setOptionValue("lang", language);
  // Only this help loads the Chinese texts.
  if (language === "zh" && asksHelp(rest)) (await import("./speak-chinese.ts")).speakChinese(gen);
  await gen.parseAsync(rest, { from: "user" });
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
