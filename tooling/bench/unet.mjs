// The UNet of the benches for Node and pages: its steps, and the checks that peers compute the same.
import { ddimSteps } from "@gen/ddim";
import { trainDdpm } from "@gen/ddpm";
import { tensor, tensorNumbers } from "@gen/graph";
import { networkGraph, unet, withWeights } from "@gen/nn";
import { callProgram } from "@gen/runtime-gpu";
import { denoiser, sampler } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { stepRunner } from "./measure.mjs";

export const size = 28;

// Some weights start at zero, which would hide the layers before them from the check of outputs. So
// a small pattern is added to all weights.
export function benchUnet() {
  const network = unet({ size, multipliers: [1, 2, 2] });
  const weights = network.parameters.map(({ name, shape, value }) => {
    const first = Array.from(tensorNumbers(value));
    const values = Float32Array.from(first, (v, i) => v + 0.02 * Math.sin(3 * i + 1));
    return [name, tensor(values, shape)];
  });
  return withWeights(network, Object.fromEntries(weights));
}

// A network's graph for one batch size. A named dimension would be slower.
export function batchGraph(network, batch) {
  const signature = Object.fromEntries(
    Object.entries(network.signature).map(([name, each]) => [
      name,
      { ...each, shape: [batch, ...each.shape.slice(1)] },
    ]),
  );
  return networkGraph({ ...network, signature });
}

/** DDIM steps of consecutive runs. Network and step are one program. */
export async function samplingSteps(backend, network, shape) {
  const steps = ddimSteps(linearSchedule(), { steps: 1000 });
  const draw = sampler({ backend, denoiser: denoiser(network) });
  const ours = await stepRunner(async ({ onStep, signal }) => {
    const controller = new AbortController();
    const onEach = async () => {
      await onStep();
      if (signal.aborted) controller.abort();
    };
    for (;;) {
      await draw.sample({ steps, shape, clip: 1, signal: controller.signal, onStep: onEach });
    }
  });
  const stop = async () => {
    await ours.stop();
    await draw.dispose();
  };
  return { steps: ours.steps, stop };
}

/** The 256 training images, as bytes. */
export const pictures = () =>
  Uint8Array.from({ length: 256 * size * size }, (_, i) => (7919 * i) % 255);

/** Training steps of a network: noise, forward, backward and Adam. Each step reads its loss. */
export function trainingSteps(backend, batchSize, network = benchUnet()) {
  const images = { shape: [1, size, size], length: 256, data: pictures(), range: [0, 255] };
  const dataset = { name: "noise", ...images };
  const run = { backend, network, dataset, batchSize, steps: 1e6, logEvery: 1 };
  return stepRunner((hooks) => trainDdpm({ ...run, ...hooks }));
}

/** A fixed batch `[batch, 1, 28, 28]` and its time steps. */
export function probe(batch) {
  const length = batch * size * size;
  const x = Float32Array.from({ length }, (_, i) => 1.5 * Math.sin(12.9898 * i));
  const t = Array.from({ length: batch }, (_, i) => (997 * i + 13) % 1000);
  return { x, t };
}

/** The network's output for {@link probe}. */
export async function outputOn(backend, network, batch) {
  const { x, t } = probe(batch);
  const program = await backend.compile(batchGraph(network, batch));
  const { output } = await callProgram(backend, program, {
    x: { data: x, shape: [batch, 1, size, size] },
    t: { data: BigInt64Array.from(t, BigInt), shape: [batch], dtype: "int64" },
  });
  await program.dispose();
  return output;
}

/** @throws Error when numbers differ by more than `tolerance` times the largest. */
export function requireSame(name, theirs, ours, tolerance = 1e-4) {
  let [worst, largest] = [theirs.length === ours.length ? 0 : Number.NaN, 0];
  for (let i = 0; i < ours.length; i++) {
    worst = Math.max(worst, Math.abs(theirs[i] - ours[i]));
    largest = Math.max(largest, Math.abs(ours[i]));
  }
  if (worst <= tolerance * largest) return;
  throw new Error(`${name} differs from ours by ${worst}; our largest number is ${largest}`);
}
