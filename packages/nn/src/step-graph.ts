/*
 * One training step as a graph. For a batch b, weights w, moments m, an average a and rates r:
 *
 *   loss = f(b; w)    g = d loss / d w, scaled down to the norm `clipNorm`
 *   w', m' = optimizer.update(w, g, m, r)    a' = a + (w' - a) share
 *
 * The state is a list of slots. A slot is an input of the graph, and the output that takes the
 * input's place in the next run. `train` compiles the graph, and `train-run.ts` moves the tensors:
 *
 *   const { graph, state, steps } = stepGraph({ loss, signature, optimizer: adam() });
 *   const outputs = await (await backend.compile(graph)).run(inputs); // batch, rates, state
 *   const next = state.map((slot) => outputs[slot.output]);
 */

import {
  add,
  concat,
  type Expr,
  type Graph,
  gradients,
  graphOf,
  type Input,
  input,
  mul,
  type Parameter,
  parametersOf,
  reshape,
  type Signature,
  shapeText,
  slice,
  sub,
} from "@gen/graph";
import { ArgumentError } from "@gen/math/arguments";
import { accumulators } from "./accumulation.ts";
import { type DropoutMask, maskDropout } from "./dropout-masks.ts";
import { clipByGlobalNorm } from "./optimizer.ts";
import { packsOf, type Slot } from "./slots.ts";
import { type Exprs, isExpr, mapValues, substitute } from "./substitute.ts";
import type { TrainOptions } from "./train-options.ts";

/** The settings of `train` that decide the graph. */
export type StepOptions<Name extends string> = Pick<
  TrainOptions<unknown, Name>,
  | "loss"
  | "signature"
  | "parameters"
  | "updates"
  | "optimizer"
  | "optimizers"
  | "clipNorm"
  | "packBelow"
> & {
  /** Whether the graph is of the last part of a batch. @defaultValue false */
  accumulates?: boolean;
  /** Whether a moving average of the weights is kept. @defaultValue false */
  averages?: boolean;
};

/** The inputs of one step and its outputs for each sample. */
export interface StepPorts {
  /** The batch, by the names of the signature. */
  readonly batch: Readonly<Record<string, Input>>;
  readonly masks: readonly DropoutMask[];
  /** The optimizer's rates, the moving average's share, and the numbers of a part of a batch. */
  readonly rates: Input;
  /** The names of the outputs `[batch]`, by the names of the losses. */
  readonly samples: Readonly<Record<string, string>>;
}

/** One training step, or several in a row, as a graph. */
export interface StepGraph {
  readonly graph: Graph;
  readonly state: readonly Slot[];
  readonly steps: readonly StepPorts[];
  /** The names of the outputs with the last step's scalar losses, by the names of the losses. */
  readonly losses: Readonly<Record<string, string>>;
  /** With `accumulates`, the graph of each part of a batch but the last. Its state is the sums. */
  readonly part?: StepGraph;
}

/**
 * Builds the graph of one step: forward, gradients and update.
 * @throws RangeError when the loss is not a float32 scalar or uses none of the
 * parameters.
 */
