// @ts-check
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const python = process.env.GEN_BENCH_PYTHON ?? "/usr/bin/python3";
export const installPyTorch = "apt-get install python3-torch libopenblas0-pthread";

/** @typedef {{ torch: string, python: string, blas: string, threads: number }} About */

/**
 * Processes that answer now, so that what they use is not taken for other people's load.
 * @type {Set<{ readonly pid?: number }>}
 */
export const running = new Set();

/**
 * Starts a PyTorch peer of `peers/`, or says why there is none.
 *
 * @param {string} script
 * @param {string[]} args
 * @returns {Promise<{ peer?: Peer, missing?: string }>}
 */
export async function pyTorch(script, args = []) {
  if (!existsSync(python)) return { missing: `no ${python}; ${installPyTorch}` };
  const file = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
  const child = spawn(python, [file, "--serve", ...args], {
    // OpenBLAS's own threads and PyTorch's would fight over the same cores.
    env: { ...process.env, OPENBLAS_NUM_THREADS: "1", PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  running.add(child);
  const stop = () => child.kill();
  process.once("exit", stop);
  child.once("close", () => {
    running.delete(child);
    process.off("exit", stop);
  });
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
  /** @type {About} */
  let about;
  try {
    about = await read();
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    return { missing: /No module/.test(message) ? `${message}; ${installPyTorch}` : message };
  }
  return { peer: peerOf(child, read, about) };
}

/**
 * @param {import("node:child_process").ChildProcessWithoutNullStreams} child
 * @param {() => Promise<any>} read
 * @param {About} about
 */
function peerOf(child, read, about) {
  return {
    about,
    /**
     * @param {Record<string, unknown>} request
     * @param {(share: number) => void} [onProgress]
     */
    async ask(request, onProgress = () => {}) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      for (;;) {
        const answer = await read();
        if (answer?.progress === undefined) return answer;
        onProgress(answer.progress);
      }
    },
    /** @param {number} count @returns {Promise<number[]>} */
    steps(count) {
      return this.ask({ do: "steps", count });
    },
    /** @returns {Promise<void>} */
    stop() {
      return new Promise((resolve) => {
        child.once("close", () => resolve());
        child.stdin.end();
      });
    },
  };
}

/** @typedef {ReturnType<typeof peerOf>} Peer */

/** How the results name a peer. @param {About} about */
export const pyTorchName = ({ torch, blas, threads }) =>
  `PyTorch ${torch.replace(/a0$/, "")} eager, ${blas}, ${threads} ${threads === 1 ? "thread" : "threads"}`;

/** Milliseconds of processor time that the peers alive now have used; Linux alone knows. */
export function peerCpu() {
  let ticks = 0;
  for (const { pid } of running) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It ended meanwhile, or this is not Linux.
    }
  }
  return ticks * 10;
}
