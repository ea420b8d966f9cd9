// @ts-check
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

export const packagesFolder = join(root, "packages");

/**
 * Every entry point of every package, floor by floor: the name that users import, the source behind
 * it, and the package's folder.
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

/** @typedef {{ folder: string, name: string, exports: Record<string, Record<string, string>>, dependencies?: Record<string, string> }} Manifest */

/** @returns {Manifest[]} */
function manifests() {
  return readdirSync(packagesFolder)
    .map((folder) => ({ folder, path: join(packagesFolder, folder, "package.json") }))
    .filter(({ path }) => existsSync(path))
    .map(({ folder, path }) => ({ folder, ...JSON.parse(readFileSync(path, "utf8")) }));
}

/** Packages after those that they build on. @param {Manifest[]} packages */
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
