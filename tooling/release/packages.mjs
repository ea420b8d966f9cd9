// @ts-check
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {string} [description]
 * @property {boolean} [private]
 * @property {Record<string, Record<string, string>>} exports
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 */
/** @typedef {{ folder: string, manifest: Manifest }} Package */

/**
 * The published packages of a workspace, from the lowest floor up: each after those that it depends on.
 *
 * @param {string} root the workspace's folder
 * @returns {Package[]}
 */
export function publishedPackages(root) {
  const folder = join(root, "packages");
  const all = readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, "package.json")))
    .map((path) => ({
      folder: path,
      manifest: JSON.parse(readFileSync(join(path, "package.json"), "utf8")),
    }))
    .filter(({ manifest }) => !manifest.private);
  return byFloor(all);
}

/** Sorts packages by their floor, then by name: each after those that it depends on. @param {Package[]} packages */
function byFloor(packages) {
  /** @type {Map<Package, number>} */
  const floors = new Map();
  /** @param {Package} one @returns {number} */
  const floor = (one) => {
    const known = floors.get(one);
    if (known !== undefined) return known;
    const { dependencies = {}, peerDependencies = {} } = one.manifest;
    const names = { ...dependencies, ...peerDependencies };
    const below = packages.filter(({ manifest }) => manifest.name in names).map(floor);
    const own = Math.max(-1, ...below) + 1;
    floors.set(one, own);
    return own;
  };
  const name = (/** @type {Package} */ one) => one.manifest.name;
  return packages.toSorted((a, b) => floor(a) - floor(b) || (name(a) < name(b) ? -1 : 1));
}

/**
 * The version that all packages share.
 *
 * @param {Package[]} packages
 * @throws Error when they differ.
 */
export function sharedVersion(packages) {
  const versions = new Set(packages.map(({ manifest }) => manifest.version));
  if (versions.size !== 1) {
    throw new Error(`the packages must share one version, got ${[...versions].join(", ")}`);
  }
  return /** @type {string} */ ([...versions][0]);
}
