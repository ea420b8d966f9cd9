// @ts-check
/*
 * `npm run version-packages` turns the pending changesets into the next version of all packages and
 * into their changelogs. The first version, 0.1.0, has no earlier one to compare with: its changelogs
 * say what each package is, and the changesets before it are removed.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkNode, install, toolEnvironment } from "../scripts/ready.mjs";
import { root, run } from "../scripts/shell.mjs";
import { pendingChangesets } from "./checks.mjs";
import { publishedPackages, sharedVersion } from "./packages.mjs";

const first = "0.1.0";

try {
  checkNode();
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main() {
  const packages = publishedPackages(root);
  const pending = pendingChangesets(root);
  if (pending.length === 0) throw new Error("no changeset is pending: npm run changeset adds one");
  if (sharedVersion(packages) !== "0.0.0") {
    await install();
    const changesets = join(root, "node_modules", "@changesets", "cli", "bin.js");
    return run(process.execPath, [changesets, "version"], { env: toolEnvironment() });
  }
  for (const { folder, manifest } of packages) {
    const path = join(folder, "package.json");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/"version": "0\.0\.0"/, `"version": "${first}"`));
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    writeFileSync(join(folder, "CHANGELOG.md"), firstChangelog(manifest, readme));
  }
  for (const name of pending) rmSync(join(root, ".changeset", name));
  console.log(`${packages.length} packages are at ${first}: read their changelogs, then commit`);
  return 0;
}

/** @param {import("./packages.mjs").Manifest} manifest @param {string} readme */
function firstChangelog({ name, description }, readme) {
  const points = readme.split("\n").filter((line) => /^- /.test(line));
  const list = points.length > 0 ? `\n${points.join("\n")}\n` : "";
  return `# ${name}\n\n## ${first}\n\nThe first release. ${description}.\n${list}`;
}
