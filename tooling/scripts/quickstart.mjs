// @ts-check
// `npm run quickstart` installs, builds and runs `gen quickstart` with the flags after `--`.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, checkNode, install } from "./ready.mjs";
import { root } from "./shell.mjs";

try {
  checkNode();
  await install();
  await build();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

// Runs in this process, so that signals and the exit code need no forwarding.
const gen = join(root, "packages", "cli", "dist", "gen.js");
const args = process.argv.slice(2);
const hasOut = args.some((arg) => arg === "--out" || arg.startsWith("--out="));
const out = hasOut ? [] : ["--out", "gen-quickstart"];
process.argv = [process.execPath, gen, "quickstart", ...out, ...args];
await import(pathToFileURL(gen).href);
