// @ts-check
// Fuzzes one reader in a thread of its own, or replays files. The input that is being read lies in
// shared memory, so that the main thread has it when this thread hangs or dies.
import { parentPort, workerData } from "node:worker_threads";
import { errorFault, kindOf, mostMemory, mostMilliseconds } from "./judge.mjs";
import { LARGEST_INPUT, mutate, randomSource } from "./mutate.mjs";
import { readers } from "./readers.mjs";

/** @typedef {{ kind: string, problem: string, bytes: Uint8Array }} Finding */
/** @typedef {{ inputs: number, kinds: number, slowest: { ms: number, bytes: number }, largest: { mib: number, bytes: number } }} Report */

const { name, seed, seconds, files, header, shared } = workerData;
const { read, seeds, make, tokens, limit = 0 } = readers[name];
const state = new Int32Array(header);
const current = new Uint8Array(shared);
/** @type {Report} */
const report = { inputs: 0, kinds: 0, slowest: { ms: 0, bytes: 0 }, largest: { mib: 0, bytes: 0 } };
const kinds = new Set();
let memory = process.resourceUsage().maxRSS * 1024;

if (files) {
  for (const bytes of files) await attempt(bytes);
} else await fuzz();
report.kinds = kinds.size;
parentPort?.postMessage({ report });

async function fuzz() {
  const random = randomSource(seed);
  /** @type {Uint8Array[]} */
  const corpus = [];
  for (const bytes of seeds()) {
    await attempt(bytes);
    corpus.push(bytes.subarray(0, LARGEST_INPUT));
  }
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end) {
    const fresh = make && random.chance(0.5) ? make(random) : undefined;
    const isChanged = fresh === undefined || random.chance(0.5);
    /** @type {Uint8Array} */
    const bytes = isChanged ? mutate(random, fresh ?? random.pick(corpus), corpus, tokens) : fresh;
    // An input with a new outcome is kept, and changed further.
    if ((await attempt(bytes)) && corpus.length < 2000) corpus.push(bytes.slice(0, LARGEST_INPUT));
  }
}

/** Reads the bytes, judges the outcome, and says whether its kind is new. @param {Uint8Array} bytes */
async function attempt(bytes) {
  const input = new Uint8Array(bytes);
  current.set(input.subarray(0, current.length));
  Atomics.store(state, 1, input.length);
  Atomics.add(state, 0, 1);
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  let kind = "accepted";
  try {
    await read(input);
  } catch (error) {
    kind = kindOf(error);
    const problem = errorFault(error);
    if (problem !== undefined) find(bytes, kind, problem);
  }
  report.inputs += 1;
  const wall = performance.now() - started;
  if (wall > report.slowest.ms) {
    // On a busy machine the wall's clock says little.
    const { user, system } = process.cpuUsage(cpu);
    const ms = Math.min(wall, (user + system) / 1000);
    if (ms > report.slowest.ms) report.slowest = { ms: Math.round(ms), bytes: bytes.length };
    if (ms > mostMilliseconds(bytes.length)) find(bytes, "time", `took ${Math.round(ms)} ms`);
  }
  const most = process.resourceUsage().maxRSS * 1024;
  const taken = most - memory;
  memory = most;
  if (taken > report.largest.mib * 2 ** 20) {
    report.largest = { mib: Math.round(taken / 2 ** 20), bytes: bytes.length };
  }
  if (taken > mostMemory(bytes.length, limit)) {
    find(bytes, "memory", `took ${Math.round(taken / 2 ** 20)} MiB`);
  }
  if (kinds.has(kind)) return false;
  kinds.add(kind);
  return true;
}

/** @param {Uint8Array} bytes @param {string} kind @param {string} problem */
function find(bytes, kind, problem) {
  parentPort?.postMessage({ finding: { kind, problem, bytes: new Uint8Array(bytes) } });
}
