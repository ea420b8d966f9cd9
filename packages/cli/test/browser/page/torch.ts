import { readNpy } from "@gen/data";
import { ddimSteps } from "@gen/ddim";
import { loadPipeline } from "@gen/pipeline";
import { sample } from "@gen/sampling";
import { openHere } from "./open-here.ts";

/** The bytes of a file; undefined if the server has none. */
async function fetchBytes(path: string): Promise<Uint8Array | undefined> {
  const response = await fetch(path);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
}

/**
 * Samples a pipeline folder by DDIM from its own noise: the images, the number of live tensors, and
 * why programs were not captured.
 */
export async function torchImages(name: string, folder: string, count: number) {
  const uncaptured: string[] = [];
  const backend = await openHere(name, (reason) => uncaptured.push(reason));
  const { denoiser, scheduler } = await loadPipeline((path) => fetchBytes(folder + path));
  const noise = readNpy((await fetchBytes(`${folder}noise.npy`)) as Uint8Array);
  const { x } = await sample({
    backend,
    denoiser,
    steps: ddimSteps(scheduler.schedule, { steps: count, keepEpsilon: true }),
    shape: noise.shape,
    x: noise.data as Float32Array,
    clip: scheduler.clip ?? false,
  });
  const { live } = backend.memory();
  await backend.close();
  return { x: Array.from(x), live, uncaptured };
}
