/*
 * The loss on a held-out share of the data. Items, time steps and noise are the same at each reading,
 * so that two readings differ by the model alone. The weights are inputs of one program, which is
 * compiled at the first reading.
 */
import { batches, type Dataset, pickItems } from "@gen/data";
import { ddpmLoss, edmLoss } from "@gen/ddpm";
import { type Expr, type Signature, trace } from "@gen/graph";
import { normalNoise } from "@gen/math";
import { type BatchInput, type Weighted, weightInputs, weightsOf } from "@gen/nn";
import { type Backend, callProgram, type Program } from "@gen/runtime-gpu";
import { conditionInputs, conditionOf, type Denoiser } from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";
import { type latentDataset, type Vae, vaeLoss } from "@gen/vae";

const most = 1000;
const golden = (Math.sqrt(5) - 1) / 2;

/** At most 1,000 items of a dataset, evenly spaced over it. */
export function heldOutItems(dataset: Dataset): Dataset {
  const { length } = dataset;
  if (length <= most) return dataset;
  const places = Array.from({ length: most }, (_, i) => Math.floor((i * length) / most));
  return pickItems(dataset, places);
}

/** What is measured of a model on batches of held-out items. */
interface HeldOut<Model> {
  readonly backend: Backend;
  readonly dataset: Dataset;
  /** Items in a batch. The rest of the items, fewer than a batch, is left out. */
  readonly batchSize: number;
  /** How the batches' items are scaled, as the training's are. */
  readonly scale: "signed" | "unit" | "none";
  /** The inputs of a batch beside its items, by name, with a label where the model is told one. */
  readonly signature: Readonly<Record<string, Signature>>;
  /** The numbers of these inputs for batch k. */
  inputs(k: number, labels: ArrayLike<number> | undefined): Record<string, BatchInput>;
  /** The numbers that are measured, means over a batch. The items are the input `x`. */
  losses(model: Model, inputs: Record<string, Expr>): Record<string, Expr>;
}

/** Measures models that differ by their weights alone: the means over the batches, by name. */
function heldOutMeasure<Model extends Weighted>(
  held: HeldOut<Model>,
): (model: Model) => Promise<Record<string, number>> {
  const { backend, dataset, batchSize, scale } = held;
  let compiled: Promise<{ program: Program<unknown>; inputsOf: InputsOf }> | undefined;
  const compile = async (model: Model) => {
    const { signature: weights, withInputs, inputsOf } = weightInputs(model);
    const x = { shape: [batchSize, ...dataset.shape] };
    const graph = trace((inputs: Record<string, Expr>) => held.losses(withInputs(inputs), inputs), {
      x,
      ...held.signature,
      ...weights,
    });
    return { program: await backend.compile(graph), inputsOf };
  };
  return async (model) => {
    compiled ??= compile(model);
    const { program, inputsOf } = await compiled;
    const weights = inputsOf(weightsOf(model));
    const count = Math.floor(dataset.length / batchSize);
    const source = batches(dataset, { batchSize, seed: 0, scale });
    const totals: Record<string, number> = {};
    for (let k = 0; k < count; k++) {
      const { x, shape, labels } = source.next().value;
      const given = { x: { data: x, shape }, ...held.inputs(k, labels), ...weights };
      const found = await callProgram(backend, program, given);
      for (const [name, [value]] of Object.entries(found))
        totals[name] = (totals[name] ?? 0) + value / count;
    }
    return totals;
  };
}

type InputsOf = ReturnType<typeof weightInputs>["inputsOf"];

/** The items of a batch, so that as many batches as are needed leave out less than one each. */
const batchOf = ({ length }: Dataset, most: number) =>
  Math.floor(length / Math.ceil(length / most));

const labelsIn = (labels: ArrayLike<number> | undefined, shape: readonly number[]): BatchInput => ({
  data: Array.from(labels as ArrayLike<number>),
  shape,
  dtype: "int64",
});

/** Measures the negative evidence lower bound of a VAE in nats for each item. */
export function vaeHeldOut(backend: Backend, model: Vae, dataset: Dataset, seed: number) {
  const batchSize = batchOf(dataset, 250);
  const size = model.latent.reduce((a, b) => a * b, 1);
  const shape = [batchSize, ...model.latent];
  const label = { shape: [batchSize], dtype: "int64" as const };
  const isTold = model.classes !== undefined;
  const measure = heldOutMeasure<Vae>({
    ...{ backend, dataset, batchSize, scale: "unit" },
    signature: { epsilon: { shape }, ...(isTold && { condition: label }) },
    inputs(step, labels) {
      const noise = { seed, purpose: "elbo noise", batch: batchSize, step, size };
      const epsilon = { data: normalNoise(noise), shape };
      return { epsilon, ...(isTold && { condition: labelsIn(labels, [batchSize]) }) };
    },
    losses(open, { x, epsilon, condition }) {
      return { loss: vaeLoss(open)({ x, epsilon, condition }).loss };
    },
  });
  return async (vae: Vae) => (await measure(vae)).loss;
}

