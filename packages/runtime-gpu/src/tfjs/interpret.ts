import {
  type Expr,
  type ExprOf,
  elementCount,
  type Graph,
  shapeText,
  type Tensor,
} from "@gen/graph";
import { type Bindings, type ComputedOp, isInput, resolveShape } from "@gen/graph/compiler";
import type * as tfjs from "@tensorflow/tfjs";
import { unsupported } from "../errors.ts";
import { refuseForeign } from "../graph-errors.ts";
import type { Kernel, Tf } from "./kernel.ts";
import { kernels } from "./kernels.ts";

/** A node of TensorFlow.js's kernels, or the result of one of its models. */
type Computed = ExprOf<ComputedOp> | ExprOf<"Result">;

const isComputed = (e: Expr): e is Computed => e.op in kernels || e.op === "Result";
const notComputed = ["Input", "Parameter", "Constant", "Foreign"];

/** What a node is computed from; the operands of a model are those of its result. */
const operandsOf = (e: Expr): readonly Expr[] =>
  e.op === "Result" ? e.inputs[0].inputs : e.inputs;

/**
 * Prepares a graph to be computed node by node; `upload` makes the tensors of its parameters and
 * constants.
 * @throws GenError `unsupported-graph` that names the operations without a kernel.
 */
export function interpreter(tf: Tf, graph: Graph, upload: (values: Tensor) => tfjs.Tensor) {
  refuseForeign("tfjs", graph);
  const missing = graph.nodes
    .filter((e) => !notComputed.includes(e.op) && !isComputed(e))
    .map((e) => e.op);
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
          const operands = operandsOf(node).map((e) => values.get(e) as tfjs.Tensor);
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
    if (node.op === "Result") return true;
    const operands = node.inputs.flatMap((e) => fixed.get(e) ?? []);
    if (operands.length === 0 || operands.length < node.inputs.length) return true;
    const most = operands.reduce((sum, { size }) => sum + size, 0);
    if (!(Number(elementCount(node.shape)) <= most)) return true;
    fixed.set(node, tf.keep(compute(tf, node, operands, node.shape as number[])));
    return false;
  });
  const needed = new Set([...Object.values(graph.outputs), ...steps.flatMap(operandsOf)]);
  for (const [node, value] of fixed) {
    if (needed.has(node)) continue;
    fixed.delete(node);
    value.dispose();
  }
  return steps;
}

function compute(tf: Tf, node: Computed, operands: tfjs.Tensor[], shape: number[]): tfjs.Tensor {
  return tf.tidy(() => {
    const value =
      node.op === "Result"
        ? resultOf(node, operands, shape)
        : (kernels[node.op] as Kernel<ComputedOp>)(tf, operands, node, shape);
    return operands.includes(value) ? value.clone() : value;
  });
}

/** @throws GenError `unsupported-graph` when a model's result has another shape than it told. */
function resultOf(node: ExprOf<"Result">, operands: tfjs.Tensor[], shape: number[]): tfjs.Tensor {
  const [call] = node.inputs;
  const model = call.op === "Foreign" ? call.node.model : undefined;
  const value = model?.run(operands as never[]) as tfjs.Tensor;
  if (value.shape.join() === shape.join()) return value;
  throw unsupported(
    `${model?.name} must give ${shapeText(shape)}, as its output says, got ${shapeText(value.shape)}`,
  );
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
    for (const e of [...operandsOf(steps[i]), steps[i]]) {
      if (kept.has(e) || isInput(e)) continue;
      kept.add(e);
      dying[i].push(e);
    }
  }
  return dying;
}
