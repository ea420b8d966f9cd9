// @ts-check
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const docsFolder = dirname(dirname(fileURLToPath(import.meta.url)));

export const root = join(docsFolder, "..", "..");

export const packagesFolder = join(root, "packages");

/**
 * The entry points of all published packages, from the lowest floor up: the name that users import, its
 * source file, and the package's folder.
 *
 * @returns {{ name: string, source: string, folder: string }[]}
 */
export function entryPoints() {
  return byFloor(manifests()).flatMap(({ folder, name, exports }) =>
    Object.entries(exports)
      .filter(([, target]) => typeof target["@gen/source"] === "string")
      .map(([subpath, target]) => ({
        name: join(name, subpath),
        source: join(packagesFolder, folder, target["@gen/source"]),
        folder,
      })),
  );
}

/**
 * @typedef {object} Manifest
 * @property {string} folder
 * @property {string} name
 * @property {Record<string, Record<string, string>>} exports
 * @property {Record<string, string>} [dependencies]
 */

/** @returns {Manifest[]} */
function manifests() {
  return readdirSync(packagesFolder)
    .map((folder) => ({ folder, path: join(packagesFolder, folder, "package.json") }))
    .filter(({ path }) => existsSync(path))
    .map(({ folder, path }) => ({ folder, ...JSON.parse(readFileSync(path, "utf8")) }))
    .filter((manifest) => !manifest.private);
}

/** Sorts packages after their dependencies. @param {Manifest[]} packages */
function byFloor(packages) {
  /** @type {Map<string, number>} */
  const floors = new Map();
  /** @param {Manifest} manifest @returns {number} */
  const floor = ({ name, dependencies = {} }) => {
    const known = floors.get(name);
    if (known !== undefined) return known;
    const below = packages.filter((other) => other.name in dependencies).map(floor);
    const own = Math.max(-1, ...below) + 1;
    floors.set(name, own);
    return own;
  };
  return packages
    .map((manifest) => ({ manifest, floor: floor(manifest) }))
    .sort((a, b) => a.floor - b.floor || (a.manifest.name < b.manifest.name ? -1 : 1))
    .map(({ manifest }) => manifest);
}
