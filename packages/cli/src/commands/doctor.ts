import { Command } from "commander";

/** `gen doctor`. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("say what runs here, what is missing, and the command that mends it")
    .option("--json", "print the result as JSON on stdout", false)
    .addHelpText(
      "after",
      `
Exits with 1 if something keeps gen from its work: a package that does not load, no
backend but the slow ones, a cache that cannot be written. What is only optional does
not count.

Examples:
  gen doctor
  gen doctor --json`,
    )
    .action(async (options) => (await import("../runs/doctor.ts")).runDoctor(options));
}
