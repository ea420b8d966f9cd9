/*
 * Where a pipeline's x comes from, batch by batch: a denoiser's samples, or a VAE's prior.
 */
import type { Expr, Tensor } from "@gen/graph";
import { type FloatArray, normalNoise } from "@gen/math";
import { ArgumentError, shown } from "@gen/math/arguments";
import { numpyLinspace } from "@gen/schedules";
import {
  type ConditionOption,
  type Conditions,
  denoiserConditions,
  namedConditions,
  valuesByName,
} from "../denoiser/conditions.ts";
import type { Denoiser } from "../denoiser/denoiser.ts";
import { sizeOf } from "../denoiser/shapes.ts";
import { classifierFree } from "../guidance/classifier-free.ts";
import {
  defaultSampler,
  type SchedulerSteps,
  type SchedulerStepsOptions,
  stepsIn,
} from "../scheduler/scheduler-steps.ts";
import type { GenerateOptions } from "./generate-options.ts";
import type { Latest } from "./latest.ts";
import type { DiffusionPipeline } from "./pipeline.ts";
import type { Progress } from "./sample-options.ts";
import { type Sampler, sampler } from "./sampler.ts";

/** The source of x: a denoiser's samples. */
export function denoised<T>(
  pipeline: DiffusionPipeline,
  options: GenerateOptions<T>,
  kept: Latest<Sampler>,
) {
  const { backend, count = 1, seed, guidance, noise, signal, onStep } = options;
  const { denoiser, shape, classes } = pipeline;
  const table = tableOf(pipeline, options);
  const { guided, key, none } = guide(denoiser, guidance, classes);
  const batch = batchOf(shape, count, guided.batch);
  const { steps, clip, initialScale, draws } = table;
  const drawn = draws && { draws };
  const { stepConditions: at } = options;
  const stepConditions = at && ((row: number) => at(row, steps.length));
  const run = { steps, clip: options.clip ?? clip, initialScale, seed, signal, stepConditions };
  const condition = denoiserConditions(denoiser, options.condition);
  const conditionRows = rowsOf(none ? { ...condition, ...none } : condition, count);
  return {
    steps: steps.length,
    batch,
    async draw(shape: readonly number[], firstIndex: number): Promise<FloatArray> {
      const share = shape[0] / count;
      const done = (step: number) => firstIndex / count + ((step + 1) / steps.length) * share;
      const part = { firstIndex, ...noise?.(shape, { firstIndex, count, ...drawn }) };
      const report = (at: Progress) => onStep?.({ ...at, done: done(at.step), firstIndex });
      const condition = conditionRows(firstIndex, shape[0]);
      const ready = await kept.get(JSON.stringify([shape, batch, key]), async () =>
        sampler({ backend, denoiser: guided }),
      );
      const { x } = await ready.sample({ ...run, ...part, condition, shape, onStep: report });
      return options.finish?.(x, { firstIndex }) ?? x;
    },
  };
}

/** The table of a pipeline's run. */
export function tableOf(
  pipeline: DiffusionPipeline,
  options: SchedulerStepsOptions,
): SchedulerSteps {
  const { denoiser, scheduler, shape } = pipeline;
  const [, height = 1, width = 1] = shape;
  // diffusers' pipelines count patches of 2 x 2 as an image's tokens.
  const table = stepsIn(
    options.compat ? "float32" : "float64",
    { ...scheduler, predictionType: denoiser.predicts },
    { imageLength: (height * width) / 4, ...withSigmas(pipeline, options) },
  );
  if (!options.compat || options.timesteps || !table.sigmas) return table;
  if (table.steps.some(({ predicts }) => predicts !== "flow")) return table;
  // diffusers multiplies sigmas of float32: a network that is told the time feels the difference.
  const { length } = scheduler.schedule;
  const steps = table.steps.map((row) => ({ ...row, t: Math.fround(row.t / length) * length }));
  return { ...table, steps };
}

/** Parts of conditions that have a row for each of `count` samples, or one row for all. */
function rowsOf(conditions: Conditions<Tensor> | undefined, count: number) {
  const entries = Object.entries(conditions ?? {});
  for (const [name, { shape }] of entries) {
    if (shape[0] === count || shape[0] === 1) continue;
    throw new ArgumentError(`condition ${name} must have ${count} rows, as count, got ${shape[0]}`);
  }
  return (first: number, rows: number): Conditions<Tensor> | undefined => {
    const parts = entries.map(([name, value]) => {
      const { data, shape, dtype } = value;
      if (shape[0] === 1) return [name, value];
      const size = data.length / count;
      const part = data.subarray(first * size, (first + rows) * size);
      return [name, { data: part, shape: [rows, ...shape.slice(1)], dtype }];
    });
    return conditions && Object.fromEntries(parts);
  };
}

