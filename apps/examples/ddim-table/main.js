// DDIM's table 1 on 8x8 digits: node main.js [--short] [--out FOLDER] [--threads N] [--train STEPS]
// Ctrl-C keeps the cells that are done, and the same command goes on.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { digits } from "@gen/data";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { linearSchedule } from "@gen/schedules";
import { measuredCells } from "./cells.js";
import { digitFeatures } from "./features.js";
import { denoiserOf } from "./model.js";
import { markdownTable } from "./table.js";

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    out: { type: "string" },
    threads: { type: "string" },
    train: { type: "string", default: "10000" },
  },
});
const { short } = values;
const out = values.out ?? (short ? "out-short" : "out");
const plan = short
  ? { steps: [5, 10, 20, 50], seeds: [0], count: 1000 }
  : { steps: [5, 10, 20, 50, 100, 1000], seeds: [0, 1, 2], count: 5000 };

await mkdir(out, { recursive: true });
const threads = values.threads === undefined ? undefined : Number(values.threads);
const backend = await onnxBackend({ threads });
const schedule = linearSchedule();
const dataset = await digits();
const file = join(out, `denoiser-${values.train}.safetensors`);
const denoiser = await denoiserOf({
  backend,
  schedule,
  dataset,
  file,
  steps: Number(values.train),
});
const features = await digitFeatures(backend);

const kept = join(out, "cells.json");
const known = JSON.parse(await readFile(kept, "utf8").catch(() => "[]"));
const cells = measuredCells({ backend, schedule, denoiser, dataset, features, known, ...plan });
const all = [...known];
for await (const { secondsLeft, ...cell } of cells) {
  all.push(cell);
  await writeFile(kept, JSON.stringify(all));
  const { steps, column, seed, features: distance, pixels } = cell;
  console.log(
    `S ${steps}, ${column}, seed ${seed}: ${distance.toFixed(2)} in features, ${pixels.toFixed(2)} in pixels (${Math.ceil(secondsLeft)} s left)`,
  );
}
await features.dispose();
await backend.close();

const table = ["features", "pixels"].map((name) => markdownTable(all, plan, name)).join("\n");
await writeFile(join(out, "table.md"), table);
console.log(`\n${table}\nThe table is in ${join(out, "table.md")}.`);
