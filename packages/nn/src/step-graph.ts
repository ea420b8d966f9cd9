/*
 * One training step as a graph. For a batch b, weights w, moments m, an average a and rates r:
 *
 *   loss = f(b; w)    g = d loss / d w, scaled down to the norm `clipNorm`
 *   w', m' = optimizer.update(w, g, m, r)    a' = a + (w' - a) share
 *
 * `trainingStep` builds these expressions. `stepGraph` makes a graph of one step or of several in
 * a row, and `train-run.ts` runs it. What is kept from step to step is a list of slots: the graph
 * takes slot i as `state[i].input` and gives its next value as the output `next[i]`.
 */
import {
  concat,
  type Expr,
  type Graph,
  gradients,
  graphOf,
  type Input,
  input,
  type Parameter,
  parametersOf,
  reshape,
  type Signature,
  shapeText,
  slice,
} from "@gen/graph";
import { clipByGlobalNorm } from "./clip-by-global-norm.ts";
import { type DropoutMask, maskDropout } from "./dropout-masks.ts";
import { movingAverage } from "./moving-average.ts";
import type { Optimizer } from "./optimizer.ts";
import { sizeOf } from "./size-of.ts";
import { isExpr, mapValues, substitute } from "./substitute.ts";

/**
 * What is to be minimized: a scalar, or scalars to report with the one named `loss`; beside them
 * may be numbers of each sample, `[batch]`.
 */
export type Loss<Name extends string = string> = (
  inputs: Record<Name, Expr>,
) => Expr | Record<string, Expr>;

/** Settings of {@link trainingStep}. */
export interface StepOptions<Name extends string = string> {
  loss: Loss<Name>;
  signature: Readonly<Record<Name, Signature>>;
  /** The parameters to train. @defaultValue all that the loss uses */
  parameters?: readonly Parameter[];
  optimizer: Optimizer;
  /** Limit of the gradients' global norm. @defaultValue no limit */
  clipNorm?: number;
  /** Whether a moving average of the weights is kept. @defaultValue false */
  averages?: boolean;
  /** Parameters of fewer elements share one tensor. @defaultValue 65,536 */
  packBelow?: number;
}

/** A parameter's elements in a slot. */
export interface Part {
  readonly parameter: Parameter;
  readonly offset: number;
  readonly size: number;
}

/**
 * One tensor that is kept from step to step. A large parameter has a slot in its own shape. The
 * small ones lie end to end in one vector, since each tensor costs more than their few elements.
 */
export interface Slot {
  /** `weights`, one of the optimizer's moments, or `ema`. */
  readonly kind: string;
  readonly parts: readonly Part[];
  readonly input: Input;
}

/** What one step of a graph takes from the host. */
export interface StepInputs {
  /** The batch, by the names of the signature. */
  readonly batch: Readonly<Record<string, Input>>;
  readonly masks: readonly DropoutMask[];
  /** The optimizer's rates, and the moving average's share last. */
  readonly rates: Input;
}

/** The expressions of one training step. */
export interface TrainingStep extends StepInputs {
  readonly state: readonly Slot[];
  /** The next value of each slot. */
  readonly next: readonly Expr[];
  readonly losses: Readonly<Record<string, Expr>>;
}

/** Several training steps in one graph. Outputs are called by their names in `graph.outputs`. */
export interface StepGraph {
  readonly graph: Graph;
  /** The inputs of each step, in order. */
  readonly steps: readonly StepInputs[];
  readonly state: readonly Slot[];
  /** The output that holds each slot's next value. */
  readonly next: readonly string[];
  /** The last step's scalar losses: the output of each by its name. */
  readonly losses: Readonly<Record<string, string>>;
  /** Each step's numbers of each sample `[batch]`: the output of each by its name. */
  readonly samples: readonly Readonly<Record<string, string>>[];
}

/**
 * Builds the expressions of one step: forward, gradients and update.
 * @throws RangeError or TypeError when the loss is not a float32 scalar or uses none of the parameters.
 */
export function trainingStep<Name extends string>(options: StepOptions<Name>): TrainingStep {
  const { signature, optimizer, clipNorm, averages = false, packBelow = 65_536 } = options;
  const entries = Object.entries<Signature>(signature).map(([name, s]) => [name, input(name, s)]);
  const batch = Object.fromEntries(entries) as Record<Name, Input>;
  const { roots: losses, masks } = maskDropout(namedLosses(options.loss(batch)));
  const parameters = options.parameters ?? parametersOf(losses.loss);
  if (parameters.length === 0) throw new RangeError("the loss uses no parameters to train");

  const packs = packsOf(parameters, packBelow);
  const slopes = gradients(losses.loss, parameters);
  const slopeOf = new Map(parameters.map((p, i) => [p, slopes[i]]));
  const joined = packs.map(({ shape, parts }) =>
    join(
      parts.map(({ parameter }) => slopeOf.get(parameter) as Expr),
      shape,
    ),
  );
  const clipped = clipNorm === undefined ? joined : clipByGlobalNorm(joined, clipNorm);

  const ratesOfUpdate = optimizer.rates(0).length;
  const rateCount = ratesOfUpdate + (averages ? 1 : 0);
  const rates = input("rates", { shape: [Math.max(1, rateCount)] });
  const each = Array.from({ length: rateCount }, (_, i) => slice(rates, 0, i, i + 1));
  const kinds = ["weights", ...optimizer.moments, ...(averages ? ["ema"] : [])];
  const state: Slot[] = [];
  const next: Expr[] = [];
  const weightOf = new Map<Expr, Expr>();
  for (const [i, { shape, parts }] of packs.entries()) {
    const held = kinds.map((kind) => input(`state/${kind}/${i}`, { shape }));
    state.push(...held.map((one, k) => ({ kind: kinds[k], parts, input: one })));
    const [weights, ...rest] = held;
    for (const part of parts) weightOf.set(part.parameter, elementsOf(weights, part));
    const moments = rest.slice(0, optimizer.moments.length);
    const update = optimizer.update(weights, clipped[i], moments, each.slice(0, ratesOfUpdate));
    next.push(update.weight, ...update.moments);
    if (averages)
      next.push(movingAverage(rest[moments.length], update.weight, each[rateCount - 1]));
  }

  const names = Object.keys(losses);
  const roots = substitute([...next, ...Object.values(losses)], weightOf);
  return {
    batch,
    masks,
    rates,
    state,
    next: roots.slice(0, next.length),
    losses: Object.fromEntries(names.map((name, i) => [name, roots[next.length + i]])),
  };
}