type NoisyInputs = Parameters<ReturnType<typeof ddpmLoss>>[0] &
  Parameters<ReturnType<typeof edmLoss>>[0];

/** The noise levels of a training: those of a schedule, EDM's, or none. */
type Levels = { readonly schedule: NoiseSchedule } | { readonly dataDeviation: number } | undefined;

/** Measures a loss over time steps that are spread evenly, or over EDM's own levels. */
export function noisyHeldOut<Model extends Weighted>(
  options: {
    readonly backend: Backend;
    readonly dataset: Dataset;
    readonly levels: Levels;
    readonly most: number;
    /** The input that labels are. @defaultValue none */
    readonly label?: string;
  },
  losses: (model: Model, inputs: NoisyInputs, all: Record<string, Expr>) => Record<string, Expr>,
) {
  const { backend, dataset, levels, label } = options;
  const batchSize = batchOf(dataset, options.most);
  const shape = [batchSize, ...dataset.shape];
  const size = dataset.shape.reduce((a, b) => a * b, 1);
  const whole = { shape: [batchSize], dtype: "int64" as const };
  const isEdm = levels && "dataDeviation" in levels;
  return heldOutMeasure<Model>({
    ...{ backend, dataset, batchSize, scale: dataset.range ? "signed" : "none" },
    signature: {
      ...(levels && { epsilon: { shape } }),
      ...(levels && (isEdm ? { sigma: { shape: [batchSize] } } : { t: whole })),
      ...(label && { [label]: whole }),
    },
    inputs(step, labels) {
      const key = { seed: 0, batch: batchSize, step };
      const given: Record<string, BatchInput> = {};
      if (label) given[label] = labelsIn(labels, [batchSize]);
      if (!levels) return given;
      const data = normalNoise({ ...key, purpose: "held-out noise", size });
      given.epsilon = { data, shape };
      if ("schedule" in levels)
        given.t = { ...whole, data: spreadSteps(levels.schedule.length, step, batchSize) };
      else given.sigma = { data: sigmasOf(levels.dataDeviation, key), shape: [batchSize] };
      return given;
    },
    losses(open, { x, t, sigma, epsilon, ...others }) {
      const inputs = { x0: x, t, sigma, epsilon, condition: conditionOf(others) };
      return losses(open, inputs, others);
    },
  });
}

/** Measures a denoiser's simple loss, or EDM's. */
export function ddpmHeldOut(
  options: { readonly backend: Backend; readonly denoiser: Denoiser; readonly dataset: Dataset },
  levels: NonNullable<Levels>,
  most: number,
) {
  // The command's networks take one condition, the class.
  const label = Object.keys(conditionInputs(options.denoiser.condition)).at(0);
  const measure = noisyHeldOut<Denoiser>({ ...options, levels, most, label }, (open, inputs) => ({
    loss:
      "schedule" in levels
        ? ddpmLoss(open, levels.schedule)(inputs)
        : edmLoss(open, levels)(inputs),
  }));
  return async (denoiser: Denoiser) => (await measure(denoiser)).loss;
}

/** Time steps that batch after batch fill the schedule evenly. */
const spreadSteps = (length: number, k: number, batch: number) =>
  Array.from({ length: batch }, (_, i) => Math.floor((((k * batch + i) * golden) % 1) * length));

/** EDM's noise levels, the same at each reading. */
const sigmasOf = (dataDeviation: number, key: { seed: number; batch: number; step: number }) =>
  Float32Array.from(
    normalNoise({ ...key, purpose: "held-out levels", size: 1 }),
    (z) => 2 * dataDeviation * Math.exp(1.2 * (z - 1)),
  );

type LatentDataset = Awaited<ReturnType<typeof latentDataset>>;

/** Latents of other items on the scale of a training's latents. */
export function onScaleOf(
  like: Pick<LatentDataset, "mean" | "std">,
  { dataset, mean, std }: LatentDataset,
): Dataset {
  const run = dataset.shape.slice(1).reduce((a, b) => a * b, 1);
  const data = Float32Array.from(dataset.data, (value, i) => {
    const group = Math.floor(i / run) % dataset.shape[0];
    return (value * std[group] + mean[group] - like.mean[group]) / like.std[group];
  });
  return { ...dataset, data };
}
