/*
 * The arithmetic of one step, for networks (a compiled graph) and functions (float64) alike:
 *
 *   x0 = clip(row["x0.x"] x + row["x0.prediction"] prediction)
 *   x' = row["next.x0"] x0 + row["next.x"] x + row["next.prediction"] prediction
 *      + sum_i row["next.history.i"] past_i + deviation^2 gradient + deviation noise
 *      + row.langevin deviation^2 prediction
 *   kept_i = row["kept.i.x0"] x0 + row["kept.i.x"] x + row["kept.i.prediction"] prediction
 *
 * `coefficients.ts` makes the rows, `network-step.ts` compiles the graph, `loop.ts` runs the program
 * once for each row.
 *
 *   const graph = stepGraph(denoiser, [16, 2], {}, stepForm(steps));
 */

import {
  add,
  div,
  type Expr,
  exp,
  expand,
  type Graph,
  greater,
  maximum,
  mul,
  type Signature,
  sqrt,
  sum,
  type Tensor,
  trace,
  where,
} from "@gen/graph";
import { GenError } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import { conditionOf } from "../denoiser/conditions.ts";
import { type Denoiser, splitVariance } from "../denoiser/denoiser.ts";
import type { LearnedVariance, Step } from "../samplers/step.ts";
import { type Clip, clipBounds, clipTo, type DynamicThreshold, isDynamic } from "./clip.ts";
import { coefficientsOf, columnsOf, keptOf } from "./coefficients.ts";
import { pastInput } from "./loop.ts";

/** The key of a compiled program: the kinds of rows that it takes. */
export interface StepForm {
  /** The most earlier estimates that a row takes. */
  readonly depth: number;
  /** The meaning of the denoiser's extra channels, for a learned variance. */
  readonly variance?: LearnedVariance["of"];
  readonly threshold?: Required<DynamicThreshold>;
  /** Whether no row clips x0, which is then folded into x and the prediction. */
  readonly unclipped?: boolean;
  /** How much the rows keep for later ones; 0 where it is their x0 alone. */
  readonly keeps?: number;
  /** Whether a row's time step is not a whole number. */
  readonly fractional?: boolean;
  /** Whether a row is a step of Langevin dynamics. */
  readonly langevin?: boolean;
}

/**
 * The form of a table's steps.
 *
 * @throws RangeError when there is no row, the denoiser predicts something else, a row takes more
 * estimates than there are earlier rows, the rows read the variance in different ways, or the clip
 * is not as described.
 */
export function stepForm(
  steps: readonly Step[],
  clip: Clip = false,
  { predicts }: Partial<Pick<Denoiser, "predicts">> = {},
): StepForm {
  if (!(steps?.length > 0)) throw new ArgumentError("steps must have a row, got none");
  if (predicts && steps[0].predicts !== predicts) {
    throw new ArgumentError(
      `steps must be made for a denoiser that predicts ${predicts}, got ${steps[0].predicts}`,
    );
  }
  let [known, depth, keeps] = [0, 0, 0];
  for (const [row, step] of steps.entries()) {
    const past = step.next.history?.length ?? 0;
    if (past > known) {
      throw new ArgumentError(
        `steps must not take more estimates than earlier rows, got ${past} in row ${row}: make it from the shorter path`,
      );
    }
    const own = keptOf(step).length;
    known += own;
    depth = Math.max(depth, past);
    if (step.keeps) keeps = Math.max(keeps, own);
  }
  const [variance, other] = new Set(steps.flatMap((step) => step.variance?.of ?? []));
  if (other) {
    throw new ArgumentError("steps must read the variance in one way, got two");
  }
  clipBounds(clip);
  const threshold = isDynamic(clip) ? { max: 1, ...clip } : undefined;
  const fractional = steps.some(({ t }) => !Number.isInteger(t));
  const langevin = steps.some((step) => step.langevin);
  return { depth, variance, threshold, keeps, fractional, langevin };
}

