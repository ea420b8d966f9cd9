// Writes the points that the demo's Race opens with: where its reference, plain JavaScript in float64,
// ends with the shipped model. Usage: node tooling/models/points/opening.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { fromDemo, pages } from "./bundle.mjs";

const gen = await fromDemo(
  "opening",
  `
    export { readSafetensors } from "@gen/data";
    export { withWeights } from "@gen/nn";
    export { openBackend } from "@gen/runtime-gpu";
    export { denoiser, sample } from "@gen/sampling";
    export { pointDenoiser } from "./points/point-denoiser.ts";
    export { count, openingSeed, reference } from "./race/race-api.ts";
    export { raceSteps } from "./race/race-steps.ts";
  `,
);
const model = readFileSync(new URL("race/points.safetensors", pages));
const { tensors, metadata } = gen.readSafetensors(model);
const backend = await gen.openBackend(gen.reference);
const { x } = await gen.sample({
  backend,
  denoiser: gen.withWeights(gen.denoiser(gen.pointDenoiser()), tensors),
  steps: gen.raceSteps(),
  shape: [gen.count, 2],
  seed: gen.openingSeed,
  clip: Number(metadata.bound),
});
await backend.close();
writeFileSync(new URL("race/opening-points.f32", pages), Float32Array.from(x));
