// Trains the VAE that the demo's room Latent opens with, by the room's own recipe, and writes its
// averaged weights. Run after `npm run build`: node tooling/models/latent/train-digits-vae.mjs
// With --check it writes nothing, and fails if the committed file has another bound.
import { readFileSync, writeFileSync } from "node:fs";
import { digits, readSafetensors, writeSafetensors } from "../../../packages/data/dist/index.js";
import { weightsOf, withWeights } from "../../../packages/nn/dist/index.js";
import { onnxBackend } from "../../../packages/runtime-gpu/dist/onnx.js";
import { elbo, mlpVae, trainVae } from "../../../packages/vae/dist/index.js";

const room = new URL("../../../apps/demo/src/pages/latent/", import.meta.url);
const file = new URL("digits-vae.safetensors", room);
const recipe = JSON.parse(readFileSync(new URL("recipe.json", room), "utf8"));
const { hidden, activation, ...training } = recipe;

const backend = await onnxBackend();
const dataset = await digits();
const model = mlpVae({ shape: dataset.shape, hidden, activation, latent: 2, seed: recipe.seed });
const { vae } = await trainVae({ backend, model, dataset, ...training });
const bound = await elbo({ backend, model: vae, dataset });
console.log("trained:  ", bound);
if (process.argv.includes("--check")) {
  const { tensors } = readSafetensors(readFileSync(file));
  const kept = await elbo({ backend, model: withWeights(model, tensors), dataset });
  console.log("committed:", kept);
  if (Math.abs(kept.elbo - bound.elbo) > 0.5) process.exitCode = 1;
} else {
  writeFileSync(file, writeSafetensors(weightsOf(vae), { recipe: JSON.stringify(recipe) }));
}
await backend.close();
