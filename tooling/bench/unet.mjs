// The UNet that is measured, its steps, and the checks that peers compute the same. For Node and pages.
import { ddimSteps } from "@gen/ddim";
import { trainDdpm } from "@gen/ddpm";
import { tensor, tensorNumbers } from "@gen/graph";
import { networkGraph, weightsOf as tensorsOf, unet, withWeights } from "@gen/nn";
import { callProgram, denoiser, sampler } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { stepped } from "./measure.mjs";

export const size = 28;

// With no weight that is zero, as some start: a zero would hide from a check what comes before
// it.
export function benchUnet() {
  const network = unet({ size, multipliers: [1, 2, 2] });
  const weights = network.parameters.map(({ name, shape, value }) => {
    const first = Array.from(tensorNumbers(value));
    const values = Float32Array.from(first, (v, i) => v + 0.02 * Math.sin(3 * i + 1));
    return [name, tensor(values, shape)];
  });
  return withWeights(network, Object.fromEntries(weights));
}

// The weights by name, in PyTorch's shapes.
export const weightsOf = (network) => tensorsOf(network);

// A network's graph with the batch's size written into it: a named dimension would make it
// slower.
export function batchGraph(network, batch) {
  const signature = Object.fromEntries(
    Object.entries(network.signature).map(([name, each]) => [
      name,
      { ...each, shape: [batch, ...each.shape.slice(1)] },
    ]),
  );
  return networkGraph({ ...network, signature });
}

/** DDIM steps, network and step in one program: fresh runs one after the other. */
export async function samplingSteps(backend, network, shape) {
  const steps = ddimSteps(linearSchedule(), { steps: 1000 });
  const draw = sampler({ backend, denoiser: denoiser(network) });
  const ours = await stepped(async ({ onStep, signal }) => {
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

/** Training steps of a fresh network: noise, forward, backward and Adam; the loss is read after each. */
export function trainingSteps(backend, batchSize) {
  const images = { shape: [1, size, size], length: 256, data: pictures(), range: [0, 255] };
  const dataset = { name: "noise", ...images };
  const run = { backend, network: benchUnet(), dataset, batchSize, steps: 1e6, logEvery: 1 };
  return stepped((hooks) => trainDdpm({ ...run, ...hooks }));
}

/** A batch `[batch, 1, 28, 28]` and its time steps, the same everywhere. */
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

/** @throws Error when numbers differ by more than `tolerance` of the largest. */
export function requireSame(name, theirs, ours, tolerance = 1e-4) {
  let [worst, largest] = [theirs.length === ours.length ? 0 : Number.NaN, 0];
  for (let i = 0; i < ours.length; i++) {
    worst = Math.max(worst, Math.abs(theirs[i] - ours[i]));
    largest = Math.max(largest, Math.abs(ours[i]));
  }
  if (worst <= tolerance * largest) return;
  throw new Error(`${name} differs by ${worst} from ours, whose largest number is ${largest}`);
}
