import { type Expr, type ExprOf, elementCount, type Graph, type Tensor } from "@gen/graph";
import { type Bindings, type ComputedOp, isInput, resolveShape } from "@gen/graph/compiler";
import type * as tfjs from "@tensorflow/tfjs";
import { unsupported } from "../errors.ts";
import { refuseForeign } from "../graph-errors.ts";
import type { Tf } from "./kernel.ts";
import { kernels } from "./kernels.ts";

type Computed = ExprOf<ComputedOp>;

const isComputed = (e: Expr): e is Computed => e.op in kernels;
const isLeaf = ({ op }: Expr): boolean => op === "Input" || op === "Parameter" || op === "Constant";

/**
 * Prepares a graph to be computed node by node; `upload` makes the tensors of its parameters and
 * constants.
 * @throws GenError `unsupported-graph` that names the operations without a kernel.
 */
export function interpreter(tf: Tf, graph: Graph, upload: (values: Tensor) => tfjs.Tensor) {
  refuseForeign("tfjs", graph);
  const missing = graph.nodes.filter((e) => !isLeaf(e) && !isComputed(e)).map((e) => e.op);
  if (missing.length > 0) throw unsupported(`tfjs cannot run ${[...new Set(missing)].join(", ")}`);

  const fixed = new Map<Expr, tfjs.Tensor>();
  for (const node of graph.nodes) {
    if (node.op === "Parameter") fixed.set(node, upload(node.value));
    if (node.op === "Constant") fixed.set(node, upload(node.attributes.value));
  }
  const steps = foldFixed(tf, graph, fixed);
  const dying = lastUses(graph, steps, fixed);

  return {
    run(inputs: ReadonlyMap<string, tfjs.Tensor>, dims: Bindings): Record<string, tfjs.Tensor> {
      const values = new Map<Expr, tfjs.Tensor>(fixed);
      for (const each of graph.inputs) values.set(each, inputs.get(each.name) as tfjs.Tensor);
      const alive = new Set<tfjs.Tensor>();
      try {
        steps.forEach((node, i) => {
          const operands = node.inputs.map((e) => values.get(e) as tfjs.Tensor);
          const value = compute(tf, node, operands, resolveShape(node.shape, dims));
          values.set(node, value);
          alive.add(value);
          for (const dead of dying[i]) {
            const spent = values.get(dead) as tfjs.Tensor;
            values.delete(dead);
            alive.delete(spent);
            spent.dispose();
          }
        });
        const outputs = Object.entries(graph.outputs).map(([name, e]) => {
          const value = values.get(e) as tfjs.Tensor;
          // Each output is its own tensor, also if it equals an input, a parameter or an output.
          return [name, alive.delete(value) ? value : value.clone()] as const;
        });
        return Object.fromEntries(outputs);
      } finally {
        for (const left of alive) left.dispose();
      }
    },
    dispose(): void {
      for (const each of fixed.values()) each.dispose();
      fixed.clear();
    },
  };
}

/**
 * Computes once what depends only on weights and constants, and returns the other steps. A value
 * larger than its operands is not kept, since it would cost memory.
 */
function foldFixed(tf: Tf, graph: Graph, fixed: Map<Expr, tfjs.Tensor>): Computed[] {
  const steps = graph.nodes.filter(isComputed).filter((node) => {
    const operands = node.inputs.flatMap((e) => fixed.get(e) ?? []);
    if (operands.length === 0 || operands.length < node.inputs.length) return true;
    const most = operands.reduce((sum, { size }) => sum + size, 0);
    if (!(Number(elementCount(node.shape)) <= most)) return true;
    fixed.set(node, tf.keep(compute(tf, node, operands, node.shape as number[])));
    return false;
  });
  const needed = new Set([...Object.values(graph.outputs), ...steps.flatMap((e) => e.inputs)]);
  for (const [node, value] of fixed) {
    if (needed.has(node)) continue;
    fixed.delete(node);
    value.dispose();
  }
  return steps;
}

function compute<O extends ComputedOp>(
  tf: Tf,
  node: ExprOf<O>,
  operands: tfjs.Tensor[],
  shape: number[],
): tfjs.Tensor {
  return tf.tidy(() => {
    const value = kernels[node.op](tf, operands, node, shape);
    return operands.includes(value) ? value.clone() : value;
  });
}

/** For each step, the values made by steps that no later step and no output needs. */
function lastUses(
  graph: Graph,
  steps: readonly Expr[],
  fixed: ReadonlyMap<Expr, unknown>,
): Expr[][] {
  const kept = new Set([...Object.values(graph.outputs), ...fixed.keys()]);
  const dying: Expr[][] = steps.map(() => []);
  for (let i = steps.length - 1; i >= 0; i--) {
    for (const e of [...steps[i].inputs, steps[i]]) {
      if (kept.has(e) || isInput(e)) continue;
      kept.add(e);
      dying[i].push(e);
    }
  }
  return dying;
}
