// @ts-check
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The workspace's folder, with a trailing separator. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

const windows = process.platform === "win32";
const terminal = process.stdout.isTTY === true;

/**
 * Runs a program in the workspace and returns its exit code. Ctrl-C ends it and exits with 130.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, onLine?: (line: string) => void }} [options] `onLine` receives
 *   the output line by line. The output is then not shown.
 * @returns {Promise<number>}
 */
export function run(file, args, { env = process.env, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: root,
      env,
      stdio: onLine ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
      // On Windows npx and pnpm are .cmd files, which only a shell can start.
      shell: windows && file !== process.execPath,
    });
    const stop = () => {
      child.kill("SIGTERM");
      if (terminal) process.stdout.write("\n");
      process.stderr.write("interrupted; run the same command again to go on\n");
      process.exit(130);
    };
    process.once("SIGINT", stop);
    if (onLine) {
      for (const stream of [child.stdout, child.stderr]) {
        let rest = "";
        stream?.setEncoding("utf8").on("data", (text) => {
          const lines = (rest + text).split(/\r?\n/);
          rest = lines.pop() ?? "";
          for (const line of lines) onLine(line);
        });
        stream?.on("end", () => rest && onLine(rest));
      }
    }
    child.once("error", (error) => {
      process.off("SIGINT", stop);
      reject(error);
    });
    child.once("close", (code, signal) => {
      process.off("SIGINT", stop);
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}

/**
 * Runs a program and shows one line: the title and the seconds. The program's output is shown only
 * if the program fails and is not `optional`.
 *
 * @param {string} title
 * @param {string} file
 * @param {string[]} args
 * @param {object} [options]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {boolean} [options.optional]
 * @param {(line: string) => string | undefined} [options.status]
 *   `status` returns the part of an output line that is shown while the program runs.
 * @throws Error when the program fails.
 */
export async function runPhase(
  title,
  file,
  args,
  { env, optional = false, status = () => undefined } = {},
) {
  const start = Date.now();
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`;
  /** @type {string[]} */
  const output = [];
  let note = "";
  const show = () =>
    terminal
      ? process.stdout.write(`\r\x1b[2K${title} ... ${seconds()}${note && `, ${note}`}`)
      : console.log(`${title} ... ${seconds()}${note && `, ${note}`}`);
  if (terminal) show();
  else console.log(`${title} ...`);
  const timer = setInterval(show, terminal ? 500 : 15_000);
  const code = await run(file, args, {
    ...(env && { env }),
    onLine(line) {
      output.push(line);
      note = status(line) ?? note;
    },
  }).finally(() => clearInterval(timer));
  if (terminal) process.stdout.write("\r\x1b[2K");
  if (code !== 0) {
    if (optional) throw new Error(`${title} failed (exit code ${code})`);
    console.error(output.join("\n"));
    throw new Error(`${title} failed (exit code ${code}); its output is above`);
  }
  console.log(`${title}: done in ${seconds()}`);
}
