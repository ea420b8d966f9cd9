import {
  concat,
  type Expr,
  isFloat,
  type Parameter,
  type Shape,
  type Signature,
  shapeText,
  slice,
} from "@gen/graph";
import type { FloatArray, PredictionType } from "@gen/math";
import { ArgumentError, checkArguments, rules } from "@gen/math/arguments";
import { fixedBatch, repeatRow, runInParts } from "./batch.ts";
import { type Conditions, inOrder } from "./conditions.ts";

/**
 * A network that estimates the clean sample, the noise or the velocity from a noisy sample.
 *
 * `apply` takes x `[batch, ...]` float32 and t `[batch]` int64 (0-based). It returns what it
 * `predicts`, in the shape of x, or with twice the channels (axis 1) if it has a learned variance
 * too. `condition` holds the network's other arguments by name.
 */
export interface Denoiser {
  /** What the network estimates: epsilon, x0, v or flow. */
  readonly predicts: PredictionType;
  /**
   * The network's output, in the shape of x, or with twice its channels.
   *
   * @param x The noisy samples, `[batch, ...]` float32.
   * @param t The samples' time steps, `[batch]` int64, 0-based.
   * @param condition The other arguments by name, `[batch, ...]` or `[1, ...]`.
   */
  apply(x: Expr, t: Expr, condition?: Conditions<Expr>): Expr;
  /** The network's weights. */
  readonly parameters: readonly Parameter[];
  /** The conditions, if known: labels `[batch]` int64, or features `[batch, ...]`. */
  readonly condition?: Conditions<Signature>;
  /** The number of classes of a condition that is a label, if known. */
  readonly classes?: number;
  /**
   * Whether one time step serves the whole batch, as in some exported models. Such a denoiser can
   * be sampled but not trained.
   */
  readonly sharedTime?: boolean;
  /** Whether the network takes t as a float, and so times between two steps. */
  readonly fractionalTime?: boolean;
  /** Samples in one run of a network whose file fixes its batch. Any batch runs in such parts. */
  readonly batch?: number;
  /**
   * Guidance in the mean form: each step adds its variance times this, in the shape of x.
   *
   * @param x The noisy samples, `[batch, ...]`.
   * @param t The samples' time steps, `[batch]`.
   * @param condition The conditions by name, as in `apply`.
   */
  gradient?(x: Expr, t: Expr, condition?: Conditions<Expr>): Expr;
}

/**
 * A denoiser as a function of numbers: x is `[batch, ...]` row-major, t is 0-based. The output is
 * as large as x, or twice as large if channels (axis 1) of a learned variance follow. It runs in
 * float64 on the host, without a backend, and may overwrite its x, which is a copy.
 */
export interface DenoiserFunction {
  /**
   * What the denoiser predicts for x at t, as large as x or twice as large.
   *
   * @param x The noisy samples, `[batch, ...]` row-major.
   * @param t The time step of all samples, 0-based.
   */
  (x: FloatArray, t: number): FloatArray | Promise<FloatArray>;
  /** Guidance in the mean form: each step adds its variance times this, as large as x. */
  readonly gradient?: (x: FloatArray, t: number) => FloatArray | Promise<FloatArray>;
}

/** A network of (x, t) and any conditions. */
export interface DenoisingNetwork {
  /**
   * The network's output for x, t and the conditions in order.
   *
   * @param inputs x `[batch, ...]`, t `[batch]`, then the conditions.
   */
  apply(...inputs: Expr[]): Expr;
  /** The network's weights. */
  readonly parameters: readonly Parameter[];
  /** The arguments in order, if known. */
  readonly signature?: Readonly<Record<string, Signature>>;
  /** The number of classes of a condition that is a label, if known. */
  readonly classes?: number;
}

