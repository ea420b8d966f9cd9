// @ts-check
// The UNet that is measured, and what the checks of its peers need. Runs in Node and in pages.
import { tensor } from "@gen/graph";
import { networkGraph, parameterTensors, unet } from "@gen/nn";

export const size = 28;
const multipliers = [1, 2, 2];

/** As {@link unet} makes it, but for the weights that start at zero: a zero would hide what comes before it. */
export function benchUnet() {
  const network = unet({ size, multipliers });
  for (const parameter of network.parameters) {
    const { data } = parameter.value;
    const values = Float32Array.from(data, (v, i) => Number(v) + 0.02 * Math.sin(3 * i + 1));
    parameter.value = tensor(values, parameter.shape);
  }
  return network;
}

/** The weights by name, in the shapes of PyTorch. @param {import("@gen/nn").Network} network */
export const weightsOf = (network) =>
  /** @type {Record<string, { data: Float32Array, shape: readonly number[] }>} */ (
    parameterTensors(network)
  );

/** A batch `[batch, 1, 28, 28]` and its time steps, the same everywhere. @param {number} batch */
export function probe(batch) {
  const wave = (/** @type {number} */ shift) =>
    Float32Array.from({ length: batch * size * size }, (_, i) => 1.5 * Math.sin(12.9898 * i + shift));
  const t = Array.from({ length: batch }, (_, i) => (997 * i + 13) % 1000);
  return { x: wave(0), t, target: wave(1) };
}

/**
 * What the network makes of `probe(batch)` on a backend.
 * @param {any} backend @param {import("@gen/nn").Network} network @param {number} batch
 * @returns {Promise<Float32Array>}
 */
export async function outputOn(backend, network, batch) {
  const { x, t } = probe(batch);
  const program = await backend.compile(networkGraph(network));
  const inputs = {
    x: backend.upload(x, [batch, 1, size, size]),
    t: backend.upload(BigInt64Array.from(t, BigInt), [batch], "int64"),
  };
  const { output } = await program.run(inputs);
  const values = await backend.download(output);
  backend.dispose(inputs.x, inputs.t, output);
  await program.dispose();
  return values;
}

/**
 * @param {string} name @param {ArrayLike<number>} theirs @param {ArrayLike<number>} ours
 * @throws Error when a peer computes something else.
 */
export function requireSame(name, theirs, ours, tolerance = 1e-4) {
  let worst = theirs.length === ours.length ? 0 : Number.NaN;
  for (let i = 0; i < ours.length; i++) worst = Math.max(worst, Math.abs(theirs[i] - ours[i]));
  if (worst <= tolerance) return;
  throw new Error(`${name} computes something else: its outputs differ by ${worst}`);
}
