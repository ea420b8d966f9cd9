// @ts-check
/*
 * `npm run kills -- [--times 200] [--seed 1] [--commands vae,ddpm,lora]`
 *
 * Kills `gen` by SIGKILL while it trains, and runs the same command again until it is done. The
 * files must be those of a run that nobody killed, bit by bit. Half of the kills come at a random
 * time, the others at a random change of a file, most of which belong to a save. Some runs are
 * killed several times. The seed decides the commands and the moments.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./shell.mjs";
import { uniform } from "./uniform.mjs";

const gen = join(root, "packages", "cli", "dist", "gen.js");
/** `--save-every 0` saves every ten steps, so that many kills hit a save. */
const often = ["--save-every", "0"];
const small = ["--batch", "16", "--width", "16"];
const steps = ["--steps", "200", ...often];
const digits = ["--data", "digits", ...small];
/** The folder of a model that is trained further; no command writes there. */
const BASE = "BASE";
const base = ["train", "ddpm", "--data", "two-moons", ...small, "--steps", "20"];
const further = ["train", "ddpm", "--from", BASE, "--data", "rings", "--batch", "16", ...steps];
/** Everything that a training writes beside its model and its state. */
const watched = ["--validate-every", "50", "--samples-every", "20", "--log", "jsonl"];
/** @type {Record<string, string[]>} */
const commands = {
  vae: ["train", "vae", ...digits, "--steps", "300", ...often],
  ddpm: ["train", "ddpm", "--data", "two-moons", ...small, ...steps],
  classifier: ["train", "classifier", "--noisy", "--validate-every", "50", ...digits, ...steps],
  "fine-tune": further,
  lora: [...further, "--lora", "2"],
  factor: ["train", "vae", "--objective", "factor", ...digits, ...steps],
  vq: ["train", "vae", "--objective", "vq", "--codes", "32", ...watched, ...digits, ...steps],
  quickstart: ["quickstart", "--effort", "0.005", ...often],
};
/** Fields of the records that no two runs share. `sha256` follows from them. */
const measured = new Set([
  ...["seconds", "msPerStep", "maxRssMiB", "reused", "sha256"],
  "itemsPerSecond",
]);

