import { readNpy } from "@gen/data";
import { ddimSteps } from "@gen/ddim";
import { loadPipeline } from "@gen/pipeline";
import { sample } from "@gen/sampling";
import { openHere } from "./open-here.ts";

/** Undefined where the server has no such file. */
async function fetched(path: string): Promise<Uint8Array | undefined> {
  const response = await fetch(path);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
}

/**
 * The images that a pipeline folder makes by DDIM of its own noise; how many tensors were left alive, and why
 * programs were not captured.
 */
export async function torchImages(name: string, folder: string, count: number) {
  const uncaptured: string[] = [];
  const backend = await openHere(name, (reason) => uncaptured.push(reason));
  const { denoiser, scheduler } = await loadPipeline((path) => fetched(folder + path));
  const noise = readNpy((await fetched(`${folder}noise.npy`)) as Uint8Array);
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