/**
 * A network of (x, t) with its prediction type. The arguments after x and t in its signature are
 * conditions, given as `{ name: value }`. A condition `[1, ...]` serves every sample.
 *
 * @param network A function of (x, t) and conditions, such as `unet` or `mlp` gives.
 * @param predicts What the network estimates. Default: "epsilon".
 * @throws RangeError when `predicts` is not epsilon, x0, v or flow; on use, when a condition is
 * missing or unknown, or the network's output has neither the shape of x nor twice its channels.
 */
export function denoiser(
  network: DenoisingNetwork,
  predicts: PredictionType = "epsilon",
): Denoiser {
  if (Object(network).outputNames) {
    throw new ArgumentError(
      "network must be a function of (x, t), got a model of fromOnnx, which takes its inputs by name: wrap its apply, or load its folder by loadPipeline",
    );
  }
  checkArguments({ network, predicts }, { network: NETWORK, predicts: rules.PREDICTS });
  const [sample, time, ...others] = Object.entries(network.signature ?? {});
  const names = network.signature && others.map(([name]) => name);
  const times = time?.[1].shape;
  const serves = times?.[0] === 1 || times?.length === 0;
  const batches = [sample, ...others].map((input) => input?.[1].shape[0]);
  const batch = fixedBatch(...batches, serves ? undefined : times?.[0]);
  const shared = serves && batch !== 1;
  return {
    predicts,
    parameters: network.parameters,
    ...(others.length > 0 && { condition: Object.fromEntries(others) }),
    ...(network.classes !== undefined && { classes: network.classes }),
    ...(shared && { sharedTime: true }),
    ...(isFloat(time?.[1].dtype ?? "int64") && { fractionalTime: true }),
    ...(batch !== undefined && { batch }),
    apply(x, t, condition) {
      const inputs = [x, t, ...inOrder(condition, names)].map((e) => repeatRow(e, x.shape[0]));
      const output = runInParts(batch, inputs, (...part) => network.apply(...part));
      hasVariance(output, x);
      return output;
    },
  };
}

const NETWORK = rules.having("a network of (x, t), such as unet gives", {
  apply: rules.FUNCTION,
  parameters: rules.LIST,
  signature: rules.optional(rules.OBJECT),
});

/**
 * Splits a denoiser's output `[batch, channels, ...]`: what it predicts, and the raw numbers of a
 * learned variance if there are twice as many channels as in x.
 *
 * @param output The denoiser's output, `[batch, channels, ...]` or with twice the channels.
 * @param x The x that the output is for, `[batch, channels, ...]`.
 * @throws RangeError when the output has neither the shape of x nor twice its channels.
 */
export function splitVariance(
  output: Expr,
  x: Expr,
): {
  /** What the denoiser predicts, in the shape of x. */
  prediction: Expr;
  /** The raw numbers of the learned variance, in the shape of x. */
  variance?: Expr;
} {
  checkArguments({ output, x }, { output: rules.EXPRESSION, x: rules.EXPRESSION });
  if (!hasVariance(output, x)) return { prediction: output };
  const channels = x.shape[1] as number;
  return {
    prediction: slice(output, 1, 0, channels),
    variance: slice(output, 1, channels, 2 * channels),
  };
}

/** Changes the prediction in a denoiser's output and keeps the variance, if there is one. */
export function changePrediction(output: Expr, x: Expr, change: (prediction: Expr) => Expr): Expr {
  const { prediction, variance } = splitVariance(output, x);
  const changed = change(prediction);
  return variance ? concat([changed, variance], 1) : changed;
}

// Whether the output has twice the channels of x; throws when it has another shape than x.
function hasVariance({ shape }: Expr, x: Expr): boolean {
  const has = (wanted: Shape) =>
    shape.length === wanted.length && shape.every((d, i) => d === wanted[i]);
  if (has(x.shape)) return false;
  const [batch, channels, ...rest] = x.shape;
  if (typeof channels === "number" && has([batch, 2 * channels, ...rest])) return true;
  throw new ArgumentError(
    `a denoiser's output must be as x, ${shapeText(x.shape)}, or twice its channels, got ${shapeText(shape)}`,
  );
}
