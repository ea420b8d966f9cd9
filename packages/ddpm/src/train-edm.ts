import { checkOptions, rules } from "@gen/math/arguments";
import { type Network, withWeights } from "@gen/nn";
import { type Denoiser, denoiser, namedConditions } from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";
import { edmLoss } from "./edm-loss.ts";
import { itemConditions } from "./item-conditions.ts";
import {
  classNames,
  conditionRules,
  type TrainDdpmOptions,
  type TrainedDdpm,
  unconditionalOf,
} from "./train-ddpm.ts";
import { noisyRules, type TrainNoisyOptions, trainNoisy } from "./train-noisy.ts";

/** Settings of {@link trainEdm}. */
export interface TrainEdmOptions<T = unknown>
  extends Omit<TrainNoisyOptions<T>, "schedule">,
    Pick<TrainDdpmOptions<T>, "condition" | "conditionDropout" | "unconditional"> {
  /**
   * A network F of (x, t) or (x, t, condition), such as `mlp` with `time`, or `unet`, which is told
   * a float t; or a denoiser to train further. It stays as it is.
   */
  readonly network: Network | Denoiser;
  /** The standard deviation of the data as they are trained on. @defaultValue 0.5 */
  readonly dataDeviation?: number;
  /**
   * The mean of `ln sigma` in training.
   * @defaultValue `-1.2 + ln(2 dataDeviation)`, -1.2 for the paper's data
   */
  readonly logSigmaMean?: number;
  /** The standard deviation of `ln sigma` in training. @defaultValue 1.2 */
  readonly logSigmaDeviation?: number;
}

/**
 * Trains a denoiser by EDM's loss at lognormal noise levels (Karras et al. 2022, section 5 and table
 * 1). The pipeline's scheduler is diffusers' EDMEulerScheduler: Karras's levels from 80 to 0.002.
 *
 * Images with a range are scaled to [-1, 1], where a deviation of 0.5 is usual. The seed and the step
 * alone decide batches, levels and noise.
 *
 * @param options The network, the data and the backend.
 * @throws GenError `not-finite` when the loss is no longer finite; RangeError when an option, the
 * network and the dataset do not fit each other.
 */
export async function trainEdm<T>(options: TrainEdmOptions<T>): Promise<TrainedDdpm> {
  checkOptions(options, {
    ...noisyRules,
    ...conditionRules,
    dataDeviation: rules.optional(rules.POSITIVE_FINITE),
    logSigmaMean: rules.optional(rules.FINITE),
    logSigmaDeviation: rules.optional(rules.POSITIVE_FINITE),
  });
  const { network, dataset, dataDeviation = 0.5, conditionDropout: share = 0 } = options;
  const model = edmDenoiser(network);
  const given = namedConditions(options.condition, model.condition);
  const conditions = itemConditions(model, given, dataset);
  const result = await trainNoisy(options, {
    conditions,
    loss: edmLoss(model, { dataDeviation }),
    length: 1,
    logSigma: {
      mean: options.logSigmaMean ?? -1.2 + Math.log(2 * dataDeviation),
      deviation: options.logSigmaDeviation ?? 1.2,
    },
    dropout: share > 0 ? { share, none: unconditionalOf(conditions, options) } : undefined,
  });
  const trained = withWeights(model, result.ema ?? result.weights);
  const scheduler = readSchedulerConfig({
    _class_name: "EDMEulerScheduler",
    sigma_data: dataDeviation,
  });
  const classes = classNames(trained, dataset);
  const pipeline = { denoiser: trained, scheduler, shape: dataset.shape, classes };
  return { pipeline: { kind: "diffusion", ...pipeline }, ...result };
}

/** A network as a denoiser that is told a float. The scheduler's class makes the clean estimate. */
function edmDenoiser(network: Network | Denoiser): Denoiser {
  const model = "predicts" in network ? network : denoiser(network, "epsilon");
  return { ...model, fractionalTime: true };
}
