// @ts-check
// What tests need of a Debian machine, installed where that needs no question.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { phase } from "./shell.mjs";

/**
 * @param {string[]} names Of packages.
 * @param {NodeJS.ProcessEnv} env
 * @throws Error where this is not Debian, or not root's session, or apt-get fails.
 */
export async function installFromDebian(names, env) {
  if (!existsSync("/etc/debian_version")) throw new Error("this is not Debian");
  if (process.getuid?.() !== 0) throw new Error("apt-get needs root");
  const options = { env: { ...env, DEBIAN_FRONTEND: "noninteractive" }, optional: true };
  await phase("Updating the list of Debian's packages", "apt-get", ["update"], options);
  await phase(
    `Installing Debian's ${names.join(" and ")}`,
    "apt-get",
    ["install", "--yes", "--no-install-recommends", ...names],
    options,
  );
}

/** Vulkan's loader, without which WebGPU in Node finds no adapter and its tests are skipped. @param {NodeJS.ProcessEnv} env */
export async function readyVulkan(env = process.env) {
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
