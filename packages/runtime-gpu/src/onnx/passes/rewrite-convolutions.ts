import { type Expr, type ExprOf, elementCount, type Graph } from "@gen/graph";
import { isInput, rewrite, usesIn, withInputs } from "@gen/graph/compiler";

/**
 * A graph with other convolutions in place of its own. `change` gets each one's new operands, and
 * its bias `[1, channels, 1, 1]` if only that is added to it; undefined keeps the convolution.
 */
export function rewriteConvolutions(
  graph: Graph,
  change: (conv: ExprOf<"Conv">, operands: readonly Expr[], bias?: Expr) => Expr | undefined,
): Graph {
  const uses = usesIn(graph);
  const operands = new Map<Expr, readonly Expr[]>();
  const changed = (node: Expr, inputs: readonly Expr[]): Expr | undefined => {
    if (node.op === "Conv") {
      operands.set(node, inputs);
      return change(node, inputs);
    }
    const [conv] = node.inputs;
    if (node.op !== "Add" || conv.op !== "Conv" || uses.get(conv) !== 1) return undefined;
    const [, bias] = inputs;
    if (bias.shape.join() !== [1, conv.shape[1], 1, 1].join()) return undefined;
    return change(conv, operands.get(conv) as readonly Expr[], bias);
  };
  return rewrite(graph, (node, inputs) => changed(node, inputs) ?? withInputs(node, inputs));
}

/** The values that differ from run to run; the session computes all others once. */
export function inputDependents(graph: Graph): ReadonlySet<Expr> {
  const changing = new Set<Expr>();
  for (const node of graph.nodes) {
    if (isInput(node) || node.inputs.some((e) => changing.has(e))) changing.add(node);
  }
  return changing;
}

/** Whether a pass over a value takes longer than starting an operation; false for unknown sizes. */
export const isLarge = ({ shape }: Expr): boolean => Number(elementCount(shape)) >= 2 ** 15;
