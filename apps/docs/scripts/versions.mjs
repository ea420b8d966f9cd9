// @ts-check
// The versions whose docs the site keeps. A release is a tag of changesets, `@gen/NAME@1.2.3`. The
// docs of a minor lie in `vX.Y/`, those of the main branch in the root, under the name "next".
// `node scripts/versions.mjs` prints the list.
import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const docs = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * @typedef {object} SiteVersion
 * @property {string} name the name in the list: `next`, or the minor as `v1.2`
 * @property {string} folder the folder below the site's root: empty, or `v1.2/`
 * @property {string} [tag] the tag of the minor's last patch
 */

/** The versions of a list of tags, newest first. @param {readonly string[]} tags @returns {SiteVersion[]} */
export function versionsOf(tags) {
  /** @type {Map<string, { order: number[], tag: string }>} */
  const minors = new Map();
  for (const tag of tags) {
    // Releases before others, such as 1.0.0-beta.1, are no releases.
    const [, major, minor, patch] = /^(?:v|@gen\/math@)(\d+)\.(\d+)\.(\d+)$/.exec(tag) ?? [];
    if (patch === undefined) continue;
    const order = [major, minor, patch].map(Number);
    const known = minors.get(`v${major}.${minor}`);
    if (!known || order[2] > known.order[2]) minors.set(`v${major}.${minor}`, { order, tag });
  }
  const released = [...minors]
    .sort(([, a], [, b]) => b.order[0] - a.order[0] || b.order[1] - a.order[1])
    .map(([name, { tag }]) => ({ name, folder: `${name}/`, tag }));
  return [{ name: "next", folder: "" }, ...released];
}

/** The versions of this repository's tags. Only `next` where there is no git. */
export function repositoryVersions() {
  try {
    const list = execFileSync("git", ["tag", "--list"], {
      cwd: docs,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return versionsOf(list.split("\n"));
  } catch {
    return versionsOf([]);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(repositoryVersions(), undefined, 2));
}
