// @ts-check
// The networks that are measured: our side of their rows, and what the checks of the UNet's peers need. For Node and pages.
import { ddimSteps } from "@gen/ddim";
import { trainDdpm } from "@gen/ddpm";
import { gradients, mean, square, sub, tensor, tensorNumbers, trace } from "@gen/graph";
import { networkGraph, weightsOf as tensorsOf, unet, withWeights } from "@gen/nn";
import { denoiser, sampler } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { stepped } from "./alternate.mjs";

export const size = 28;

/** @typedef {import("@gen/nn").Network} Network */
/** @typedef {import("@gen/runtime-gpu").Backend<any>} AnyBackend */

/** With no weight that is zero, as some start: a zero would hide from a check what comes before it. */
export function benchUnet() {
  const network = unet({ size, multipliers: [1, 2, 2] });
  const weights = network.parameters.map(({ name, shape, value }) => {
    const first = Array.from(tensorNumbers(value));
    const values = Float32Array.from(first, (v, i) => v + 0.02 * Math.sin(3 * i + 1));
    return [name, tensor(values, shape)];
  });
  return withWeights(network, Object.fromEntries(weights));
}

/** The weights by name, in PyTorch's shapes. @param {Network} network */
export const weightsOf = (network) =>
  /** @type {Record<string, import("./peers/unet.mjs").Weight>} */ (tensorsOf(network));

/** A network's graph with the batch's size written into it: a named dimension would make it slower. @param {Network} network @param {number} batch */
export function batchGraph(network, batch) {
  const signature = Object.fromEntries(
    Object.entries(network.signature).map(([name, each]) => [
      name,
      { ...each, shape: [batch, ...each.shape.slice(1)] },
    ]),
  );
  return networkGraph({ ...network, signature });
}

/**
 * Steps of DDIM, the network and the step in one program: fresh runs one after the other, for as many steps as
 * are asked for.
 *
 * @param {AnyBackend} backend @param {Network} network @param {number[]} shape
 */
export async function samplingSteps(backend, network, shape) {
  const steps = ddimSteps(linearSchedule(), { steps: 1000 });
  const draw = sampler({ backend, denoiser: denoiser(network) });
  const ours = await stepped(async ({ onStep, signal }) => {
    const controller = new AbortController();
    const hear = async () => {
      await onStep();
      if (signal.aborted) controller.abort();
    };
    for (;;) await draw.sample({ steps, shape, clip: 1, signal: controller.signal, onStep: hear });
  });
  const stop = async () => {
    await ours.stop();
    await draw.dispose();
  };
  return { steps: ours.steps, stop };
}

/** Images that are drawn from, 256 of them, as bytes. */
export const pictures = () =>
  Uint8Array.from({ length: 256 * size * size }, (_, i) => (7919 * i) % 255);

/**
 * Steps of training a fresh network: noise, forward, backward and Adam, the loss read after each.
 * @param {AnyBackend} backend @param {number} batch
 */
export function trainingSteps(backend, batch) {
  const data = pictures();
  /** @type {import("@gen/data").Dataset} */
  const dataset = {
    name: "noise",
    shape: [1, size, size],
    length: data.length / size ** 2,
    data,
    range: [0, 255],
  };
  const run = { backend, network: benchUnet(), dataset, batchSize: batch, steps: 1e6, logEvery: 1 };
  return stepped((hooks) => trainDdpm({ ...run, ...hooks }));
}

/** A batch `[batch, 1, 28, 28]`, its time steps and a target, the same everywhere. @param {number} batch */
export function probe(batch) {
  const wave = (/** @type {number} */ shift) =>
    Float32Array.from(
      { length: batch * size * size },
      (_, i) => 1.5 * Math.sin(12.9898 * i + shift),
    );
  const t = Array.from({ length: batch }, (_, i) => (997 * i + 13) % 1000);
  return { x: wave(0), t, target: wave(1) };
}

/**
 * What the network makes of {@link probe} on a backend.
 * @param {AnyBackend} backend @param {Network} network @param {number} batch
 * @returns {Promise<Float32Array>}
 */
export async function outputOn(backend, network, batch) {
  const { x, t } = probe(batch);
  const { output } = await once(backend, batchGraph(network, batch), {
    x: [x, [batch, 1, size, size]],
    t: [BigInt64Array.from(t, BigInt), [batch], "int64"],
  });
  return output;
}

/**
 * The gradients of the mean squared error to the probe's target, by weight.
 * @param {AnyBackend} backend @param {Network} network @param {number} batch
 */
export async function gradientsOn(backend, network, batch) {
  const shape = [batch, 1, size, size];
  const { x, t, target } = probe(batch);
  const graph = trace(
    (inputs) => {
      const loss = mean(square(sub(network.apply(inputs.x, inputs.t), inputs.target)));
      const all = gradients(loss, network.parameters);
      return Object.fromEntries(network.parameters.map(({ name }, i) => [`d ${name}`, all[i]]));
    },
    { x: { shape }, t: { shape: [batch], dtype: "int64" }, target: { shape } },
  );
  const results = await once(backend, graph, {
    x: [x, shape],
    t: [BigInt64Array.from(t, BigInt), [batch], "int64"],
    target: [target, shape],
  });
  return Object.fromEntries(
    network.parameters.map(({ name, shape }) => [name, { data: results[`d ${name}`], shape }]),
  );
}

/**
 * Runs a graph once and reads all it gives.
 * @param {AnyBackend} backend @param {import("@gen/graph").Graph} graph
 * @param {Record<string, [data: any, shape: number[], dtype?: any]>} values
 */
async function once(backend, graph, values) {
  const program = await backend.compile(graph);
  const inputs = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, backend.upload(...value)]),
  );
  const results = await program.run(inputs);
  /** @type {Record<string, Float32Array>} */
  const read = {};
  for (const [name, result] of Object.entries(results)) {
    read[name] = Float32Array.from(await backend.download(result));
  }
  backend.dispose(...Object.values(inputs), ...Object.values(results));
  await program.dispose();
  return read;
}

/**
 * @param {string} name What is told of it where it fails.
 * @param {ArrayLike<number>} theirs @param {ArrayLike<number>} ours
 * @param {number} tolerance How far apart numbers may be, where the largest is 1.
 * @throws Error when a peer computes something else.
 */
export function requireSame(name, theirs, ours, tolerance = 1e-4) {
  let [worst, largest] = [theirs.length === ours.length ? 0 : Number.NaN, 0];
  for (let i = 0; i < ours.length; i++) {
    worst = Math.max(worst, Math.abs(theirs[i] - ours[i]));
    largest = Math.max(largest, Math.abs(ours[i]));
  }
  if (worst <= tolerance * largest) return;
  throw new Error(`${name} differs by ${worst} from ours, whose largest number is ${largest}`);
}
