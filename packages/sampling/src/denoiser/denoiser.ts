import { concat, type Expr, type Parameter, type Signature, shapeText, slice } from "@gen/graph";
import type { FloatArray, PredictionType } from "@gen/math";
import { type Conditions, inOrder } from "./conditions.ts";

/**
 * A network that estimates the clean sample, the noise or the velocity from a noisy sample.
 *
 * `apply` takes x `[batch, ...]` float32 and t `[batch]` int64 (0-based) and gives what it
 * `predicts`, in the shape of x, or with twice the channels (axis 1) where it also gives a learned
 * variance. `condition` is whatever the network was trained with, by the names of its arguments.
 */
export interface Denoiser {
  readonly predicts: PredictionType;
  apply(x: Expr, t: Expr, condition?: Conditions<Expr>): Expr;
  readonly parameters: readonly Parameter[];
  /** What each condition looks like, where known: labels `[batch]` int64, or features `[batch, ...]`. */
  readonly condition?: Conditions<Signature>;
  /** Whether one time step serves the whole batch, as in some exported models: these sample, but cannot be trained. */
  readonly sharedTime?: boolean;
  /** Guidance in the mean form: each step adds its variance times this, in the shape of x. */
  gradient?(x: Expr, t: Expr, condition?: Conditions<Expr>): Expr;
}

/**
 * A denoiser as an ordinary function of numbers: x is `[batch, ...]` row-major, t is 0-based; the
 * output is as large as x, or twice as large where channels (axis 1) of a learned variance follow.
 * It runs in float64 on the host, with no backend.
 */
export interface DenoiserFunction {
  (x: FloatArray, t: number): FloatArray | Promise<FloatArray>;
  /** Guidance in the mean form: each step adds its variance times this, as large as x. */
  readonly gradient?: (x: FloatArray, t: number) => FloatArray | Promise<FloatArray>;
}

/** What `denoiser` takes: a network of (x, t) and any conditions. */
export interface DenoisingNetwork {
  apply(...inputs: Expr[]): Expr;
  readonly parameters: readonly Parameter[];
  /** Its arguments in order, where known. */
  readonly signature?: Readonly<Record<string, Signature>>;
}

/**
 * A network of (x, t) together with what it predicts. What its signature names after x and t are
 * conditions, given as `{ name: value }`.
 *
 * @throws RangeError when `predicts` is not epsilon, x0, v or flow; on use, when a condition is
 * missing or unknown, or the network's output has neither the shape of x nor twice its channels.
 */
export function denoiser(
  network: DenoisingNetwork,
  predicts: PredictionType = "epsilon",
): Denoiser {
  requirePrediction(predicts);
  const [, time, ...others] = Object.entries(network.signature ?? {});
  const names = network.signature && others.map(([name]) => name);
  return {
    predicts,
    parameters: network.parameters,
    ...(others.length > 0 && { condition: Object.fromEntries(others) }),
    ...(isShared(time?.[1]) && { sharedTime: true }),
    apply(x, t, condition) {
      const output = network.apply(x, t, ...inOrder(condition, names));
      if (fits(output, x) || fits(output, x, 2)) return output;
      throw new RangeError(
        `a denoiser's output must have the shape of x, ${shapeText(x.shape)}, got ${shapeText(output.shape)}`,
      );
    },
  };
}

/**
 * A denoiser's output `[batch, channels, ...]` in two: what it predicts, and the raw numbers of a
 * learned variance, where there are twice as many channels as in x.
 *
 * @throws RangeError when the output has neither the shape of x nor twice its channels.
 */
export function splitVariance(output: Expr, x: Expr): { prediction: Expr; variance?: Expr } {
  if (fits(output, x)) return { prediction: output };
  if (!fits(output, x, 2)) {
    throw new RangeError(
      `a denoiser's output must have the shape of x, ${shapeText(x.shape)}, or twice its channels, got ${shapeText(output.shape)}`,
    );
  }
  const channels = x.shape[1] as number;
  return {
    prediction: slice(output, 1, 0, channels),
    variance: slice(output, 1, channels, 2 * channels),
  };
}

/** A denoiser's output with another prediction and the same variance, where it holds one. */
export function changePrediction(output: Expr, x: Expr, change: (prediction: Expr) => Expr): Expr {
  const { prediction, variance } = splitVariance(output, x);
  const changed = change(prediction);
  return variance ? concat([changed, variance], 1) : changed;
}

/** Whether an output has the shape of x, but for `times` the channels. */
function fits({ shape }: Expr, x: Expr, times = 1): boolean {
  return (
    shape.length === x.shape.length &&
    (times === 1 || typeof x.shape[1] === "number") &&
    shape.every((d, i) => d === (i === 1 && times > 1 ? times * Number(x.shape[1]) : x.shape[i]))
  );
}

/** @throws RangeError unless `type` is a prediction type. */
function requirePrediction(type: PredictionType): void {
  if (type !== "epsilon" && type !== "x0" && type !== "v" && type !== "flow") {
    throw new RangeError(`predicts must be epsilon, x0, v or flow, got ${String(type)}`);
  }
}

const isShared = (time: Signature | undefined): boolean =>
  time !== undefined && (time.shape.length === 0 || time.shape[0] === 1);
