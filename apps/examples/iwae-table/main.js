// Burda et al.'s table 1, one stochastic layer: node main.js [--short] [--out FOLDER] [--threads N] [--epochs N]
// Ctrl-C keeps what was trained, and the same command goes on.
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measured } from "./measured.js";
import { markdownTable } from "./table.js";

const args = process.argv.slice(2);
const { values } = parseArgs({
  args,
  options: {
    short: { type: "boolean", default: false },
    out: { type: "string" },
    threads: { type: "string" },
    epochs: { type: "string" },
    // Trains and measures this k alone, in the process of another run.
    k: { type: "string" },
  },
});
const { short } = values;
const out = values.out ?? (short ? "out-short" : "out");
// Draws of z in training, passes over the 60,000 images, and how the bound is measured.
const plan = short
  ? { epochs: { 1: 80, 5: 50 }, images: 1000, samples: 500 }
  : { epochs: { 1: 200, 5: 200, 50: 200 }, images: 10_000, samples: 5000 };

await mkdir(out, { recursive: true });
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const resultOf = (k) => join(out, `result-${k}.json`);
const read = async (k) => JSON.parse(await readFile(resultOf(k), "utf8"));

/** Trains and measures the model of k draws, unless a file has its row of the table already. */
async function row(k, threads) {
  const epochs = Number(values.epochs ?? plan.epochs[k]);
  const kept = await read(k).catch(() => undefined);
  if (kept?.epochs === epochs) return;
  const file = join(out, `iwae-${k}.safetensors`);
  const found = await measured({ ...plan, k, epochs, file, threads, signal: stop.signal });
  if (!found) {
    console.log(`stopped; ${file} holds what was trained, and the same command goes on`);
    process.exit(130);
  }
  await writeFile(resultOf(k), JSON.stringify(found));
}

/** The same in a process of its own with one thread; its exit code. */
function rowBeside(k) {
  const main = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [main, ...args, "--k", String(k)], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

const all = Object.keys(plan.epochs).map(Number);
const threads = values.threads === undefined ? undefined : Number(values.threads);
if (values.k !== undefined) {
  await row(Number(values.k), threads ?? 1);
} else {
  // One thread of a processor is used better by a network of its own than by a part of a small one.
  if (short) {
    const failed = (await Promise.all(all.map(rowBeside))).find((code) => code !== 0);
    if (failed) process.exit(failed);
  } else for (const k of all) await row(k, threads);
  const table = markdownTable(await Promise.all(all.map(read)), plan);
  await writeFile(join(out, "table.md"), table);
  console.log(`\n${table}\nThe table is in ${join(out, "table.md")}.`);
}