/** The options with a pipeline's own sigmas, unless they choose time steps or another sampler. */
function withSigmas<O extends SchedulerStepsOptions>(
  { sigmas, scheduler }: Pick<DiffusionPipeline, "sigmas" | "scheduler">,
  options: O,
): O {
  const { sampler, timesteps, spacing, steps = 20 } = options;
  const isOwn = sampler === undefined || sampler === defaultSampler(scheduler);
  if (!sigmas || !isOwn || options.sigmas || timesteps || spacing) return options;
  return { ...options, steps: undefined, sigmas: numpyLinspace(1, 1 / steps, steps) };
}

/**
 * The guided denoiser, what its program depends on, and the values that the run adds to its
 * conditions: tensors without a condition are inputs of the program, which then serves all of them.
 */
function guide(
  denoiser: Denoiser,
  guidance: GenerateOptions["guidance"],
  classes: readonly string[] | undefined,
): { guided: Denoiser; key?: unknown; none?: Conditions<Tensor> } {
  if (guidance === undefined) return { guided: denoiser };
  if (typeof guidance === "number" && !classes) {
    throw new ArgumentError(
      `guidance must be { scale, unconditional } for a pipeline without classes, got ${shown(guidance)}`,
    );
  }
  const options =
    typeof guidance === "number"
      ? { scale: guidance, unconditional: classes?.length ?? 0 }
      : guidance;
  const guided = classifierFree(denoiser, options);
  const { unconditional, second, ...rest } = options;
  const parts = [asInputs(denoiser, unconditional, "unconditional/")];
  if (second) parts.push(asInputs(denoiser, second.unconditional, "second/"));
  const none = Object.assign({}, ...parts.map(({ inputs }) => inputs));
  const apply: Denoiser["apply"] = (x, t, given) => {
    const own = Object.entries(given ?? {}).filter(([name]) => !Object.hasOwn(none, name));
    const condition = own.length > 0 ? Object.fromEntries(own) : undefined;
    const [first, other] = parts.map(({ optionOf }) => optionOf(given ?? {}));
    const ofSecond = second && { second: { ...second, unconditional: other } };
    const all = { ...rest, unconditional: first, ...ofSecond };
    return classifierFree(denoiser, all).apply(x, t, condition);
  };
  const numbers = parts.map(({ numbers }) => numbers);
  const key = [rest, second?.scale, numbers, Object.keys(none)];
  return { guided: { ...guided, apply }, key, none };
}

/** The tensors of an option of guidance as inputs, whose names begin with `prefix`. */
function asInputs(denoiser: Denoiser, option: ConditionOption, prefix: string) {
  const isNumber = (value: unknown) => typeof value === "number";
  const names = Object.keys(denoiser.condition ?? { condition: 0 });
  const values = isNumber(option) ? {} : valuesByName(option, names);
  const part = (wanted: boolean) =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => isNumber(value) === wanted));
  // A number takes the shape of the condition that the call gives.
  const numbers = isNumber(option) ? option : part(true);
  const tensors = Object.entries(namedConditions(part(false), denoiser.condition) ?? {});
  return {
    numbers,
    inputs: Object.fromEntries(tensors.map(([name, value]) => [prefix + name, value])),
    optionOf(given: Conditions<Expr>): ConditionOption {
      if (isNumber(numbers) || tensors.length === 0) return numbers;
      const inputs = tensors.map(([name]) => [name, given[prefix + name]]);
      return { ...(numbers as object), ...Object.fromEntries(inputs) };
    },
  };
}

/** The source of a VAE's latents: standard normal, keyed by the seed and the sample's number. */
export const prior = <T>(
  shape: readonly number[],
  { seed = 0, count = 1 }: GenerateOptions<T>,
) => ({
  steps: 0,
  batch: batchOf(shape, count, undefined),
  async draw([batch]: readonly number[], firstIndex: number): Promise<FloatArray> {
    const indices = Float64Array.from({ length: batch }, (_, i) => firstIndex + i);
    return normalNoise({ seed, purpose: "prior", indices, size: sizeOf(shape) });
  },
});

/**
 * Samples in a batch, `fixed` if the denoiser fixes them. All batches but the last have one size,
 * as each size is compiled anew.
 */
function batchOf(shape: readonly number[], count: number, fixed: number | undefined): number {
  if (fixed !== undefined) return fixed;
  // The numbers of x in a batch of images bound the memory of a UNet.
  const imageNumbers = 2 ** 16;
  const most = shape.length === 1 ? 2048 : Math.min(64, Math.max(1, imageNumbers / sizeOf(shape)));
  return Math.ceil(count / Math.ceil(count / Math.floor(most)));
}
