// @ts-check
// `npm run quickstart`: install, build, then the main job. Flags after `--` go to `gen quickstart`.
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

// In this process rather than in a child of it: signals and the exit code then need no forwarding.
const gen = join(root, "packages", "cli", "dist", "gen.js");
const given = process.argv.slice(2);
const named = given.some((arg) => arg === "--out" || arg.startsWith("--out="));
const out = named ? [] : ["--out", "gen-quickstart"];
process.argv = [process.execPath, gen, "quickstart", ...out, ...given];
await import(pathToFileURL(gen).href);
