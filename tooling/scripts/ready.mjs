// @ts-check
// Makes the workspace ready: `node tooling/scripts/ready.mjs` installs what is missing, with `--build`
// builds the packages as well, and with `--clean` from nothing, as a release must. It does nothing,
// and needs no network, when nothing changed.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { phase, root } from "./shell.mjs";

const lowestNode = [20, 19];

/** Throws when this Node is older than the packages allow. */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [wantMajor = 0, wantMinor = 0] = lowestNode;
  if (major < wantMajor || (major === wantMajor && minor < wantMinor)) {
    throw new Error(`Node must be ${lowestNode.join(".")} or newer, got ${version}`);
  }
}

/** Installs the locked dependencies, unless they are there already. */
export async function install() {
  const stamp = join(root, "node_modules", ".gen-ready");
  const wanted = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && linked()) return;
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
  const args = ["install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only"];
  const own = join(root, "node_modules", "pnpm", "bin", "pnpm.cjs");
  const [file, before] = existsSync(own)
    ? [process.execPath, [own]]
    : ["npx", ["--yes", `pnpm@${pinnedPnpm()}`]];
  await phase("Installing dependencies", file, [...before, ...args], {
    env,
    status: (line) => /^Progress: (.*)/.exec(line)?.[1]?.replace(/, done$/, ""),
  });
  writeFileSync(stamp, wanted);
}

/** Compiles the packages to their `dist` folders; only what changed is compiled again. */
export async function build() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  await phase("Building the packages", process.execPath, [tsc, "-b"]);
}

/** Removes what was built, so that no file of a source that is gone stays behind. */
function clean() {
  for (const name of readdirSync(join(root, "packages"))) {
    rmSync(join(root, "packages", name, "dist"), { recursive: true, force: true });
  }
}

/** An environment in which the workspace's own tools are found by name. */
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
  const nested = ["packages", "apps", "tooling"].flatMap((folder) =>
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

function linked() {
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
