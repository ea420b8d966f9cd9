import { type Expr, type Graph, graphOf, type Input, input } from "@gen/graph";
import { isInput, rewrite, withInputs } from "@gen/graph/compiler";
import { lossName, nextName, type StepGraph, stateName } from "./step-graph.ts";

/** Name of step `k`'s own input in a graph of several steps. */
export const chainedName = (k: number, name: string): string => `${k}/${name}`;

/**
 * Several training steps as one graph: the state of each is the result of the one before, and the
 * losses are those of the last, but for the numbers of each sample, `K/losses/NAME`. A runtime that copies the state in and out does so once for all of them.
 */
export function chainedSteps({ graph, packs, kinds, perSample }: StepGraph, count: number): Graph {
  const held = packs.flatMap((_, i) => kinds.map((kind) => [kind, i] as const));
  const kept = new Set(held.map(([kind, i]) => stateName(kind, i)));
  const state = new Map<string, Expr>(
    graph.inputs.filter(({ name }) => kept.has(name)).map((one) => [one.name, one]),
  );
  const own: Input[] = [];
  let outputs: Record<string, Expr> = {};
  const samples: Record<string, Expr> = {};
  for (let k = 0; k < count; k++) {
    const inputs = new Map<string, Expr>();
    for (const one of graph.inputs) {
      const value = state.get(one.name) ?? input(chainedName(k, one.name), one);
      if (isInput(value)) own.push(value);
      inputs.set(one.name, value);
    }
    ({ outputs } = rewrite(graph, (node, operands) =>
      isInput(node) ? (inputs.get(node.name) as Expr) : withInputs(node, operands),
    ));
    for (const [kind, i] of held) state.set(stateName(kind, i), outputs[nextName(kind, i)]);
    for (const name of perSample.map(lossName)) {
      samples[chainedName(k, name)] = outputs[name];
      delete outputs[name];
    }
  }
  return graphOf({ ...outputs, ...samples }, own);
}
