import {
  type Expr,
  type Graph,
  gradients,
  graphOf,
  type Input,
  input,
  type Parameter,
  parametersOf,
  type Signature,
  shapeText,
  slice,
} from "@gen/graph";
import { isParameter, rewrite, withInputs } from "@gen/graph/compiler";
import { clipByGlobalNorm } from "./clip-by-global-norm.ts";
import { type DropoutMask, maskDropout } from "./dropout-masks.ts";
import { movingAverage } from "./moving-average.ts";
import type { Optimiser } from "./optimiser.ts";
import { joined, type Pack, pack, partOf } from "./packing.ts";

/**
 * What is to be minimised: a scalar, or scalars to report with the one named `loss`; beside them
 * may be numbers of each sample, `[batch]`.
 */
export type Loss<Name extends string = string> = (
  inputs: Record<Name, Expr>,
) => Expr | Record<string, Expr>;

/** Settings of {@link stepGraph}. */
export interface StepGraphOptions<Name extends string = string> {
  loss: Loss<Name>;
  signature: Readonly<Record<Name, Signature>>;
  /** The parameters to train; all that the loss uses unless told. */
  parameters?: readonly Parameter[];
  optimiser: Optimiser;
  /** Limit of the gradients' global norm; none unless told. */
  clipNorm?: number;
  /** Keeps a moving average of the weights; false unless told. */
  averages?: boolean;
  /** Parameters of fewer elements share one tensor; 65,536 unless told. */
  alone?: number;
}

/** One training step as a graph: forward, gradients and update. */
export interface StepGraph {
  readonly graph: Graph;
  readonly packs: readonly Pack[];
  /** What is kept of each weight from step to step: `weights`, the moments, `ema`. */
  readonly kinds: readonly string[];
  /** Names of the losses, which are scalar outputs `losses/NAME`. */
  readonly losses: readonly string[];
  /** Names of the numbers of each sample `[batch]`, outputs `losses/NAME` like the losses. */
  readonly perSample: readonly string[];
  /** Inputs of booleans that tell what dropout keeps. */
  readonly masks: readonly DropoutMask[];
}

/** Input of the step's graph that holds a kind of state for a pack. */
export const stateName = (kind: string, pack: number): string => `state/${kind}/${pack}`;
/** Output of the step's graph that takes its place in the next step. */
export const nextName = (kind: string, pack: number): string => `next/${kind}/${pack}`;
/** Input that holds the optimiser's rates, and the moving average's share last. */
export const RATES = "state/rates";
export const lossName = (name: string): string => `losses/${name}`;

/**
 * Builds the graph of one training step. Inputs are those of `signature`, the masks of dropout, the
 * state and the rates; outputs the losses and the next state.
 * @throws RangeError or TypeError when the loss is not a float32 scalar or uses none of the parameters.
 */
export function stepGraph<Name extends string>(options: StepGraphOptions<Name>): StepGraph {
  const { loss, signature, optimiser, clipNorm, averages = false, alone = 65_536 } = options;
  const entries = Object.entries<Signature>(signature);
  const inputs = entries.map(([name, s]) => input(name, s));
  const result = loss(Object.fromEntries(inputs.map((i) => [i.name, i])) as Record<Name, Input>);
  const whole: Record<string, Expr> = isExpr(result) ? { loss: result } : result;
  checkLosses(whole);
  const { roots: losses, masks } = maskDropout(whole);
  const parameters = options.parameters ?? parametersOf(losses.loss);
  if (parameters.length === 0) throw new RangeError("the loss uses no parameters to train");

  const packs = pack(parameters, alone);
  const slopes = new Map(
    gradients(losses.loss, parameters).map((g, i) => [parameters[i], g] as const),
  );
  const own = packs.map((p) =>
    joined(
      p,
      p.slots.map((s) => slopes.get(s.parameter) as Expr),
    ),
  );
  const packed = clipNorm === undefined ? own : clipByGlobalNorm(own, clipNorm);

  const { moments } = optimiser;
  const kinds = ["weights", ...moments, ...(averages ? ["ema"] : [])];
  const count = optimiser.rates(0).length + (averages ? 1 : 0);
  const rates = input(RATES, { shape: [Math.max(1, count)] });
  const rate = (i: number) => slice(rates, 0, i, i + 1);
  const outputs: Record<string, Expr> = {};
  for (const [name, value] of Object.entries(losses)) outputs[lossName(name)] = value;
  const places = new Map<Parameter, Expr>();
  const state: Input[] = [];
  for (const [i, p] of packs.entries()) {
    const held = kinds.map((kind) => input(stateName(kind, i), { shape: p.shape }));
    state.push(...held);
    const [weights, ...rest] = held;
    for (const slot of p.slots) places.set(slot.parameter, partOf(p, slot, weights));
    const before = rest.slice(0, moments.length);
    const { weight, moments: after } = optimiser.update(
      weights,
      packed[i],
      before,
      optimiser.rates(0).map((_, k) => rate(k)),
    );
    const next = [weight, ...after];
    if (averages) next.push(movingAverage(rest[moments.length], weight, rate(count - 1)));
    for (const [k, kind] of kinds.entries()) outputs[nextName(kind, i)] = next[k];
  }
  const drops = masks.map((mask) => mask.input);
  const graph = rewrite(
    graphOf(outputs, [...inputs, ...drops, ...state, rates]),
    (node, operands) => {
      if (isParameter(node)) return places.get(node) ?? node;
      return withInputs(node, operands);
    },
  );
  const names = Object.keys(losses);
  const scalar = (name: string) => losses[name].shape.length === 0;
  const perSample = names.filter((name) => !scalar(name));
  return { graph, packs, kinds, losses: names.filter(scalar), perSample, masks };
}

const isExpr = (value: Expr | Record<string, Expr>): value is Expr =>
  typeof (value as Expr).op === "string" && Array.isArray((value as Expr).inputs);

function checkLosses(losses: Record<string, Expr>): void {
  if (!losses.loss) {
    throw new TypeError(`the losses must include one named loss, got ${Object.keys(losses)}`);
  }
  for (const [name, { shape, dtype }] of Object.entries(losses)) {
    const fits = shape.length === 0 || (shape.length === 1 && name !== "loss");
    if (fits && dtype === "float32") continue;
    const allowed = name === "loss" ? "scalar []" : "scalar [] or one number a sample [batch]";
    throw new RangeError(`${name} must be a float32 ${allowed}, got ${dtype} ${shapeText(shape)}`);
  }
}
