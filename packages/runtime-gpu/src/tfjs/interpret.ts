import type { Expr, ExprOf, Graph, Tensor } from "@gen/graph";
import {
  type Bindings,
  type ComputedOp,
  foreignText,
  isInput,
  resolveShape,
} from "@gen/graph/compiler";
import { foreignOperations } from "@gen/graph/onnx";
import type * as tfjs from "@tensorflow/tfjs";
import { unsupported } from "../errors.ts";

import type { Tf } from "./kernel.ts";
import { kernels } from "./kernels.ts";

const isKnown = (e: Expr): e is Computed => e.op in kernels;
const isLeaf = ({ op }: Expr): boolean => op === "Input" || op === "Parameter" || op === "Constant";

/** A graph ready to be computed node by node, its parameters and constants on the device. */
export interface Interpreter {
  run(inputs: ReadonlyMap<string, tfjs.Tensor>, dims: Bindings): Record<string, tfjs.Tensor>;
  dispose(): void;
}

/**
 * Prepares a graph; `upload` makes the tensors of its parameters and constants.
 * @throws GenError `unsupported-graph` naming the operations that are not known here.
 */
export function interpreter(
  tf: Tf,
  graph: Graph,
  upload: (values: Tensor) => tfjs.Tensor,
): Interpreter {
  const foreign = foreignOperations(graph);
  if (foreign.length > 0) {
    throw unsupported(
      `tfjs cannot run ${foreignText(foreign)}; the backends of @gen/runtime-gpu/onnx can`,
    );
  }
  const missing = new Set(graph.nodes.filter((e) => !isLeaf(e) && !isKnown(e)).map((e) => e.op));
  if (missing.size > 0) throw unsupported(`tfjs cannot run ${[...missing].join(", ")}`);

  const held = new Map<Expr, tfjs.Tensor>();
  for (const node of graph.nodes) {
    if (node.op === "Parameter") held.set(node, upload(node.value));
    if (node.op === "Constant") held.set(node, upload(node.attributes.value));
  }
  const steps = foldFixed(tf, graph, held);
  const dying = lastUses(graph, steps, new Set(held.keys()));

  return {
    run(inputs, dims) {
      const made = new Map<Expr, tfjs.Tensor>(held);
      for (const each of graph.inputs) made.set(each, inputs.get(each.name) as tfjs.Tensor);
      const alive = new Set<tfjs.Tensor>();
      try {
        steps.forEach((node, i) => {
          const operands = node.inputs.map((e) => made.get(e) as tfjs.Tensor);
          const value = compute(tf, node, operands, resolveShape(node.shape, dims));
          made.set(node, value);
          alive.add(value);
          for (const dead of dying[i]) {
            const spent = made.get(dead) as tfjs.Tensor;
            made.delete(dead);
            alive.delete(spent);
            spent.dispose();
          }
        });
        const outputs = Object.entries(graph.outputs).map(([name, e]) => {
          const value = made.get(e) as tfjs.Tensor;
          // An output of its own: the value may be an input, a parameter or another output as well.
          return [name, alive.delete(value) ? value : value.clone()] as const;
        });
        return Object.fromEntries(outputs);
      } finally {
        for (const left of alive) left.dispose();
      }
    },
    dispose() {
      for (const each of held.values()) each.dispose();
      held.clear();
    },
  };
}

/**
 * Computes what depends on weights and constants alone, once and for all, and returns the other steps.
 * What is larger than its operands is not kept, since it would cost memory.
 */
function foldFixed(tf: Tf, graph: Graph, held: Map<Expr, tfjs.Tensor>): Computed[] {
  const steps = graph.nodes.filter(isKnown).filter((node) => {
    const operands = node.inputs.map((e) => held.get(e));
    if (operands.length === 0 || operands.includes(undefined)) return true;
    const known = operands as tfjs.Tensor[];
    const shape = node.shape as number[];
    const most = known.reduce((sum, { size }) => sum + size, 0);
    if (!(shape.reduce((a, b) => a * b, 1) <= most)) return true;
    held.set(node, tf.keep(compute(tf, node, known, shape)));
    return false;
  });
  const needed = new Set([...Object.values(graph.outputs), ...steps.flatMap((e) => e.inputs)]);
  for (const [node, value] of held) {
    if (needed.has(node)) continue;
    held.delete(node);
    value.dispose();
  }
  return steps;
}

type Computed = ExprOf<ComputedOp>;

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
function lastUses(graph: Graph, steps: readonly Expr[], held: ReadonlySet<Expr>): Expr[][] {
  const outputs = new Set(Object.values(graph.outputs));
  const seen = new Set<Expr>();
  const dying: Expr[][] = steps.map(() => []);
  for (let i = steps.length - 1; i >= 0; i--) {
    for (const e of [...steps[i].inputs, steps[i]]) {
      if (seen.has(e) || outputs.has(e) || held.has(e) || isInput(e)) continue;
      seen.add(e);
      dying[i].push(e);
    }
  }
  return dying;
}