try {
  await main(optionsOf(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** @param {string[]} args */
function optionsOf(args) {
  const { values } = parseArgs({
    args,
    options: {
      times: { type: "string", default: "200" },
      seed: { type: "string", default: "1" },
      commands: { type: "string", default: Object.keys(commands).join() },
    },
  });
  const [times, seed] = [Number(values.times), Number(values.seed)];
  const names = values.commands.split(",");
  if (!Number.isInteger(times) || times < 1)
    throw new Error(`--times must be a positive integer, got ${values.times}`);
  if (!Number.isInteger(seed)) throw new Error(`--seed must be an integer, got ${values.seed}`);
  const unknown = names.find((name) => !Object.hasOwn(commands, name));
  if (unknown !== undefined)
    throw new Error(`--commands takes ${Object.keys(commands).join()}, got ${unknown}`);
  return { times, seed, names };
}

/** @param {{ times: number, seed: number, names: string[] }} options */
async function main({ times, seed, names }) {
  const random = uniform(seed);
  const scratch = mkdtempSync(join(tmpdir(), "gen-kills-"));
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
  process.on("SIGINT", () => process.exit(130));
  const argsOf = (/** @type {string} */ name) =>
    commands[name].map((word) => (word === BASE ? join(scratch, BASE, "out") : word));
  if (names.some((name) => commands[name].includes(BASE)))
    await reference(BASE, base, join(scratch, BASE));
  /** @type {Reference[]} */
  const references = [];
  for (const name of names)
    references.push(await reference(name, argsOf(name), join(scratch, name)));

  let [kills, differing] = [0, 0];
  for (let run = 0; kills < times; run++) {
    const name = names[run % names.length];
    const args = argsOf(name);
    const undisturbed = references[run % names.length];
    const folder = join(scratch, `run-${run}`);
    mkdirSync(folder);
    const drawn = Array.from({ length: 3 }, () => momentOf(random, undisturbed));
    const inARow = Math.min(times - kills, 1 + Math.floor(3 * random()));
    const moments = [];
    for (const moment of drawn.slice(0, inARow)) {
      const { signal, elapsed } = await start(args, folder, moment);
      // The command was done before its moment.
      if (signal !== "SIGKILL") break;
      kills++;
      moments.push(`${elapsed} ms${moment.atChange ? `, change ${moment.atChange}` : ""}`);
    }
    if (moments.length === 0) continue;
    const faults = await resume(args, folder, undisturbed.files);
    if (faults.length > 0) differing++;
    const result = faults.length === 0 ? "identical" : `DIFFERS: ${faults.join("; ")}`;
    console.log(`${kills}/${times} ${name}, killed at ${moments.join(" and at ")}: ${result}`);
    rmSync(folder, { recursive: true });
  }
  const verdict = differing === 0 ? "all files identical" : `${differing} runs with other files`;
  console.log(`${kills} kills (seed ${seed}): ${verdict}`);
  if (differing > 0) process.exitCode = 1;
}

/**
 * A random moment of a run, by the time or by the number of changes of files.
 *
 * @param {() => number} random
 * @param {Reference} undisturbed
 */
function momentOf(random, { ms, changes }) {
  const part = random();
  // The first changes belong to the lock and to the first save.
  const atChange = 1 + Math.floor(part * (random() < 0.5 ? 40 : changes));
  return random() < 0.5 ? { afterMs: ms * part } : { atChange };
}

/** @typedef {Awaited<ReturnType<typeof reference>>} Reference */

/**
 * Runs a command to its end.
 *
 * @param {string} name
 * @param {readonly string[]} args
 * @param {string} folder
 */
async function reference(name, args, folder) {
  mkdirSync(folder);
  const { code, elapsed: ms, changes, stderr } = await start(args, folder, {});
  if (code !== 0) throw new Error(`${name} failed (exit code ${code}): ${stderr}`);
  console.log(`${name}, not killed: ${ms} ms, ${changes} changes of files`);
  return { files: filesOf(folder), ms, changes };
}

/**
 * Runs a command whose output is `out` in `folder`, and kills it at a moment.
 *
 * @param {readonly string[]} command
 * @param {string} folder
 * @param {{ afterMs?: number, atChange?: number }} moment
 * @returns {Promise<{ code: number | null, signal: string | null, elapsed: number, changes: number,
 *   stderr: string }>}
 */
function start(command, folder, { afterMs, atChange }) {
  return new Promise((resolve, reject) => {
    const from = performance.now();
    const args = [gen, ...command, "--out", join(folder, "out")];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    const kill = () => child.kill("SIGKILL");
    const timer = afterMs === undefined ? undefined : setTimeout(kill, afterMs);
    let changes = 0;
    const watcher = watch(folder, { recursive: true }, () => {
      if (++changes === atChange) kill();
    });
    // A folder that vanishes while it is watched is no fault of the command.
    watcher.on("error", () => undefined);
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      watcher.close();
      resolve({ code, signal, elapsed: Math.round(performance.now() - from), changes, stderr });
    });
  });
}

/**
 * Runs the command again and returns what differs from the run that nobody killed.
 *
 * @param {readonly string[]} args
 * @param {string} folder
 * @param {Map<string, Buffer | string>} wanted
 */
async function resume(args, folder, wanted) {
  const { code, stderr } = await start(args, folder, {});
  // The kill came after the last file.
  const isDone = code === 2 && stderr.includes("holds this model already");
  if (code !== 0 && !isDone) return [`exit code ${code}: ${stderr.trim()}`];
  const found = filesOf(folder);
  const faults = [...found.keys()].filter((path) => !wanted.has(path)).map((path) => `new ${path}`);
  for (const [path, content] of wanted) {
    const other = found.get(path);
    if (other === undefined) faults.push(`no ${path}`);
    else if (Buffer.compare(Buffer.from(other), Buffer.from(content)) !== 0) faults.push(path);
  }
  return faults;
}

/**
 * The files below a folder. JSON, and each line of JSON, is without the measured fields.
 *
 * @param {string} folder
 */
function filesOf(folder) {
  /** @type {Map<string, Buffer | string>} */
  const files = new Map();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    /** @param {string} key @param {unknown} value */
    const kept = (key, value) => (measured.has(key) ? undefined : value);
    const without = (/** @type {string} */ text) => JSON.stringify(JSON.parse(text, kept));
    const text = path.endsWith(".json")
      ? without(bytes.toString())
      : path.endsWith(".jsonl")
        ? bytes.toString().replace(/.+/g, without)
        : bytes;
    files.set(path.slice(folder.length), text);
  }
  return files;
}
