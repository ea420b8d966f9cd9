import { readNpy } from "@gen/data";
import { ddimSteps } from "@gen/ddim";
import { loadPipeline, sample } from "@gen/sampling";
import { openHere } from "./open-here.ts";

/** Undefined where the server has no such file. */
async function fetched(path: string): Promise<Uint8Array | undefined> {
  const response = await fetch(path);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
}

/** The first `batch` images of a pipeline folder from its own noise, by DDIM; what was left alive, and why not captured. */
export async function torchImages(name: string, folder: string, batch: number, count: number) {
  const uncaptured: string[] = [];
  const backend = await openHere(name, (reason) => uncaptured.push(reason));
  const { denoiser, scheduler, shape } = await loadPipeline((path) => fetched(folder + path));
  const noise = readNpy((await fetched(`${folder}noise.npy`)) as Uint8Array);
  const size = (shape as number[]).reduce((a, b) => a * b, 1);
  const { x } = await sample({
    backend,
    denoiser,
    steps: ddimSteps(scheduler.schedule, { steps: count, keepEpsilon: true }),
    shape: [batch, ...(shape as number[])],
    x: (noise.data as Float32Array).subarray(0, batch * size),
    clip: scheduler.clip ?? false,
  });
  const { live } = backend.memory();
  await backend.close();
  return { x: Array.from(x), live, uncaptured };
}
