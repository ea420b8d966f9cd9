// Trains a model, samples it and writes the points: node main.js moons.csv
import { writeFile } from "node:fs/promises";
import { generate } from "@gen/ddpm";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { trainMoons } from "./train-moons.js";

const [file = "moons.csv"] = process.argv.slice(2);
const backend = await onnxBackend();
const pipeline = await trainMoons(backend);
const { x } = await generate(pipeline, { backend, count: 1000, sampler: "ddim", steps: 20 });
await backend.close();

const rows = Array.from({ length: x.length / 2 }, (_, i) => `${x[2 * i]},${x[2 * i + 1]}`);
await writeFile(file, `x,y\n${rows.join("\n")}\n`);
console.log(`${backend.name} wrote ${rows.length} points to ${file}`);
