import { Command } from "commander";
import { choice, backendNames as choices, integer, path } from "../options.ts";

/** `gen backends`. */
export function backendsCommand(): Command {
  return new Command("backends")
    .description("run a small network on each backend, and say why a backend is not available")
    .addOption(
      choice(
        "--backend <name>",
        "test this backend alone, and exit with 2 if it is not available",
        choices,
      ),
    )
    .option("--seed <n>", "seed of the network's numbers", integer(0), 0)
    .option("--out <file.json>", "also write the result to this file", path)
    .option("--force", "replace an existing result", false)
    .option("--json", "print the result as JSON on stdout", false)
    .addHelpText(
      "after",
      `
Examples:
  gen backends
  gen backends --backend onnx/wasm --json`,
    )
    .action(async (options) => (await import("../runs/backends.ts")).runBackends(options));
}
