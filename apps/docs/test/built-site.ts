import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll } from "vitest";
import { buildOnce } from "../../../tooling/scripts/shared-builds.ts";

export const docs = dirname(dirname(fileURLToPath(import.meta.url)));

/** The built site: its folder, and the text of each page by its path. */
export interface BuiltSite {
  readonly out: string;
  readonly pages: ReadonlyMap<string, string>;
}

/** Has the site built before the tests of a file. All files of a run share one build. */
export function usesSite(): () => BuiltSite {
  let site: BuiltSite;
  beforeAll(async () => {
    const out = await buildOnce("site", build);
    const files = readdirSync(out, { recursive: true, encoding: "utf8" })
      .map((file) => file.replaceAll("\\", "/"))
      .filter((file) => file.endsWith(".html") && !file.startsWith("live/"));
    site = { out, pages: new Map(files.map((f) => [f, readFileSync(join(out, f), "utf8")])) };
  }, 900_000);
  return () => site;
}

/** As `npm run build` does. An error has the tool's output. */
async function build(out: string): Promise<void> {
  const env = { ...process.env, NODE_ENV: "production" };
  const run = (tool: string, ...args: string[]) =>
    promisify(execFile)(process.execPath, [join(docs, "node_modules", tool), ...args], {
      cwd: docs,
      env,
      maxBuffer: 2 ** 26,
    });
  await run("typedoc/bin/typedoc", "--options", "typedoc/typedoc.config.mjs");
  // The build fails on a link to a missing page and on a formula that does not parse.
  await run("vitepress/bin/vitepress.js", "build", "--outDir", out);
}
