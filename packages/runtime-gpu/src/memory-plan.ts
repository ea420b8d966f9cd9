import type { Expr, Graph } from "@gen/graph";

/** Bytes of a graph's weights, and of the values that a run, node by node, holds at once beside them. */
export function memoryPlan(
  graph: Graph,
  bytes: (e: Expr) => number,
): { parameterBytes: number; runBytes: number } {
  const fixed = ({ op, inputs }: Expr) =>
    op === "Parameter" || op === "Constant" || (op === "Foreign" && inputs.length === 0);
  const parameterBytes = graph.nodes.filter(fixed).reduce((sum, e) => sum + bytes(e), 0);
  const last = new Map<Expr, number>();
  graph.nodes.forEach((e, i) => {
    for (const operand of e.inputs) last.set(operand, i);
  });
  for (const kept of [...graph.inputs, ...Object.values(graph.outputs)]) {
    last.set(kept, graph.nodes.length);
  }
  let held = graph.inputs.reduce((sum, e) => sum + bytes(e), 0);
  let runBytes = held;
  graph.nodes.forEach((e, i) => {
    if (e.op === "Input" || fixed(e)) return;
    held += bytes(e);
    runBytes = Math.max(runBytes, held);
    for (const operand of new Set(e.inputs)) {
      if (last.get(operand) === i && !fixed(operand)) held -= bytes(operand);
    }
  });
  return { parameterBytes, runBytes };
}
