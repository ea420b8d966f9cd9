// Compares trained VAEs with pythae's, and writes packages/vae/test/reference/pythae.json. Run after
// `npm run build`, with the Python of vae-pythae.py:
//
//   node tooling/reference/vae-pythae.mjs inputs FOLDER     the items, first weights and batches
//   V/bin/python tooling/reference/vae-pythae.py FOLDER     pythae's trainings
//   node tooling/reference/vae-pythae.mjs train FOLDER      ours, and both as one file
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as data from "../../packages/data/dist/index.js";
import * as graph from "../../packages/graph/dist/index.js";
import * as math from "../../packages/math/dist/index.js";
import * as nn from "../../packages/nn/dist/index.js";
import * as runtime from "../../packages/runtime-gpu/dist/index.js";
import { onnxBackend } from "../../packages/runtime-gpu/dist/onnx.js";
import * as vae from "../../packages/vae/dist/index.js";
import {
  binarizedDigits,
  firstModel,
  priorDraws,
  seedsOf,
  settings,
  trained,
} from "./vae-pythae-kinds.mjs";

const packages = { data, graph, math, nn, runtime, vae };
const [action, folder] = process.argv.slice(2);
const actions = { inputs: writeInputs, train: trainAll };
if (!(action in actions) || folder === undefined) {
  throw new Error("give inputs or train, and a folder");
}
await actions[action]();

async function writeInputs() {
  const write = (name, array) => writeFileSync(join(folder, `${name}.npy`), data.writeNpy(array));
  mkdirSync(folder, { recursive: true });
  const items = await binarizedDigits(data);
  for (const [name, { data: values, length }] of Object.entries(items)) {
    write(name, { data: values, shape: [length, 64] });
  }
  const { length } = items.test;
  write("prior", { data: priorDraws(packages, length), shape: [length, settings.latent] });
  const { batchSize, steps } = settings;
  const seeds = Math.max(settings.seeds, ...Object.values(settings.moreSeeds));
  for (let seed = 0; seed < seeds; seed++) {
    const source = data.batches(items.train, { batchSize, seed });
    const order = Array.from({ length: steps }, () => Array.from(source.next().value.indices));
    write(`order-${seed}`, { data: Float32Array.from(order.flat()), shape: [steps, batchSize] });
    for (const kind of ["vae", "vamp", "vqVae"]) {
      for (const { name, value } of firstModel(packages, kind, seed).parameters) {
        write(`${kind}-${seed}-${name}`, value);
      }
    }
  }
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
}

async function trainAll() {
  const pythae = JSON.parse(readFileSync(join(folder, "pythae.json"), "utf8"));
  const backend = await onnxBackend();
  const ours = {};
  for (const kind of Object.keys(settings.kinds)) {
    for (const seed of seedsOf(kind)) {
      const found = await trained(packages, { backend, kind, seed });
      console.log(kind, seed, found);
      for (const [name, value] of Object.entries(found)) {
        ours[kind] ??= {};
        ours[kind][name] ??= [];
        ours[kind][name].push(Number(value.toFixed(4)));
      }
    }
  }
  await backend.close();
  const { provenance, faults, ...theirs } = pythae;
  const file = new URL("../../packages/vae/test/reference/pythae.json", import.meta.url);
  const content = { provenance, settings, faults, ...theirs, ours };
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}
