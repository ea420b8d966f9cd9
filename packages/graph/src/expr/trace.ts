/*
 * From expressions to a graph: a function runs once on named inputs, and its results are recorded.
 *
 *   outputs = f(inputs)    nodes = every expression below the outputs, operands first
 *
 * Backends compile the graph, `toOnnx` writes it, and a pass is a `rewrite` of it, node by node.
 *
 *   trace(({ x }) => ({ y: mul(x, 2) }), { x: { shape: ["batch", 3] } })
 */

import type { Expr, Input, Parameter, Signature } from "./expr.ts";
import { input, isInput, isParameter } from "./expr.ts";
import { GraphError } from "./graph-error.ts";

/** A computation with named inputs and outputs; `nodes` holds every expression, operands first. */
export interface Graph {
  /** The inputs, in order. */
  readonly inputs: readonly Input[];
  /** The weights, in order of first use. */
  readonly parameters: readonly Parameter[];
  /** The results by name. */
  readonly outputs: Readonly<Record<string, Expr>>;
  /** Every expression, operands before those that use them. */
  readonly nodes: readonly Expr[];
}

/**
 * Runs `f` on named inputs and records its outputs with all that they depend on.
 * An input that `f` does not use stays an input of the graph.
 *
 * @param f The computation: expressions by name to expressions by name.
 * @param signature The shape and dtype of each input, by name.
 * @throws RangeError when two inputs or two parameters share a name.
 */
export function trace<Name extends string>(
  f: (inputs: Record<Name, Expr>) => Record<string, Expr>,
  signature: Readonly<Record<Name, Signature>>,
): Graph {
  const inputs = Object.entries<Signature>(signature).map(([name, s]) => input(name, s));
  const named = Object.fromEntries(inputs.map((e) => [e.name, e])) as Record<Name, Input>;
  return graphOf(f(named), inputs);
}

/**
 * The graph of `outputs` without dropout and `stopGradient`; its inputs are `inputs`, then others in order of use.
 *
 * @param outputs The results by name.
 * @param inputs The inputs that come first, also if they are not used. Default: none.
 */
export function graphOf(outputs: Record<string, Expr>, inputs: readonly Input[] = []): Graph {
  const nodes = topological(Object.values(outputs));
  if (nodes.some(isMark)) {
    return rewrite({ inputs, parameters: [], outputs, nodes }, (node, operands) =>
      isMark(node) ? operands[0] : withInputs(node, operands),
    );
  }
  const all = [...new Set([...inputs, ...nodes.filter(isInput)])];
  const parameters = nodes.filter(isParameter);
  const names = new Set<string>();
  for (const { op, name } of [...all, ...parameters]) {
    if (names.has(name)) throw new GraphError(`two ${op} expressions are named ${name}`);
    names.add(name);
  }
  return { inputs: all, parameters, outputs: { ...outputs }, nodes };
}

/** Whether a node marks its operand for training, and computes nothing. */
const isMark = ({ op }: Expr) => op === "Dropout" || op === "StopGradient";

/** Every expression that `roots` need, operands before their users. */
export function topological(roots: readonly Expr[]): Expr[] {
  const order: Expr[] = [];
  const seen = new Set<Expr>();
  // An explicit stack: unrolled graphs are deeper than the call stack.
  const stack: { node: Expr; next: number }[] = [];
  const push = (node: Expr) => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const root of roots) {
    push(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.node.inputs.length) push(top.node.inputs[top.next++]);
      else order.push((stack.pop() as { node: Expr }).node);
    }
  }
  return order;
}

/**
 * The new form of a node on the new forms of its operands.
 *
 * @param node The node of the old graph.
 * @param inputs The new forms of its operands.
 */
type Change = (node: Expr, inputs: readonly Expr[]) => Expr;

/** The new form of every node; operands precede their users in `nodes`. */
function changeAll(nodes: readonly Expr[], change: Change): (node: Expr) => Expr {
  const forms = new Map<Expr, Expr>();
  const formOf = (node: Expr) => forms.get(node) as Expr;
  for (const node of nodes) forms.set(node, change(node, node.inputs.map(formOf)));
  return formOf;
}

const mapValues = (roots: Readonly<Record<string, Expr>>, f: (root: Expr) => Expr) =>
  Object.fromEntries(Object.entries(roots).map(([name, root]) => [name, f(root)]));

/**
 * Rebuilds a graph operand by operand.
 *
 * @param graph The graph.
 * @param change Gives the new form of each node.
 */
export function rewrite(graph: Graph, change: Change): Graph {
  const formOf = changeAll(graph.nodes, change);
  const inputs = graph.inputs.map((i) => formOf(i) ?? i).filter(isInput);
  return graphOf(mapValues(graph.outputs, formOf), inputs);
}

/**
 * Rebuilds named expressions operand by operand, as {@link rewrite} does a graph.
 *
 * @param roots The expressions by name.
 * @param change Gives the new form of each node.
 */
export const rebuild = (roots: Readonly<Record<string, Expr>>, change: Change) =>
  mapValues(roots, changeAll(topological(Object.values(roots)), change));

/**
 * How often operations and outputs of a graph use each value.
 *
 * @param graph The graph.
 */
export function usesIn({ nodes, outputs }: Graph): Map<Expr, number> {
  const uses = new Map<Expr, number>();
  const used = [...nodes.flatMap(({ inputs }) => inputs), ...Object.values(outputs)];
  for (const e of used) uses.set(e, (uses.get(e) ?? 0) + 1);
  return uses;
}

/**
 * `node` on other operands, or `node` itself when they are its own. For {@link rewrite}.
 *
 * @param node The expression.
 * @param inputs The new operands.
 */
export const withInputs = (node: Expr, inputs: readonly Expr[]): Expr =>
  inputs.every((e, i) => e === node.inputs[i]) ? node : { ...node, inputs };

/**
 * The same graph with inputs in place of parameters, so that a training step can change them.
 *
 * @param graph The graph.
 */
export const parametersAsInputs = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) =>
    isParameter(node) ? input(node.name, node) : withInputs(node, inputs),
  );

/**
 * The parameters that `roots` depend on, in order of first use.
 *
 * @param roots The expressions whose weights are wanted.
 */
export const parametersOf = (...roots: Expr[]): Parameter[] =>
  topological(roots).filter(isParameter);
