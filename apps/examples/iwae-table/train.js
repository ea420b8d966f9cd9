import { readFile, rename, writeFile } from "node:fs/promises";
import { readSafetensors, writeSafetensors } from "@gen/data";
import { normalNoise } from "@gen/math";
import {
  adam,
  cosineDecay,
  stateFromTensors,
  stateTensors,
  train,
  weightsOf,
  withWeights,
} from "@gen/nn";
import { iwaeLoss, mlpVae } from "@gen/vae";
import { binarizedBatch } from "./mnist.js";

const BATCH = 100;
const LATENT = 50;

/** A model whose bound of k draws was maximized; from `file` as far as it was trained before. */
export async function trained({ backend, images, k, epochs, file, signal }) {
  const model = withMeanPixels(
    mlpVae({ shape: [784], hidden: [200, 200], latent: LATENT, activation: "tanh" }),
    images,
  );
  const perEpoch = Math.floor(images.length / BATCH);
  const steps = epochs * perEpoch;
  const { resume, curve } = await saved(file, { k, epochs });
  const signature = {
    x: { shape: [BATCH, 784] },
    epsilon: { shape: [BATCH, k, LATENT] },
  };
  function* batches(first) {
    for (let step = first; ; step++) {
      const noise = { seed: 0, purpose: "posterior", step, batch: BATCH, size: k * LATENT };
      yield {
        x: { data: binarizedBatch(images, step, BATCH), shape: signature.x.shape },
        epsilon: { data: normalNoise(noise), shape: signature.epsilon.shape },
      };
    }
  }
  const { seconds = 0, cpu: before = 0 } = curve.at(-1) ?? {};
  const spent = { seconds, cpu: before };
  let [since, cpu, lastSave] = [performance.now(), process.cpuUsage(), performance.now()];
  let [sum, count] = [0, 0];
  const save = async (state) => {
    const metadata = { step: String(state.step), k: String(k), epochs: String(epochs) };
    const all = { ...metadata, curve: JSON.stringify(curve) };
    await writeFile(`${file}.part`, writeSafetensors(stateTensors(state), all));
    await rename(`${file}.part`, file);
  };
  const { weights, training } = await train({
    backend,
    signature,
    parameters: model.parameters,
    loss: iwaeLoss(model),
    optimizer: adam({ learningRate: cosineDecay({ peak: 2e-3, steps }), epsilon: 1e-4 }),
    batches: batches(resume?.step ?? 0),
    steps,
    resume,
    signal,
    logEvery: 10,
    async onStep({ step, losses, secondsLeft, checkpoint }) {
      sum += losses.bound;
      count++;
      if (step % perEpoch > 0) return;
      const used = process.cpuUsage(cpu);
      spent.seconds += (performance.now() - since) / 1000;
      spent.cpu += (used.user + used.system) / 1e6;
      [since, cpu] = [performance.now(), process.cpuUsage()];
      const epoch = step / perEpoch;
      curve.push({ epoch, bound: sum / count, ...spent });
      [sum, count] = [0, 0];
      console.log(
        `k ${k}: epoch ${epoch} of ${epochs}, bound ${curve.at(-1).bound.toFixed(2)} (${Math.ceil(secondsLeft / 60)} min left)`,
      );
      if (performance.now() - lastSave < 60_000 && step < steps) return;
      lastSave = performance.now();
      await save(await checkpoint());
    },
  });
  if (training.aborted) await save(training.state);
  return { model: withWeights(model, weights), curve, aborted: training.aborted };
}

/**
 * The model whose decoder begins with the mean pixels, as the paper's code does: their log odds are
 * its last bias, within [0.001, 0.999] of white.
 */
function withMeanPixels(model, { data, length }) {
  const mean = new Float64Array(784);
  for (const [i, level] of data.entries()) mean[i % 784] += level / 255 / length;
  const bias = Float32Array.from(mean, (share) => {
    const inside = Math.min(0.999, Math.max(0.001, share));
    return Math.log(inside / (1 - inside));
  });
  const weights = weightsOf(model);
  const [name] = Object.keys(weights).filter((each) => weights[each].shape.join() === "784");
  return withWeights(model, { ...weights, [name]: { ...weights[name], data: bias } });
}

/** The state in a file, with its curve; nothing where there is no file. */
async function saved(file, settings) {
  const bytes = await readFile(file).catch(() => undefined);
  if (!bytes) return { resume: undefined, curve: [] };
  const { tensors, metadata } = readSafetensors(bytes);
  for (const [name, value] of Object.entries(settings)) {
    if (metadata[name] === String(value)) continue;
    throw new Error(`${file} was trained with ${name} ${metadata[name]}, not ${value}`);
  }
  return {
    resume: stateFromTensors(Number(metadata.step), tensors),
    curve: JSON.parse(metadata.curve),
  };
}
