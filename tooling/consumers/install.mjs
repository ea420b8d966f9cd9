// @ts-check
// Two ways to a project's node_modules: from a registry on this machine, which holds the packages as
// a release publishes them, and without any registry, for the quick projects of `npm test`.
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { output } from "../release/command.mjs";
import { publishedPackages } from "../release/packages.mjs";
import { publish } from "../release/registry.mjs";
import { repositoryOf } from "../release/repository.mjs";
import { pack, stage } from "../release/stage.mjs";
import { startRegistry } from "../release/verdaccio.mjs";
import { root } from "../scripts/shell.mjs";
import { run } from "./shell.mjs";

const version = "0.1.0";
const stamp = (/** @type {string} */ gitHead) => ({
  repository: repositoryOf(root) ?? "https://example.org/gen",
  gitHead,
  version,
});

/**
 * Packs all packages and publishes them to a registry on this machine. Returns its address.
 *
 * @param {string} folder
 */
export async function publishHere(folder) {
  const packages = publishedPackages(root);
  const head = stamp(await output("git", ["rev-parse", "HEAD"], { cwd: root }));
  const packed = join(folder, "packed");
  const [registry, tarballs] = await Promise.all([
    startRegistry(join(folder, "registry"), ["@gen"]),
    Promise.all(packages.map((one) => pack(one, packages, head, packed))),
  ]);
  process.env.npm_config_userconfig = await registry.login("owner");
  await Promise.all(
    tarballs.map((path) => publish(registry.url, path, "latest", { provenance: false })),
  );
  delete process.env.npm_config_userconfig;
  return registry.url;
}

/**
 * Installs a project with npm, our packages from `registry`. No install script runs: the one of
 * onnxruntime-node downloads CUDA's files.
 *
 * @param {string} folder
 * @param {string} registry
 */
export async function install(folder, registry) {
  const lines = [`@gen:registry=${registry}`, "ignore-scripts=true", "audit=false", "fund=false"];
  writeFileSync(join(folder, ".npmrc"), `${lines.join("\n")}\n`);
  await run("npm install --prefer-offline", folder);
}

/**
 * Lays the packages as they are published, and the workspace's own copies of what they and the
 * projects depend on, into `node_modules` of a folder. Optional peers are left out.
 *
 * @param {readonly import("./projects.mjs").Project[]} projects
 * @param {string} folder
 */
export function layModules(projects, folder) {
  const modules = join(folder, "node_modules");
  const packages = publishedPackages(root);
  const head = stamp("");
  for (const one of packages) stage(one, packages, head, join(modules, "@gen"));
  const needed = [...projects, ...packages.map(({ manifest }) => manifest)].flatMap(
    ({ dependencies = {} }) => Object.keys(dependencies),
  );
  const holders = [root, ...packages.map((one) => one.folder)];
  for (const name of new Set([...needed, "typescript", ".bin"])) {
    const found = holders.map((holder) => join(holder, "node_modules", name)).find(existsSync);
    const to = join(modules, name);
    if (!found || existsSync(to)) continue;
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(found, to, "junction");
  }
}
