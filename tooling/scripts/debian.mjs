// @ts-check
// Installs the Debian packages that the tests need, if no password is needed for it.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { runPhase } from "./shell.mjs";

/**
 * @param {string[]} names names of packages
 * @param {NodeJS.ProcessEnv} env
 * @throws Error when this is not Debian, the user is not root, or apt-get fails.
 */
export async function installFromDebian(names, env) {
  if (!existsSync("/etc/debian_version")) throw new Error("this is not Debian");
  if (process.getuid?.() !== 0) throw new Error("apt-get needs root");
  const options = { env: { ...env, DEBIAN_FRONTEND: "noninteractive" }, optional: true };
  await runPhase("Updating the list of Debian's packages", "apt-get", ["update"], options);
  await runPhase(
    `Installing Debian's ${names.join(" and ")}`,
    "apt-get",
    ["install", "--yes", "--no-install-recommends", ...names],
    options,
  );
}

/**
 * Installs Vulkan's loader. Without it WebGPU in Node finds no adapter, and its tests are skipped.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export async function installVulkan(env = process.env) {
  if (process.platform !== "linux" || hasVulkan()) return;
  await installFromDebian(["libvulkan1"], env).catch(() => undefined);
}

function hasVulkan() {
  try {
    return String(execFileSync("/sbin/ldconfig", ["-p"])).includes("libvulkan.so.1");
  } catch {
    return false;
  }
}
