// @ts-check
// Runs turbo with the workspace's tools on the PATH: `node tooling/scripts/turbo.mjs run build`.
import { join } from "node:path";
import { toolEnvironment } from "./ready.mjs";
import { root, run } from "./shell.mjs";

const turbo = join(root, "node_modules", "turbo", "bin", "turbo");
process.exitCode = await run(process.execPath, [turbo, ...process.argv.slice(2)], {
  env: toolEnvironment(),
});
