// @ts-check
// Commands in a user's folder. All that is still running ends with this process.
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
process.once("exit", () => running.forEach(end));

/** Ends a command and all that it started. @param {import("node:child_process").ChildProcess} child */
export function end(child) {
  running.delete(child);
  try {
    if (child.pid && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

// What this repository's own scripts and tests set, and a user has not.
const ours = /^(NODE_(ENV|OPTIONS|PATH)$|GEN_|VITE|TEST$|npm_(lifecycle|package)_)/;

/** A user's environment, with the project's programs on the PATH. @param {string} cwd */
function environment(cwd) {
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name));
  return {
    ...Object.fromEntries(kept),
    PATH: `${join(cwd, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}`,
    CI: "1",
    NEXT_TELEMETRY_DISABLED: "1",
    ASTRO_TELEMETRY_DISABLED: "1",
  };
}

/**
 * Starts a command. Its output, errors included, gathers in `output()`.
 *
 * @param {string} command
 * @param {string} cwd
 * @param {Record<string, string>} [env]
 */
export function start(command, cwd, env = {}) {
  const child = spawn(command, {
    cwd,
    env: { ...environment(cwd), ...env },
    shell: true,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let all = "";
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    all += text;
    printed += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    all += text;
  });
  /** @type {Promise<number | null>} */
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return { child, ended, output: () => all, printed: () => printed };
}

/**
 * Runs a command to its end and returns what it printed.
 *
 * @param {string} command
 * @param {string} cwd
 * @param {number} [limit] seconds
 * @throws Error with its last lines when it fails or takes longer than the limit.
 */
export async function run(command, cwd, limit = 600) {
  const { child, ended, output, printed } = start(command, cwd);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end(child);
  }, limit * 1000);
  const code = await ended.finally(() => clearTimeout(timer));
  if (late) throw new Error(`${command}: took longer than ${limit} s\n${lastLines(output())}`);
  if (code !== 0) throw new Error(`${command}: ended with ${code}\n${lastLines(output())}`);
  return printed();
}

/** @param {string} text */
export const lastLines = (text) => text.trimEnd().split("\n").slice(-30).join("\n");
