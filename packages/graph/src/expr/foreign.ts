import {
  type Expr,
  type ExprOf,
  expr,
  type Foreign,
  type ForeignNode,
  type LibraryModel,
  type Signature,
} from "./expr.ts";
import type { Shape } from "./shape.ts";
import type { DType } from "./tensor.ts";

export const isForeign = (e: Expr): e is Foreign => e.op === "Foreign";

let count = 0;

/** A foreign node. No two are equal, because some operations draw random numbers. */
export function foreign(node: ForeignNode, inputs: readonly Expr[], bytes = 0): Foreign {
  count++;
  // Not `{ ...expr(...), node }`: V8 makes a hidden class for each such object.
  const attributes = { id: count };
  return { op: "Foreign", inputs, attributes, dtype: "bool", shape: [bytes], node };
}

/** Result `index` of a foreign node. */
export const result = (of: Foreign, index: number, dtype: DType, shape: Shape): Expr =>
  expr("Result", [of], shape, { index }, dtype);

/**
 * The result of a model that one library alone runs. The backends of that library call it; others
 * refuse the graph, and there is no derivative.
 *
 * @param model The model and its library.
 * @param inputs The model's operands.
 * @param signature The result's shape and dtype.
 */
export function libraryCall(
  model: LibraryModel,
  inputs: readonly Expr[],
  { shape, dtype = "float32" }: Signature,
): Expr {
  const node: ForeignNode = {
    domain: model.library,
    opType: "Model",
    version: 1,
    attributes: [],
    operands: inputs.map(() => true),
    results: [true],
    missing: { name: model.name },
    model,
  };
  return result(foreign(node, inputs), 0, dtype, shape);
}

/** A result whose dtype or shape expressions lack; only foreign nodes may use it. */
export const opaqueResult = (of: Foreign, index: number): Expr =>
  expr("Result", [of], [0], { index, opaque: 1 }, "bool");

export const isOpaqueResult = (e: Expr): e is ExprOf<"Result"> =>
  e.op === "Result" && e.attributes.opaque === 1;

/** An operation that only one runtime computes, and how many nodes of a graph have it. */
export interface ForeignOperation {
  /** ONNX's name, with the domain unless that is ONNX's own: `com.microsoft.QuickGelu`. */
  readonly name: string;
  /** How many nodes have it. */
  readonly count: number;
  /** What graphs lack, for an operation of which they know other forms. */
  readonly reason?: string;
  /** The library that computes it. @defaultValue ONNX Runtime */
  readonly library?: string;
}

/**
 * The operations of `nodes` that only ONNX Runtime or another library computes, each once.
 *
 * @param graph A graph, or what holds its expressions.
 */
export function foreignOperations({
  nodes,
}: {
  /** The expressions. */
  nodes: readonly Expr[];
}): ForeignOperation[] {
  const found = new Map<string, ForeignOperation>();
  for (const node of nodes) {
    if (!isForeign(node) || !node.node.missing) continue;
    const { name, reason } = node.node.missing;
    const library = node.node.model?.library;
    const key = `${name} ${reason}`;
    const count = (found.get(key)?.count ?? 0) + 1;
    found.set(key, {
      name,
      count,
      ...(reason !== undefined && { reason }),
      ...(library !== undefined && { library }),
    });
  }
  return [...found.values()];
}

const SHOWN = 40;

/**
 * `TopK, com.microsoft.QuickGelu (3 nodes), Resize (2 nodes: mode "linear" is not supported)`.
 *
 * @param operations What `foreignOperations` found.
 */
export function foreignText(operations: readonly ForeignOperation[]): string {
  const texts = operations.slice(0, SHOWN).map(({ name, count, reason }) => {
    const notes = [...(count > 1 ? [`${count} nodes`] : []), ...(reason ? [reason] : [])];
    return notes.length > 0 ? `${name} (${notes.join(": ")})` : name;
  });
  const more = operations.length - SHOWN;
  return texts.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/**
 * What refuses foreign operations says of them: which they are, and who runs them.
 *
 * @param operations What `foreignOperations` found.
 */
export const foreignRunners = (operations: readonly ForeignOperation[]) =>
  operations.some(({ library }) => library !== undefined)
    ? { what: foreignText(operations), runners: "the backends of its library" }
    : { what: `${foreignText(operations)} from a model file`, runners: "ONNX Runtime's backends" };
