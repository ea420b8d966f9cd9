// @ts-check
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Runs a program and returns what it printed, without the last line end.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>}
 * @throws Error with the program's own words when it fails.
 */
export async function output(file, args, options = {}) {
  try {
    const { stdout } = await execute(file, args, {
      ...options,
      maxBuffer: 64 * 2 ** 20,
      // On Windows npm is a .cmd file, which only a shell can start.
      shell: process.platform === "win32" && file === "npm",
    });
    return stdout.trimEnd();
  } catch (error) {
    const { stderr = "", stdout = "" } = /** @type {{ stderr?: string, stdout?: string }} */ (
      error
    );
    const words = (stderr || stdout || String(error)).trim();
    throw new Error(`${file} ${args.join(" ")}: ${words}`);
  }
}
