// Burda et al.'s table 1, one stochastic layer: node main.js [--short] [--out FOLDER] [--threads N] [--epochs N]
// Ctrl-C keeps what was trained, and the same command goes on.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { logLikelihood } from "@gen/vae";
import { binarized, mnist } from "./mnist.js";
import { markdownTable } from "./table.js";
import { trained } from "./train.js";

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    out: { type: "string" },
    threads: { type: "string" },
    epochs: { type: "string" },
  },
});
const { short } = values;
const out = values.out ?? (short ? "out-short" : "out");
// Draws of z in training, passes over the 60,000 images, and how the bound is measured.
const plan = short
  ? { epochs: { 1: 40, 5: 24 }, images: 1000, samples: 500 }
  : { epochs: { 1: 200, 5: 200, 50: 200 }, images: 10_000, samples: 5000 };

await mkdir(out, { recursive: true });
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
const threads = values.threads === undefined ? undefined : Number(values.threads);
const backend = await onnxBackend({ threads });
const { train, test } = await mnist();
const rows = [];
for (const [k, planned] of Object.entries(plan.epochs).map((entry) => entry.map(Number))) {
  const epochs = Number(values.epochs ?? planned);
  const file = join(out, `iwae-${k}.safetensors`);
  const { model, curve, aborted } = await trained({
    backend,
    images: train,
    k,
    epochs,
    file,
    signal: stop.signal,
  });
  if (aborted) {
    console.log(`stopped; ${file} holds what was trained, and the same command goes on`);
    process.exit(130);
  }
  const began = process.cpuUsage();
  const dataset = binarized(test, plan.images);
  const { logLikelihood: bound, standardError } = await logLikelihood({
    backend,
    model,
    dataset,
    samples: plan.samples,
    batchSize: 2500,
    seed: 0,
    onProgress: (done, total) => {
      if (done % 200 === 0) console.log(`k ${k}: ${done} of ${total} test images`);
    },
  });
  const { user, system } = process.cpuUsage(began);
  const evaluation = (user + system) / 1e6;
  rows.push({ k, epochs, nll: -bound, standardError, evaluation, curve });
  console.log(`k ${k}: ${(-bound).toFixed(2)} nats`);
}
await backend.close();

await writeFile(join(out, "results.json"), JSON.stringify({ ...plan, rows }));
const table = markdownTable(rows, plan);
await writeFile(join(out, "table.md"), table);
console.log(`\n${table}\nThe table is in ${join(out, "table.md")}.`);
