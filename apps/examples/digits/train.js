import { readFile, rename, writeFile } from "node:fs/promises";
import { readSafetensors, writeSafetensors } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { cosineDecay, stateFromTensors, stateTensors } from "@gen/nn";
import { cosineSchedule } from "@gen/schedules";

/** Trains a recipe's network, from `file` on if there is one; without a pipeline when stopped. */
export async function trained({ backend, recipe, dataset, steps, file, signal }) {
  const bytes = await readFile(file).catch(() => undefined);
  const { tensors, metadata } = bytes ? readSafetensors(bytes) : {};
  if (metadata && metadata.steps !== String(steps)) {
    throw new Error(`${file} is of a training of ${metadata.steps} steps, not ${steps}`);
  }
  const before = Number(metadata?.cpu ?? 0);
  const began = process.cpuUsage();
  const cpu = () => {
    const { user, system } = process.cpuUsage(began);
    return before + (user + system) / 1e6;
  };
  const save = async (state) => {
    const all = { step: String(state.step), steps: String(steps), cpu: String(cpu()) };
    await writeFile(`${file}.part`, writeSafetensors(stateTensors(state), all));
    await rename(`${file}.part`, file);
  };
  let last = performance.now();
  const { pipeline, training } = await trainDdpm({
    backend,
    dataset,
    network: recipe.network(),
    predicts: "v",
    schedule: cosineSchedule(),
    conditionDropout: 0.12,
    batchSize: recipe.batchSize,
    learningRate: cosineDecay({ peak: recipe.learningRate, steps, warmUp: 100 }),
    steps,
    ema: 0.995,
    clipNorm: 1,
    seed: 0,
    resume: tensors && stateFromTensors(Number(metadata.step), tensors),
    signal,
    logEvery: 50,
    async onStep({ step, losses, secondsLeft, checkpoint }) {
      const left = Math.ceil(secondsLeft / 60);
      console.log(`step ${step} of ${steps}, loss ${losses.loss.toFixed(4)} (${left} min left)`);
      if (performance.now() - last < 30_000 && step < steps) return;
      last = performance.now();
      await save(await checkpoint());
    },
  });
  if (training.aborted) await save(training.state);
  return { pipeline: training.aborted ? undefined : pipeline, cpu: cpu() };
}
