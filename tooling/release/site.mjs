// @ts-check
/*
 * `npm run site` builds the whole site into `site/`: the book in its root, the demo in `demo/`, and
 * the docs of each released minor in `vX.Y/`, built from the minor's tag.
 *
 * `GEN_SITE_URL` is the address that the site will have, such as https://example.org/gen/.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build, checkNode, install, toolEnvironment } from "../scripts/ready.mjs";
import { root, run, runPhase } from "../scripts/shell.mjs";
import { output } from "./command.mjs";

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(root, "site") },
    // The docs of one release alone. The script calls itself so in the release's tree.
    version: { type: "string" },
  },
});

try {
  checkNode();
  await install();
  await build();
  if (values.version) await docs(values.out, { GEN_DOCS_VERSION: values.version });
  else await site(values.out);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** @param {string} out */
async function site(out) {
  rmSync(out, { recursive: true, force: true });
  await docs(out, {});
  const vite = join(root, "apps", "demo", "node_modules", "vite", "bin", "vite.js");
  const app = join(root, "apps", "demo");
  await runPhase("Building the demo", process.execPath, [
    ...[vite, "build", app, "--outDir", join(out, "demo"), "--emptyOutDir"],
  ]);
  // Read after the installation, which the docs' own modules need.
  const { repositoryVersions } = await import("../../apps/docs/scripts/versions.mjs");
  for (const { name, folder, tag } of repositoryVersions()) {
    if (tag) await released(name, tag, join(out, folder));
  }
  console.log(`The site lies in ${out}`);
}

/** @param {string} out @param {NodeJS.ProcessEnv} variables */
async function docs(out, variables) {
  const folder = join(root, "apps", "docs");
  const env = { ...toolEnvironment(), NODE_ENV: "production", ...variables };
  const bin = (/** @type {string} */ path) => join(folder, "node_modules", path);
  const options = join(folder, "typedoc", "typedoc.config.mjs");
  const typedoc = [bin("typedoc/bin/typedoc"), "--options", options];
  await runPhase("Writing the reference", process.execPath, typedoc, { env });
  const vitepress = [bin("vitepress/bin/vitepress.js"), "build", folder, "--outDir", out];
  await runPhase("Building the book", process.execPath, vitepress, { env });
}

/** Builds a release's docs in a tree of its tag. @param {string} name @param {string} tag @param {string} out */
async function released(name, tag, out) {
  const tree = join(mkdtempSync(join(tmpdir(), "gen-site-")), "tree");
  await output("git", ["worktree", "add", "--detach", tree, tag], { cwd: root });
  try {
    const script = join(tree, "tooling", "release", "site.mjs");
    const code = await run(process.execPath, [script, "--version", name, "--out", out]);
    if (code !== 0) throw new Error(`the docs of ${name} were not built; the output is above`);
  } finally {
    await output("git", ["worktree", "remove", "--force", tree], { cwd: root });
  }
}
