import { Command } from "commander";

/** `gen cache`. */
export function cacheCommand(): Command {
  return new Command("cache")
    .description("list, check and remove the files of models that were downloaded")
    .argument(
      "[names...]",
      "only these: a URL or its beginning, or a SHA-256 or its first 8 digits",
    )
    .option("--path", "print the folder alone", false)
    .option("--verify", "read each file and compare its SHA-256", false)
    .option("--clear", "remove the files", false)
    .option("--force", "let --clear remove all files", false)
    .option("--json", "print the result as JSON on stdout", false)
    .addHelpText(
      "after",
      `
A model at a URL is downloaded once. Its files lie in gen/models of the user's cache folder, which
XDG_CACHE_HOME moves, each under its SHA-256. A line has the size, the day of the last use, the
SHA-256 and each URL. A download that stopped is a part of a file.

The models that gen jobs work fetched from its store lie in gen/jobs, a folder for each. Workers never
remove one: remove them when no worker runs.

Exits with 1 if --verify finds a damaged file. The next use downloads it again.

Examples:
  gen cache
  gen cache --verify
  gen cache https://example.com/models/digits --clear
  gen cache --clear --force`,
    )
    .action(async (names, options) => (await import("../runs/cache.ts")).runCache(names, options));
}