export function stepGraph<Name extends string>(options: StepOptions<Name>): StepGraph {
  const { signature, clipNorm, packBelow = 65_536 } = options;
  const { accumulates = false, averages = false } = options;
  const batch = mapValues<Signature, Input>(signature, (s, name) => input(name, s));
  const unmasked = namedLosses(options.loss(batch as Record<Name, Input>));
  const given = new Map(options.updates?.(batch as Record<Name, Input>));
  const next = Object.fromEntries([...given].map(([{ name }, value]) => [`update/${name}`, value]));
  const { roots, masks } = maskDropout({ ...unmasked, ...next });
  const losses = mapValues(unmasked, (_, name) => roots[name]);
  const parameters = (options.parameters ?? parametersOf(losses.loss)).filter((p) => !given.has(p));
  if (parameters.length === 0) throw new ArgumentError("the loss uses no parameters to train");

  const groups = optimizerGroups(options, parameters);
  const packs = groups.flatMap((group) =>
    packsOf(group.parameters, packBelow).map((pack) => ({ ...pack, group })),
  );
  const slopes = gradients(losses.loss, parameters);
  const slopeOf = new Map(parameters.map((p, i) => [p, slopes[i]]));
  const joined = packs.map(({ shape, parts }) => {
    const slopes = parts.map(({ parameter }) => slopeOf.get(parameter) as Expr);
    if (slopes.length === 1) return reshape(slopes[0], shape);
    const vectors = slopes.map((slope, i) => reshape(slope, [parts[i].size]));
    return concat(vectors, 0);
  });

  const rateCount = groups.reduce((sum, { optimizer }) => sum + optimizer.rates(0).length, 0);
  const shares = rateCount + (averages ? 1 : 0);
  const rates = input("rates", { shape: [Math.max(1, shares + (accumulates ? 2 : 0))] });
  const rate = (i: number) => slice(rates, 0, i, i + 1);
  const { slots, sums } = accumulators(accumulates ? joined : [], [rate(shares), rate(shares + 1)]);
  const slope = accumulates ? sums : joined;
  const clipped = clipNorm === undefined ? slope : clipByGlobalNorm(slope, clipNorm);

  const outputs: Exprs = {};
  const output = (name: string, value: Expr) => {
    outputs[name] = value;
    return name;
  };
  const lossOutputs = mapValues(losses, (value, name) => output(`losses/${name}`, value));
  const weightOf = new Map<Expr, Expr>();
  // A parameter with an update of its own has a slot of its own, and its moments stay.
  const own = [...given.keys()].flatMap((p) => packsOf([p], 0));
  const all = [...packs, ...own.map((pack) => ({ ...pack, group: groups[0] }))];
  const state = all.flatMap(({ shape, parts, group: { optimizer, firstRate } }, i) => {
    const { moments } = optimizer;
    const kinds = ["weights", ...moments, ...(averages ? ["ema"] : [])];
    const inputs = kinds.map((kind) => input(`state/${kind}/${i}`, { shape }));
    const [weights, ...rest] = inputs;
    for (const { parameter, offset, size } of parts) {
      const own = parts.length > 1 ? slice(weights, 0, offset, offset + size) : weights;
      weightOf.set(parameter, reshape(own, parameter.shape));
    }
    const before = rest.slice(0, moments.length);
    const { weight, moments: after } =
      i < packs.length
        ? optimizer.update(
            weights,
            clipped[i],
            before,
            optimizer.rates(0).map((_, k) => rate(firstRate + k)),
          )
        : { weight: roots[`update/${parts[0].parameter.name}`], moments: before };
    const next = [weight, ...after];
    if (averages) {
      const average = rest[moments.length];
      next.push(add(average, mul(sub(weight, average), rate(rateCount))));
    }
    return kinds.map((kind, k): Slot => {
      return { kind, parts, input: inputs[k], output: output(`next/${kind}/${i}`, next[k]) };
    });
  });
  const lossesOfRank = (rank: number) =>
    Object.fromEntries(
      Object.entries(lossOutputs).filter(([name]) => losses[name].shape.length === rank),
    );
  const steps = [{ batch, masks, rates, samples: lossesOfRank(1) }];
  const graph = graphOf(substitute(outputs, weightOf), inputsOf(steps, [...state, ...slots]));
  const step = { graph, state, steps, losses: lossesOfRank(0) };
  if (!accumulates) return step;
  const sumsOf = Object.fromEntries(slots.map((slot, i) => [slot.output, sums[i]]));
  for (const name of Object.values(lossOutputs)) sumsOf[name] = outputs[name];
  const read = state.filter(({ kind }) => kind === "weights");
  const part = graphOf(substitute(sumsOf, weightOf), inputsOf(steps, [...read, ...slots]));
  return { ...step, part: { ...step, graph: part, state: slots } };
}

/** The parameters by the rules that move them, and where the rates of each rule begin. */
function optimizerGroups(
  { optimizer, optimizers = [] }: Pick<TrainOptions<unknown>, "optimizer" | "optimizers">,
  all: readonly Parameter[],
) {
  const ruled = new Set(optimizers.flatMap(({ parameters }) => parameters));
  const rest = { optimizer, parameters: all.filter((p) => !ruled.has(p)) };
  let firstRate = 0;
  return [rest, ...optimizers].map((group) => {
    const parameters = group.parameters.filter((p) => all.includes(p));
    const placed = { ...group, parameters, firstRate };
    firstRate += group.optimizer.rates(0).length;
    return placed;
  });
}

/** The inputs of a graph of steps, the state's last. */
export const inputsOf = (steps: readonly StepPorts[], state: readonly Slot[]): Input[] => [
  ...steps.flatMap(({ batch, masks, rates }) => [
    ...Object.values(batch),
    ...masks.map((mask) => mask.input),
    rates,
  ]),
  ...state.map((slot) => slot.input),
];

function namedLosses(result: Expr | Record<string, Expr>): Record<string, Expr> {
  const losses = isExpr(result) ? { loss: result } : result;
  if (!losses.loss) {
    throw new ArgumentError(`the losses must include one named loss, got ${Object.keys(losses)}`);
  }
  for (const [name, { shape, dtype }] of Object.entries(losses)) {
    const fits = shape.length === 0 || (shape.length === 1 && name !== "loss");
    if (fits && dtype === "float32") continue;
    const allowed = name === "loss" ? "scalar []" : "scalar [] or one number a sample [batch]";
    throw new ArgumentError(
      `${name} must be a float32 ${allowed}, got ${dtype} ${shapeText(shape)}`,
    );
  }
  return losses;
}
