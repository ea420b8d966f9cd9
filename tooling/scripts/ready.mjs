// @ts-check
// Makes the workspace ready. `node tooling/scripts/ready.mjs` installs what is missing. `--build`
// also builds the packages. `--clean` removes the old builds first, as a release needs. If nothing
// changed, the script does nothing and needs no network.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, runPhase } from "./shell.mjs";

const minNode = [20, 19];

/** @throws Error when this Node is older than the packages need. */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [minMajor = 0, minMinor = 0] = minNode;
  if (major < minMajor || (major === minMajor && minor < minMinor)) {
    throw new Error(`Node must be ${minNode.join(".")} or newer, got ${version}`);
  }
}

/** Installs the locked dependencies if they are not installed yet. */
export async function install() {
  const stamp = join(root, "node_modules", ".gen-ready");
  const current = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === current && hasModules()) return;
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
  const args = ["install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only"];
  const pnpm = join(root, "node_modules", "pnpm", "bin", "pnpm.cjs");
  const [program, pnpmArgs] = existsSync(pnpm)
    ? [process.execPath, [pnpm]]
    : ["npx", ["--yes", `pnpm@${pinnedPnpm()}`]];
  await runPhase("Installing dependencies", program, [...pnpmArgs, ...args], {
    env,
    status: (line) => /^Progress: (.*)/.exec(line)?.[1]?.replace(/, done$/, ""),
  });
  writeFileSync(stamp, current);
}

/** Compiles the packages into their `dist` folders. Unchanged packages are skipped. */
export async function build() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  await runPhase("Building the packages", process.execPath, [tsc, "-b"]);
}

/** Removes all builds, so that no output of a deleted source stays. */
export function clean() {
  for (const name of readdirSync(join(root, "packages"))) {
    rmSync(join(root, "packages", name, "dist"), { recursive: true, force: true });
  }
}

/** The environment with the workspace's tools on the PATH. */
export function toolEnvironment() {
  const bin = join(root, "node_modules", ".bin");
  return {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
    TURBO_TELEMETRY_DISABLED: "1",
  };
}

function pinnedPnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return packageManager.replace("pnpm@", "");
}

/** The folders of the workspace that have a package.json. */
function projects() {
  const nested = ["packages", "apps", "apps/examples", "tooling"].flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder)).map((name) => join(root, folder, name))
      : [],
  );
  return [root, ...nested].filter((folder) => existsSync(join(folder, "package.json")));
}

/** @param {string} folder @returns {Record<string, unknown>} */
function dependencies(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest;
  return { dependencies, devDependencies, optionalDependencies, peerDependencies };
}

function hasModules() {
  return projects().every(
    (folder) => !dependencies(folder).dependencies || existsSync(join(folder, "node_modules")),
  );
}

function fingerprint() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml"]) {
    hash.update(readFileSync(join(root, file)));
  }
  for (const folder of projects().sort()) hash.update(JSON.stringify(dependencies(folder)));
  return hash.digest("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    checkNode();
    await install();
    if (process.argv.includes("--clean")) clean();
    if (process.argv.includes("--build")) await build();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
