import { ddimSteps } from "@gen/ddim";
import { mlp } from "@gen/nn";
import { denoiser, type Progress, sampler } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { gpuTraffic, holdReadBacks } from "../../../../../tooling/browser/gpu-traffic.ts";
import { openHere } from "./open-here.ts";

const model = denoiser(mlp({ inputs: 2, hidden: [16], time: { features: 8 }, seed: 5 }));
const steps = ddimSteps(linearSchedule({ steps: 100 }), { steps: 12 });
const last = steps.length - 1;

/**
 * Requests a preview every `every` steps and awaits none, on a GPU whose reads end only after the
 * last step. Returns the number of earlier previews, the distance of their values from those of a
 * loop that awaits each, and the counts of reads, GPU buffers and live tensors.
 */
export async function previews(name: string, every: number) {
  const backend = await openHere(name);
  const ready = sampler({ backend, denoiser: model });
  const run = async (onStep?: (progress: Progress) => unknown) => {
    const before = gpuTraffic.readBacks;
    let buffers = 0;
    await ready.sample({
      steps,
      shape: [2, 2],
      seed: 3,
      onStep: async (progress) => {
        await onStep?.(progress);
        buffers = Math.max(buffers, gpuTraffic.buffers);
      },
    });
    return { readings: gpuTraffic.readBacks - before, buffers };
  };
  const isRequested = ({ step }: Progress) => step % every === 0;

  const without = await run();
  const wanted: ArrayLike<number>[] = [];
  await run(async (progress) => {
    if (isRequested(progress)) wanted.push(await progress.x0());
  });

  let release = (_: unknown): void => {};
  holdReadBacks(
    new Promise((resolve) => {
      release = resolve;
    }),
  );
  const got: Promise<ArrayLike<number>>[] = [];
  let arrived = 0;
  let early = 0;
  const delayed = await run((progress) => {
    if (isRequested(progress)) {
      const reading = progress.x0();
      reading.then(() => arrived++);
      got.push(reading);
    }
    if (progress.step < last) return;
    early = arrived;
    release(undefined);
  });
  const errors = (await Promise.all(got)).flatMap((values, i) =>
    Array.from(values, (v, k) => Math.abs(v - wanted[i][k])),
  );
  await ready.dispose();
  const { live } = backend.memory();
  await backend.close();
  return { without, delayed, requested: got.length, early, error: Math.max(...errors), live };
}
