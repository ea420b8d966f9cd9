// Digits by class with guidance: node main.js --size 8|28 [--out FOLDER] [--threads N] [--train STEPS]
// Ctrl-C keeps what was trained, and the same command goes on.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { writePng } from "@gen/data";
import { generate } from "@gen/ddpm";
import { savePipeline } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { judge } from "./judge.js";
import { recipes } from "./recipes.js";
import { sheet } from "./sheet.js";
import { trained } from "./train.js";

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "8" },
    out: { type: "string" },
    threads: { type: "string" },
    train: { type: "string" },
  },
});
const recipe = recipes[values.size];
if (!recipe) throw new Error(`--size must be 8 or 28, got ${values.size}`);
const out = values.out ?? `out-${values.size}`;
const steps = Number(values.train ?? recipe.steps);

await mkdir(out, { recursive: true });
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
const threads = values.threads === undefined ? undefined : Number(values.threads);
const backend = await onnxBackend({ threads });
const { train, test } = await recipe.data();
const file = join(out, "training.safetensors");
const result = await trained({
  backend,
  recipe,
  dataset: train,
  steps,
  file,
  signal: stop.signal,
});
if (!result.pipeline) {
  console.log(`stopped; ${file} holds what was trained, and the same command goes on`);
  process.exit(130);
}
const { pipeline, cpu } = result;
await savePipeline(pipeline, async (path, bytes) => {
  const place = join(out, "model", path);
  await mkdir(dirname(place), { recursive: true });
  await writeFile(place, bytes);
});

// Ten of each class, a row for each.
const labels = Array.from({ length: 100 }, (_, i) => Math.floor(i / 10));
const drawn = async (condition, guidance, seed, more) => {
  const { x } = await generate(pipeline, {
    backend,
    count: condition.length,
    condition,
    guidance,
    sampler: "ddim",
    steps: 25,
    seed,
    // Guidance moves x0 out of [-1, 1], and the noise that was predicted does not go with a clipped x0.
    useClippedModelOutput: guidance > 1,
    ...more,
  });
  return x;
};
const x = await drawn(labels, 2, 0);
await writeFile(join(out, "sheet.png"), writePng(sheet(x, Number(values.size))));

const numbers = await judge({ backend, drawn, test, size: Number(values.size) });
const text = [
  `${values.size}x${values.size}, ${steps} steps of ${recipe.batchSize} images, ${Math.round(cpu)} s of processor time`,
  "",
  "| images | recognized as their class | Frechet distance |",
  "|---|---|---|",
  ...numbers.map(({ what, right, distance }) => `| ${what} | ${right} | ${distance} |`),
  "",
].join("\n");
await writeFile(join(out, "numbers.md"), text);
await backend.close();
console.log(
  `\n${text}\nThe pictures are in ${join(out, "sheet.png")}, the model is in ${join(out, "model")}.`,
);
