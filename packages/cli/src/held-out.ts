/*
 * The loss on a held-out share of the data. Items, time steps and noise are the same at each reading,
 * so that two readings differ by the model alone.
 */
import { batches, type Dataset } from "@gen/data";
import { ddpmLoss } from "@gen/ddpm";
import { type Expr, type Signature, trace } from "@gen/graph";
import { normalNoise } from "@gen/math";
import { type Backend, callProgram } from "@gen/runtime-gpu";
import { conditionInputs, conditionOf, type Denoiser } from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";
import { elbo, type latentDataset, type Vae } from "@gen/vae";
import { pickItems } from "./pick-items.ts";

const most = 1000;
const golden = (Math.sqrt(5) - 1) / 2;

/** At most 1,000 items of a dataset, evenly spaced over it. */
export function heldOutItems(dataset: Dataset): Dataset {
  const { length } = dataset;
  if (length <= most) return dataset;
  const places = Array.from({ length: most }, (_, i) => Math.floor((i * length) / most));
  return pickItems(dataset, places);
}

/** The negative evidence lower bound of a VAE in nats for each item. */
export const vaeHeldOut = async (backend: Backend, model: Vae, dataset: Dataset, seed: number) =>
  -(await elbo({ backend, model, dataset, seed })).elbo;

/** A denoiser's simple loss, over time steps that are spread evenly. */
export async function ddpmHeldOut(
  options: { readonly backend: Backend; readonly denoiser: Denoiser; readonly dataset: Dataset },
  schedule: NoiseSchedule,
  most: number,
): Promise<number> {
  const { backend, denoiser, dataset } = options;
  const batchSize = Math.min(most, dataset.length);
  const count = Math.floor(dataset.length / batchSize);
  const shape = [batchSize, ...dataset.shape];
  const loss = ddpmLoss(denoiser, schedule);
  const signature: Record<string, Signature> = {
    x0: { shape },
    t: { shape: [batchSize], dtype: "int64" },
    epsilon: { shape },
  };
  // The command's networks take one condition, the class.
  const label = Object.keys(conditionInputs(denoiser.condition)).at(0);
  if (label) signature[label] = { shape: [batchSize], dtype: "int64" };
  const program = await backend.compile(
    trace((inputs: Record<string, Expr>) => {
      const { x0, t, epsilon } = inputs;
      return { loss: loss({ x0, t, epsilon, condition: conditionOf(inputs) }) };
    }, signature),
  );
  try {
    const source = batches(dataset, {
      batchSize,
      seed: 0,
      scale: dataset.range ? "signed" : "none",
    });
    const size = shape.slice(1).reduce((a, b) => a * b, 1);
    const times = { shape: [batchSize], dtype: "int64" as const };
    let total = 0;
    for (let k = 0; k < count; k++) {
      const { x, labels } = source.next().value;
      const t = Array.from({ length: batchSize }, (_, i) =>
        Math.floor((((k * batchSize + i) * golden) % 1) * schedule.length),
      );
      const noise = normalNoise({
        seed: 0,
        purpose: "held-out noise",
        batch: batchSize,
        step: k,
        size,
      });
      const given = {
        x0: { data: x, shape },
        t: { ...times, data: t },
        epsilon: { data: noise, shape },
        ...(label && { [label]: { ...times, data: Array.from(labels as Int32Array) } }),
      };
      total += (await callProgram(backend, program, given)).loss[0];
    }
    return total / count;
  } finally {
    await program.dispose();
  }
}

type LatentDataset = Awaited<ReturnType<typeof latentDataset>>;

/** Latents of other items on the scale of a training's latents. */
export function onScaleOf(like: LatentDataset, { dataset, mean, std }: LatentDataset): Dataset {
  const run = dataset.shape.slice(1).reduce((a, b) => a * b, 1);
  const data = Float32Array.from(dataset.data, (value, i) => {
    const group = Math.floor(i / run) % dataset.shape[0];
    return (value * std[group] + mean[group] - like.mean[group]) / like.std[group];
  });
  return { ...dataset, data };
}
