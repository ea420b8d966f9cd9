// @ts-check
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {string} [description]
 * @property {boolean} [private]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 */
/** @typedef {{ folder: string, manifest: Manifest }} Package */

/**
 * The published packages of a workspace, each after those that it depends on.
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
  return inOrderOfDependency(all);
}

/** @param {Package[]} packages @returns {Package[]} */
function inOrderOfDependency(packages) {
  /** @type {Package[]} */
  const sorted = [];
  /** @param {Package} wanted */
  const add = (wanted) => {
    if (sorted.includes(wanted)) return;
    const { dependencies = {}, peerDependencies = {} } = wanted.manifest;
    const names = { ...dependencies, ...peerDependencies };
    for (const other of packages) if (other.manifest.name in names) add(other);
    sorted.push(wanted);
  };
  for (const one of packages) add(one);
  return sorted;
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
