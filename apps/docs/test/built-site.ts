import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
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

async function build(out: string): Promise<void> {
  await run("typedoc/bin/typedoc", "--options", "typedoc/typedoc.config.mjs");
  // The build fails on a link to a missing page and on a formula that does not parse.
  await run("vitepress/bin/vitepress.js", "build", "--outDir", out);
}

/** Runs a tool of this package as `npm run build` does. An error has its output. */
function run(script: string, ...args: string[]): Promise<void> {
  const path = join(docs, "node_modules", ...script.split("/"));
  const env = { ...process.env, NODE_ENV: "production" };
  const child = spawn(process.execPath, [path, ...args], { cwd: docs, env });
  let output = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  child.stderr.on("data", (text) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(output))));
  });
}
