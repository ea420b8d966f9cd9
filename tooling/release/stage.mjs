// @ts-check
// Makes the folder and the tarball that a package is published from: the files of its manifest's
// `files`, a manifest without the workspace's own fields, the licence, and the release's stamps.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { output } from "./command.mjs";

/** @typedef {import("./packages.mjs").Package} Package */

/**
 * @typedef {object} Stamp
 * @property {string} repository the address of the repository as `repositoryOf` gives it, such as https://github.com/OWNER/NAME
 * @property {string} gitHead the commit
 * @property {string} version
 * @property {string} [scope] another scope than the workspace's, such as `@yours`
 */

const text = /\.(js|mjs|cjs|ts|mts|cts|map|json|md)$/;

/**
 * Packs a package, and returns the tarball's path.
 *
 * @param {Package} one
 * @param {Package[]} all
 * @param {Stamp} stamp
 * @param {string} out the folder for the staged files and the tarball
 */
export async function pack(one, all, stamp, out) {
  const folder = stage(one, all, stamp, out);
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", out];
  const [{ filename }] = JSON.parse(await output("npm", args, { cwd: folder }));
  return join(out, filename);
}

/**
 * Writes a package as it is published to a folder below `out`, and returns the folder.
 *
 * @param {Package} one
 * @param {Package[]} all
 * @param {Stamp} stamp
 * @param {string} out
 */
export function stage({ folder, manifest }, all, stamp, out) {
  const rename = renaming(all, stamp.scope);
  const target = join(out, manifest.name.split("/")[1]);
  mkdirSync(target, { recursive: true });
  const { files = [] } = /** @type {{ files?: string[] }} */ (manifest);
  for (const name of files.filter((name) => !name.startsWith("!"))) {
    const from = join(folder, name);
    if (!existsSync(from)) throw new Error(`${manifest.name} has no ${name}: build it first`);
    cpSync(from, join(target, name), {
      recursive: true,
      filter: (path) => !path.endsWith(".tsbuildinfo"),
    });
  }
  cpSync(join(dirname(dirname(folder)), "LICENSE"), join(target, "LICENSE"));
  const changelog = join(folder, "CHANGELOG.md");
  if (existsSync(changelog)) cpSync(changelog, join(target, "CHANGELOG.md"));
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  writeFileSync(join(target, "README.md"), withDocs(readme, docsAddress(stamp.repository)));
  if (stamp.scope) renameIn(target, rename);
  const published = publishedManifest(manifest, all, stamp);
  writeFileSync(join(target, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
  return target;
}

/** @param {import("./packages.mjs").Manifest} manifest @param {Package[]} all @param {Stamp} stamp */
export function publishedManifest(manifest, all, stamp) {
  const { devDependencies, scripts, publishConfig, ...kept } =
    /** @type {import("./packages.mjs").Manifest & Record<string, any>} */ (manifest);
  const { access, exports } = publishConfig;
  const rename = renaming(all, stamp.scope);
  const folder = manifest.name.split("/")[1];
  const { repository } = stamp;
  return {
    ...kept,
    files: [...(kept.files ?? []), "CHANGELOG.md"],
    name: rename(manifest.name),
    version: stamp.version,
    exports,
    ...dependenciesOf(kept, all, stamp.version, rename),
    repository: { type: "git", url: `git+${repository}.git`, directory: `packages/${folder}` },
    homepage: `${repository}/tree/main/packages/${folder}#readme`,
    bugs: { url: `${repository}/issues` },
    publishConfig: { access },
    gitHead: stamp.gitHead,
  };
}

/**
 * @param {Record<string, any>} manifest
 * @param {Package[]} all
 * @param {string} version
 * @param {(text: string) => string} rename
 */
function dependenciesOf(manifest, all, version, rename) {
  const ours = new Set(all.map(({ manifest }) => manifest.name));
  const fields = ["dependencies", "peerDependencies", "optionalDependencies"];
  return Object.fromEntries(
    fields
      .filter((field) => manifest[field])
      .map((field) => [
        field,
        Object.fromEntries(
          Object.entries(/** @type {Record<string, string>} */ (manifest[field])).map(
            ([name, range]) => {
              if (!range.startsWith("workspace:")) return [name, range];
              if (!ours.has(name)) throw new Error(`${name} is not published, but is depended on`);
              return [rename(name), `^${version}`];
            },
          ),
        ),
      ]),
  );
}

/**
 * A function that writes another scope into a text, for the published packages alone.
 *
 * @param {Package[]} all
 * @param {string | undefined} scope
 * @returns {(text: string) => string}
 */
function renaming(all, scope) {
  if (!scope) return (words) => words;
  const names = all.map(({ manifest }) => manifest.name);
  const [own] = names[0].split("/");
  const folders = names.map((name) => name.split("/")[1]).join("|");
  const found = new RegExp(`${own}/(?=(?:${folders})(?![\\w-]))`, "g");
  return (words) => words.replace(found, `${scope}/`);
}

/** @param {string} folder @param {(text: string) => string} rename */
function renameIn(folder, rename) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) renameIn(path, rename);
    else if (text.test(entry.name)) {
      const before = readFileSync(path, "utf8");
      const after = rename(before);
      if (after !== before) writeFileSync(path, after);
    }
  }
}

/** Where the book of a repository is published: GitHub Pages, else the repository itself. */
function docsAddress(/** @type {string} */ repository) {
  const [, owner, name] = /^https:\/\/github\.com\/([^/]+)\/([^/]+)$/.exec(repository) ?? [];
  return owner ? `https://${owner.toLowerCase()}.github.io/${name}/` : repository;
}

/** @param {string} readme @param {string} docs */
const withDocs = (readme, docs) =>
  readme.replace(/^Part of \[gen\].*$/m, `$& [Documentation](${docs}).`);
