// @ts-check
// `npm run lint`: formatting and lint rules, import floors, unused exports. Runs all three checks
// even if one fails.
import { join } from "node:path";
import { toolEnvironment } from "./ready.mjs";
import { root, run } from "./shell.mjs";

/** @type {[name: string, script: string, args: string[]][]} */
const checks = [
  ["format and lint (biome)", "@biomejs/biome/bin/biome", ["check", "--error-on-warnings"]],
  [
    "import floors (dependency-cruiser)",
    "dependency-cruiser/bin/dependency-cruise.mjs",
    ["packages", "apps", "--config", ".dependency-cruiser.cjs"],
  ],
  [
    "unused exports and dependencies (knip)",
    "knip/bin/knip.js",
    ["--no-progress", "--no-config-hints"],
  ],
];

const failed = [];
for (const [name, script, args] of checks) {
  console.log(`\n${name}`);
  const path = join(root, "node_modules", ...script.split("/"));
  if ((await run(process.execPath, [path, ...args], { env: toolEnvironment() })) !== 0) {
    failed.push(name);
  }
}
console.log(failed.length === 0 ? "\nlint: clean" : `\nlint: failed in ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
