/*
 * The nodes of graphs inside of nodes, checked with what is known of their operands. What they compute
 * is not needed: a model with such nodes is never a graph, and a runtime opens its file.
 */
import { errorCode } from "@gen/math";
import { constant, input, parameter } from "../expr/expr.ts";
import { bodiesOf } from "./bodies.ts";
import { newCounts } from "./message-codec.ts";
import { foreignConstant } from "./pass-through.ts";
import { nodeOf, type OnnxGraph, type OnnxNode } from "./read-graph.ts";
import { isForeignType, isShapeAlone, readForeignTensor, readTensor } from "./read-tensor.ts";
import { staticTensor, type Value } from "./static-value.ts";

/** Values by name. */
export type Scope = Pick<ReadonlyMap<string, Value>, "get">;

/** @throws GenError `unsafe-model` naming a node that ends the process in ONNX Runtime. */
export function checkBodies(
  node: OnnxNode,
  outer: Scope,
  graph: OnnxGraph,
  valuesOf: (node: OnnxNode, values: Scope) => readonly Value[],
  depth = 0,
): void {
  const counts = newCounts(Math.max(0, graph.memory));
  for (const body of bodiesOf(node.attributes.values(), { counts, depth, name: node.name })) {
    const own = new Map<string, Value>(body.input.map(({ name }) => [name, unknownValue()]));
    for (const message of body.initializer) own.set(message.name, weightOf(message));
    const scope: Scope = { get: (name) => own.get(name) ?? outer.get(name) };
    for (const inner of (graph.inline?.(body.node) ?? []).map(nodeOf)) {
      const results = unlessUnsafe(() => valuesOf(inner, scope));
      checkBodies(inner, scope, graph, valuesOf, depth + 1);
      for (const [i, name] of inner.outputs.entries()) own.set(name, results[i] ?? unknownValue());
    }
  }
}

/** The results of a node; none where something about it is not known. */
function unlessUnsafe(compute: () => readonly Value[]): readonly Value[] {
  try {
    return compute();
  } catch (error) {
    if (errorCode(error) === "unsafe-model") throw error;
    return [];
  }
}

const unknownValue = (): Value => ({ opaque: input("unknown", { shape: [] }) });

/** The value of an initializer, of which a large one is a shape. */
function weightOf(message: Parameters<typeof readTensor>[0]): Value {
  const read = [(_: string, __: number, n: number) => new Uint8Array(n), () => undefined] as const;
  if (isForeignType(message.dataType)) return foreignConstant(readForeignTensor(message, ...read));
  const tensor = readTensor(message, ...read);
  if (isShapeAlone(tensor)) return parameter(message.name, tensor);
  return staticTensor(tensor) ?? constant(tensor);
}