/**
 * The graph of `count` steps in a row: the state of each is the next state of the one before. A
 * runtime that copies the state in and out does so once for all of them.
 */
export function stepGraph(step: TrainingStep, count = 1): StepGraph {
  const { state, next, losses } = step;
  const names = Object.keys(losses);
  const isScalar = (name: string) => losses[name].shape.length === 0;
  const outputs: Record<string, Expr> = {};
  const output = (name: string, value: Expr) => {
    outputs[name] = value;
    return name;
  };
  const steps: StepInputs[] = [];
  const samples: Record<string, string>[] = [];
  let held: readonly Expr[] = state.map((slot) => slot.input);
  let last: Record<string, Expr> = {};
  for (let k = 0; k < count; k++) {
    const called = (name: string) => (count === 1 ? name : `${k}/${name}`);
    const places = new Map<Expr, Expr>(state.map((slot, i) => [slot.input, held[i]]));
    const own = (one: Input) => {
      const place = count === 1 ? one : input(called(one.name), one);
      places.set(one, place);
      return place;
    };
    steps.push({
      batch: mapValues(step.batch, own),
      masks: step.masks.map((mask) => ({ ...mask, input: own(mask.input) })),
      rates: own(step.rates),
    });
    const roots = substitute([...next, ...Object.values(losses)], places);
    held = roots.slice(0, next.length);
    last = Object.fromEntries(names.map((name, i) => [name, roots[next.length + i]]));
    const perSample = names.filter((name) => !isScalar(name));
    samples.push(
      Object.fromEntries(perSample.map((n) => [n, output(called(`losses/${n}`), last[n])])),
    );
  }
  const scalars = names.filter(isScalar);
  return {
    state,
    steps,
    samples,
    losses: Object.fromEntries(scalars.map((n) => [n, output(`losses/${n}`, last[n])])),
    next: held.map((value, i) => output(`next/${i}`, value)),
    graph: graphOf(outputs, [
      ...steps.flatMap(({ batch, masks, rates }) => [
        ...Object.values(batch),
        ...masks.map((mask) => mask.input),
        rates,
      ]),
      ...state.map((slot) => slot.input),
    ]),
  };
}

interface Pack {
  readonly shape: readonly number[];
  readonly parts: readonly Part[];
}

/** Parameters of fewer than `packBelow` elements together, each other one by itself. */
function packsOf(parameters: readonly Parameter[], packBelow: number): Pack[] {
  const odd = parameters.find((p) => p.dtype !== "float32");
  if (odd) throw new TypeError(`training needs float32 weights, got ${odd.name} of ${odd.dtype}`);
  const parts = parameters.map((p) => ({ parameter: p, offset: 0, size: sizeOf(p.shape) }));
  const packs: Pack[] = parts
    .filter(({ size }) => size >= packBelow)
    .map((part) => ({ shape: part.parameter.shape, parts: [part] }));
  let length = 0;
  const small = parts
    .filter(({ size }) => size < packBelow)
    .map((part) => {
      const offset = length;
      length += part.size;
      return { ...part, offset };
    });
  return small.length > 0 ? [...packs, { shape: [length], parts: small }] : packs;
}

/** One expression of a pack's shape from those of its parameters' shapes. */
const join = (parts: readonly Expr[], shape: readonly number[]): Expr =>
  parts.length === 1
    ? reshape(parts[0], shape)
    : concat(
        parts.map((part) => reshape(part, [sizeOf(part.shape as number[])])),
        0,
      );

/** A parameter's elements of a slot, in the parameter's shape. */
function elementsOf(slot: Input, { parameter, offset, size }: Part): Expr {
  const isWhole = sizeOf(slot.shape as number[]) === size;
  return reshape(isWhole ? slot : slice(slot, 0, offset, offset + size), parameter.shape);
}

function namedLosses(result: Expr | Record<string, Expr>): Record<string, Expr> {
  const losses = isExpr(result) ? { loss: result } : result;
  if (!losses.loss) {
    throw new TypeError(`the losses must include one named loss, got ${Object.keys(losses)}`);
  }
  for (const [name, { shape, dtype }] of Object.entries(losses)) {
    const fits = shape.length === 0 || (shape.length === 1 && name !== "loss");
    if (fits && dtype === "float32") continue;
    const allowed = name === "loss" ? "scalar []" : "scalar [] or one number a sample [batch]";
    throw new RangeError(`${name} must be a float32 ${allowed}, got ${dtype} ${shapeText(shape)}`);
  }
  return losses;
}
