// The Python of the peers: GEN_BENCH_PYTHON, or one that the bench installs once.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../scripts/shell.mjs";

const list = fileURLToPath(new URL("requirements.txt", import.meta.url));
const wanted = readFileSync(list, "utf8");
const folder = join(root, "node_modules", ".cache", "gen", "bench-python");
const windows = process.platform === "win32";
// uv installs torch in a minute, pip in several.
const uv = "uv==0.13.9";

/** Runs a program. Its output goes to stderr, because stdout may be the bench's JSON. */
const run = (program, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", process.stderr, process.stderr] });
    const fail = (reason) => reject(new Error(`${program} ${args.join(" ")}: ${reason}`));
    child.once("error", (error) => fail(error.message));
    child.once("close", (code) => (code === 0 ? resolve() : fail(`exit code ${code}`)));
  });

async function install() {
  const given = process.env.GEN_BENCH_PYTHON;
  if (given) {
    if (existsSync(given)) return given;
    throw new Error(`GEN_BENCH_PYTHON must be the path of a Python interpreter, got ${given}`);
  }
  const python = join(folder, ...(windows ? ["Scripts", "python.exe"] : ["bin", "python"]));
  // The list of what is installed is written last.
  const stamp = join(folder, "installed.txt");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return python;
  console.error(`Installing the Python peers into ${folder}; they take 6 GB on Linux ...`);
  try {
    await run(windows ? "python" : "python3", ["-m", "venv", "--clear", folder]);
    await run(python, ["-m", "pip", "install", "--quiet", uv]);
    await run(python, ["-m", "uv", "pip", "install", "--python", python, "-r", list]);
  } catch (error) {
    const advice = "set GEN_BENCH_PYTHON to a Python with tooling/bench/requirements.txt";
    throw new Error(`the Python peers cannot be installed (${error.message}); ${advice}`);
  }
  writeFileSync(stamp, wanted);
  return python;
}

let installed;

/**
 * The path of a Python that has the packages of requirements.txt.
 *
 * @throws Error when GEN_BENCH_PYTHON is no file, or the packages cannot be installed.
 */
export function benchPython() {
  installed ??= install();
  return installed;
}
