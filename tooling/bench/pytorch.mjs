import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const python = process.env.GEN_BENCH_PYTHON ?? "/usr/bin/python3";
const install = "apt-get install python3-torch libopenblas0-pthread";

/**
 * Starts a PyTorch peer of `peers/`. `name` is its name in results, `request(command)` returns its
 * answer, `steps(count)` returns the milliseconds of its steps. Without PyTorch, `name` is the
 * reason and `request` is undefined.
 */
export async function pyTorch(script, threads = 2, ...args) {
  const missing = (reason) => ({ name: `no PyTorch: ${reason}; ${install}`, stop: () => {} });
  if (!existsSync(python)) return missing(`no ${python}`);
  const file = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
  const child = spawn(python, [file, String(threads), ...args], {
    // OpenBLAS's threads and PyTorch's threads would compete for the same cores.
    env: { ...process.env, OPENBLAS_NUM_THREADS: "1", PYTHONDONTWRITEBYTECODE: "1" },
    stdio: "pipe",
  });
  process.once("exit", () => child.kill());
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors = (errors + text).slice(-2000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (!done) return JSON.parse(value);
    throw new Error(`${script} ended: ${errors.trim().split("\n").at(-1) || "no reason given"}`);
  };
  const about = await read().catch((error) => error);
  if (about instanceof Error) return missing(about.message);
  const request = (command) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    return read();
  };
  const version = about.torch.replace(/a0$/, "");
  return {
    name: `PyTorch ${version} eager, ${about.blas}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    request,
    steps: (count) => request({ do: "steps", count }),
    stop: () =>
      new Promise((resolve) => {
        child.once("close", resolve);
        child.stdin.end();
      }),
  };
}
