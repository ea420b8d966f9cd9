/*
 * A graph around model files that a runtime opens as they are:
 *
 *   values = before_1(inputs)    results_1 = file_1(values)    ...    outputs = rest(inputs, results)
 */
import { type Expr, type Foreign, input, isInput, type ModelFile } from "../expr/expr.ts";
import { isForeign } from "../expr/foreign.ts";
import { type Graph, graphOf, rebuild, withInputs } from "../expr/trace.ts";

/** One run of a model file. */
export interface ModelCall {
  /** The model that is run. */
  readonly file: ModelFile;
  /** What is computed for the call, from the graph's inputs and the results of earlier calls. */
  readonly before: Graph;
  /** The values that the file takes, by the names of its inputs. */
  readonly takes: Readonly<Record<string, string>>;
  /** The values that it gives, by the names of its outputs. */
  readonly gives: Readonly<Record<string, string>>;
}

/** A graph without calls, which takes their results as inputs, and the calls in order. */
export interface CallPlan {
  /** The runs of model files, in order. */
  readonly calls: readonly ModelCall[];
  /** What is computed after them. */
  readonly rest: Graph;
}

type Call = Foreign & { readonly node: { readonly file: ModelFile } };
const isCall = (e: Expr): e is Call => isForeign(e) && e.node.file !== undefined;

/**
 * Splits a graph at its model files; undefined where it has none.
 *
 * @param graph The graph.
 */
export function splitCalls(graph: Graph): CallPlan | undefined {
  const calls = graph.nodes.filter(isCall);
  if (calls.length === 0) return undefined;
  const results = new Map<Expr, Expr>();
  for (const node of graph.nodes) {
    const at = node.op === "Result" ? calls.indexOf(node.inputs[0] as Call) : -1;
    if (node.op !== "Result" || at < 0) continue;
    const name = calls[at].node.file.outputs[node.attributes.index];
    results.set(node, input(`call/${at}/gives/${name}`, node));
  }
  // Every call and its operands are left out where its results are inputs.
  const around = (roots: Readonly<Record<string, Expr>>) =>
    rebuild(roots, (node, operands) => results.get(node) ?? withInputs(node, operands));
  return {
    rest: graphOf(around(graph.outputs)),
    calls: calls.map(({ inputs, node: { file } }, at) => {
      const named = file.inputs.map((name, i) => [`call/${at}/takes/${name}`, inputs[i]] as const);
      const values = Object.entries(around(Object.fromEntries(named)));
      const made = values.filter(([, e]) => !isInput(e));
      const takes = values.map(([name, e], i) => [file.inputs[i], isInput(e) ? e.name : name]);
      const gives = file.outputs.map((name) => [name, `call/${at}/gives/${name}`]);
      return {
        file,
        before: graphOf(Object.fromEntries(made)),
        takes: Object.fromEntries(takes),
        gives: Object.fromEntries(gives),
      };
    }),
  };
}
