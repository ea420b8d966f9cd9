import { type Expr, graphOf, type Input, input } from "@gen/graph";
import { inputsOf, type StepGraph, type StepPorts } from "./step-graph.ts";
import { type Exprs, mapValues, substitute } from "./substitute.ts";

/**
 * `count` steps in a row as one graph: the state of each is the next state of the one before. A
 * runtime that copies the state in and out does so once for all of them.
 */
export function chainSteps({ graph, state, losses, ...one }: StepGraph, count: number): StepGraph {
  const [{ batch, masks, rates, samples }] = one.steps;
  const outputs: Exprs = {};
  let places: [Expr, Expr][] = [];
  let values: Exprs = {};
  const steps = Array.from({ length: count }, (_, k): StepPorts => {
    const ownName = (name: string) => `${k}/${name}`;
    const own = (shared: Input) => {
      const copy = input(ownName(shared.name), shared);
      places.push([shared, copy]);
      return copy;
    };
    const ports = {
      batch: mapValues(batch, own),
      masks: masks.map((mask) => ({ ...mask, input: own(mask.input) })),
      rates: own(rates),
      samples: mapValues(samples, ownName),
    };
    values = substitute(graph.outputs, new Map(places));
    for (const name of Object.values(samples)) outputs[ownName(name)] = values[name];
    places = state.map((slot) => [slot.input, values[slot.output]]);
    return ports;
  });
  for (const name of [...Object.values(losses), ...state.map((slot) => slot.output)]) {
    outputs[name] = values[name];
  }
  return { graph: graphOf(outputs, inputsOf(steps, state)), state, steps, losses };
}
