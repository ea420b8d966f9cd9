// @ts-check
// Runs the worker of one reader and watches it: an input that takes too long, or that ends the
// thread, is a finding too.
import { Worker } from "node:worker_threads";

/** @typedef {import("./fuzz-worker.mjs").Report} Report */
/** @typedef {import("./fuzz-worker.mjs").Finding} Finding */

/** A thread that reads one input for so long is ended. */
const HANG_MS = 30_000;
/** A process of this size is near the end of a small machine. */
const MEMORY = 4 * 2 ** 30;
const MIB = 2 ** 20;

/**
 * Fuzzes a reader for some seconds, or replays `files`.
 *
 * @param {{ name: string, seed?: number, seconds?: number, files?: readonly Uint8Array[] }} settings
 * @returns {Promise<{ report?: Report, findings: Finding[] }>}
 */
export function fuzzReader(settings) {
  const longest = Math.max(MIB, ...(settings.files ?? []).map(({ length }) => length));
  const [header, shared] = [new SharedArrayBuffer(8), new SharedArrayBuffer(longest)];
  const state = new Int32Array(header);
  const worker = new Worker(new URL("./fuzz-worker.mjs", import.meta.url), {
    workerData: { ...settings, header, shared },
  });
  /** @type {Map<string, Finding>} */
  const findings = new Map();
  /** @type {Report | undefined} */
  let report;
  const current = () => new Uint8Array(shared).slice(0, state[1]);
  const add = (/** @type {Finding} */ found) => {
    const known = findings.get(found.kind);
    if (!known || known.bytes.length > found.bytes.length) findings.set(found.kind, found);
  };
  return new Promise((resolve) => {
    let [count, since] = [0, Date.now()];
    const watch = setInterval(() => {
      if (state[0] !== count) [count, since] = [state[0], Date.now()];
      const isHanging = count > 0 && Date.now() - since > HANG_MS;
      const isHuge = process.memoryUsage.rss() > MEMORY;
      if (!isHanging && !isHuge) return;
      const problem = isHanging ? `took over ${HANG_MS} ms` : `took over ${MEMORY / MIB} MiB`;
      add({ kind: isHanging ? "time" : "memory", problem, bytes: current() });
      worker.terminate();
    }, 100);
    worker.on("message", (message) => {
      if (message.finding) add(message.finding);
      report = message.report ?? report;
    });
    worker.on("error", (error) => {
      const problem = `ended its thread: ${error.message}`;
      add({ kind: problem, problem, bytes: current() });
    });
    worker.on("exit", () => {
      clearInterval(watch);
      resolve({ report, findings: [...findings.values()] });
    });
  });
}
