/*
 * How the weights of a training move: its optimizer, its learning rate at each step, and the average
 * that is kept of them. A setting with its default value is left out of the record, so that a folder
 * of an older version is continued.
 */
import { adam, adamw, cosineDecay, linearDecay, lion, type Optimizer, sgd } from "@gen/nn";
import { usageError } from "./errors.ts";
import type { optimizerNames } from "./names.ts";

/** How the learning rate falls: `step:EVERY:FACTOR` multiplies it by FACTOR each EVERY steps. */
export type RateDecay = "cosine" | "linear" | "constant" | `step:${number}:${number}`;

/** Settings of the optimizer, its rate and the average. */
export interface RateSettings {
  /** Steps in all. */
  readonly steps: number;
  /** The peak of the learning rate. */
  readonly learningRate: number;
  /** @defaultValue adam */
  readonly optimizer?: (typeof optimizerNames)[number];
  /** @defaultValue 0.01 for adamw, otherwise 0 */
  readonly weightDecay?: number;
  /** The momentum of SGD. @defaultValue 0.9 */
  readonly momentum?: number;
  /** @defaultValue cosine */
  readonly rateDecay?: RateDecay;
  /** First steps, in which the rate rises. @defaultValue see {@link warmUpOf} */
  readonly warmUp?: number;
  /** The decay of the average of the weights; 0 keeps none. @defaultValue 0.999 */
  readonly ema?: number;
}

/** The decay of the average where a training does not say. */
export const averaging = 0.999;

/** The flags of a training that decide these settings. */
export type RateFlags = Omit<RateSettings, "steps" | "learningRate">;

/** The settings that the flags change. @throws GenError `usage` when flags do not fit each other. */
export function rateSettings(flags: RateFlags): RateFlags {
  const { optimizer = "adam", rateDecay = "cosine", weightDecay, momentum, warmUp, ema } = flags;
  if (momentum !== undefined && optimizer !== "sgd")
    throw usageError(`--momentum ${momentum} is for --optimizer sgd, got ${optimizer}`);
  return {
    ...(optimizer !== "adam" && { optimizer }),
    ...(weightDecay !== undefined && { weightDecay }),
    ...(momentum !== undefined && { momentum }),
    ...(rateDecay !== "cosine" && { rateDecay }),
    ...(warmUp !== undefined && { warmUp }),
    ...(ema !== undefined && ema !== averaging && { ema }),
  };
}

/** The peak rate where none is given: Lion's steps are larger than Adam's, SGD's are smaller. */
export const defaultRate = (arePoints: boolean, optimizer: RateFlags["optimizer"]): number =>
  (arePoints ? 2e-3 : 1e-3) * (optimizer === "lion" ? 0.1 : optimizer === "sgd" ? 10 : 1);

/** Whether the rate at a step does not depend on the number of steps, so that more steps extend it. */
export const isOpenEnded = ({ rateDecay = "cosine" }: Pick<RateSettings, "rateDecay">): boolean =>
  rateDecay !== "cosine" && rateDecay !== "linear";

/** The first steps, in which the rate rises from nearly 0. An open-ended rate begins at its peak. */
function warmUpOf(settings: RateSettings): number {
  const { warmUp, steps } = settings;
  return warmUp ?? (isOpenEnded(settings) ? 0 : Math.min(200, Math.ceil(steps / 10)));
}

/** The learning rate at each step, from 0. Cosine and linear end at a twentieth of the peak. */
export function learningRateOf(settings: RateSettings): (step: number) => number {
  const { learningRate: peak, steps, rateDecay = "cosine" } = settings;
  const warmUp = warmUpOf(settings);
  if (rateDecay === "cosine") return cosineDecay({ peak, steps, warmUp, floor: peak / 20 });
  if (rateDecay === "linear") return linearDecay({ peak, steps, warmUp, floor: peak / 20 });
  const constant = linearDecay({ peak, steps, warmUp, floor: peak });
  if (rateDecay === "constant") return constant;
  const [every, factor] = rateDecay.split(":").slice(1).map(Number);
  return (step) => constant(step) * factor ** Math.floor(step / every);
}

/** The optimizer of a training. */
export function optimizerOf(settings: RateSettings): Optimizer {
  const { optimizer = "adam", weightDecay, momentum = 0.9 } = settings;
  const learningRate = learningRateOf(settings);
  if (optimizer === "sgd") return sgd({ learningRate, momentum, weightDecay });
  return { adam, adamw, lion }[optimizer]({ learningRate, weightDecay });
}
