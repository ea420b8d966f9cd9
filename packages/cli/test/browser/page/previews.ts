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
 * A loop that asks for a preview every `every` steps and awaits none, on a GPU whose readings end only after
 * the last step: how many came before that, how far the values are from those of a loop that awaits each,
 * and what was read, made on the GPU and left alive.
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
  const asked = ({ step }: Progress) => step % every === 0;

  const unasked = await run();
  const wanted: ArrayLike<number>[] = [];
  await run(async (progress) => {
    if (asked(progress)) wanted.push(await progress.x0());
  });

  let letGo = (_: unknown): void => {};
  holdReadBacks(
    new Promise((resolve) => {
      letGo = resolve;
    }),
  );
  const got: Promise<ArrayLike<number>>[] = [];
  let arrived = 0;
  let early = 0;
  const held = await run((progress) => {
    if (asked(progress)) {
      const reading = progress.x0();
      reading.then(() => arrived++);
      got.push(reading);
    }
    if (progress.step < last) return;
    early = arrived;
    letGo(undefined);
  });
  const errors = (await Promise.all(got)).flatMap((values, i) =>
    Array.from(values, (v, k) => Math.abs(v - wanted[i][k])),
  );
  await ready.dispose();
  const { live } = backend.memory();
  await backend.close();
  return { unasked, held, asked: got.length, early, error: Math.max(...errors), live };
}