/**
 * One step of every sampler: the formula above.
 *
 * `inputs` are x `[batch, ...]`, the row's `coefficients`, noise if the row adds noise, and earlier
 * estimates. `output` has twice the channels of x if it has a variance
 * too. The deviation is `row["next.noise"]`, times the root of a learned variance, times the ratio of
 * lengths of Langevin dynamics.
 *
 * @throws GenError `invalid-model` when the variance is learned and the output has none.
 */
export function stepExpr(
  inputs: Readonly<Record<string, Expr>>,
  output: Expr,
  gradient: Expr | undefined,
  { depth, variance: learned, threshold, unclipped, keeps, langevin }: StepForm,
): Record<string, Expr> {
  const { x, noise } = inputs;
  const row = coefficientsOf(inputs.coefficients);
  const { prediction, variance: raw } = splitVariance(output, x);
  const estimate = add(mul(row("x0.x"), x), mul(row("x0.prediction"), prediction));
  const bounds = [row("clip.low"), row("clip.high")] as const;
  const x0 = unclipped ? estimate : clipTo(estimate, bounds, threshold);
  const sumOf = (name: "next" | `kept.${0 | 1}`) => {
    const ofX = mul(row(`${name}.x`), x);
    const ofBoth = unclipped ? ofX : add(mul(row(`${name}.x0`), x0), ofX);
    return add(ofBoth, mul(row(`${name}.prediction`), prediction));
  };
  let mean = sumOf("next");
  for (let i = 0; i < depth; i++) {
    mean = add(mean, mul(row(`next.history.${i}`), inputs[pastInput(i)]));
  }
  let deviation = row("next.noise");
  if (learned) {
    if (!raw) {
      throw new GenError(
        "invalid-model",
        "a denoiser must give twice the channels of x for a learned variance",
      );
    }
    const value = add(mul(row("variance.slope"), raw), row("variance.offset"));
    const root = learned === "logVariance" ? exp(mul(value, 0.5)) : sqrt(maximum(value, 0));
    deviation = mul(deviation, root);
  }
  if (langevin && noise) {
    const share = row("langevin");
    const ratio = div(lengths(noise), lengths(prediction));
    deviation = mul(deviation, where(greater(share, 0), ratio, 1));
    mean = add(mean, mul(mul(mul(deviation, deviation), share), prediction));
  }
  if (gradient) mean = add(mean, mul(mul(deviation, deviation), gradient));
  const next = noise ? add(mean, mul(deviation, noise)) : mean;
  const kept = ([0, 1] as const).slice(0, keeps);
  return { x: next, x0, ...Object.fromEntries(kept.map((i) => [`kept.${i}`, sumOf(`kept.${i}`)])) };
}

/** The sum of the lengths of v's samples `[batch, ...]`. */
const lengths = (v: Expr): Expr => sum(sqrt(sum(mul(v, v), [...v.shape.keys()].slice(1))));

/**
 * Network and step as one program: x, noise, earlier estimates, the row's coefficients, its time step
 * and conditions in, the next x and x0 out. All tables of one form share the program.
 */
export function stepGraph(
  denoiser: Denoiser,
  shape: readonly number[],
  conditions: Readonly<Record<string, Tensor>>,
  form: StepForm,
): Graph {
  const past = Array.from({ length: form.depth }, (_, i) => [pastInput(i), { shape }]);
  const signature: Record<string, Signature> = {
    x: { shape },
    noise: { shape },
    coefficients: { shape: [columnsOf(form.depth)] },
    time: { shape: [1], dtype: form.fractional ? "float32" : "int64" },
    ...Object.fromEntries(past),
    ...conditions,
  };
  return trace((inputs: Record<string, Expr>) => {
    const { x } = inputs;
    // One time step for all samples: the network's computations on t alone run once.
    const t = expand(inputs.time, [shape[0]]);
    const condition = conditionOf(inputs);
    const output = denoiser.apply(x, t, condition);
    return stepExpr(inputs, output, denoiser.gradient?.(x, t, condition), form);
  }, signature);
}
