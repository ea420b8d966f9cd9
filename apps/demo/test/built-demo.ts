import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildOnce } from "../../../tooling/scripts/shared-builds.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The folder of the demo, built as it is published, once for all test files. Do not change it. */
export const builtDemo = await buildOnce("demo", async (folder) => {
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const { NODE_ENV: _, ...env } = process.env;
  await promisify(execFile)(
    process.execPath,
    [vite, "build", "--outDir", folder, "--emptyOutDir", "--logLevel", "error"],
    { cwd: root, env },
  );
});
