import { type Expr, type ExprOf, expr, type Foreign } from "./expr.ts";
import type { ForeignNode } from "./foreign-node.ts";
import type { Shape } from "./shape.ts";
import type { DType } from "./tensor.ts";

export const isForeign = (e: Expr): e is Foreign => e.op === "Foreign";

let made = 0;

/** Every one is another expression, also where two are alike: some draw random numbers. */
export function foreign(node: ForeignNode, inputs: readonly Expr[], bytes = 0): Foreign {
  made++;
  return { ...expr("Foreign", inputs, [bytes], { id: made }, "bool"), node };
}

/** Result `index` of a foreign node, as the expression that it is. */
export const result = (of: Foreign, index: number, dtype: DType, shape: Shape): Expr =>
  expr("Result", [of], shape, { index }, dtype);

/** A result of no dtype or shape that expressions have: only foreign nodes may use it. */
export const opaqueResult = (of: Foreign, index: number): Expr =>
  expr("Result", [of], [0], { index, opaque: 1 }, "bool");

/** Whether `e` is a result of no dtype or shape that expressions have. */
export const isOpaqueResult = (e: Expr): e is ExprOf<"Result"> =>
  e.op === "Result" && e.attributes.opaque === 1;

/** An operation that only ONNX Runtime computes, and how many nodes of a graph have it. */
export interface ForeignOperation {
  /** As ONNX files have it, with its domain unless that is ONNX's own: `com.microsoft.QuickGelu`. */
  readonly name: string;
  readonly count: number;
  /** What about it graphs here do not have, where other forms of it are known. */
  readonly reason?: string;
}

/** The operations of `nodes` that only ONNX Runtime computes, each once. */
export function foreignOperations({
  nodes,
}: {
  readonly nodes: readonly Expr[];
}): ForeignOperation[] {
  const found = new Map<string, ForeignOperation>();
  for (const node of nodes) {
    if (!isForeign(node) || !node.node.missing) continue;
    const { name, reason } = node.node.missing;
    const key = `${name} ${reason}`;
    const count = (found.get(key)?.count ?? 0) + 1;
    found.set(key, { name, count, ...(reason !== undefined && { reason }) });
  }
  return [...found.values()];
}

const shown = 40;

/** `TopK, com.microsoft.QuickGelu (3 nodes), Resize (2 nodes: mode "linear" is not supported, only nearest)`. */
export function foreignText(operations: readonly ForeignOperation[]): string {
  const texts = operations.slice(0, shown).map(({ name, count, reason }) => {
    const notes = [...(count > 1 ? [`${count} nodes`] : []), ...(reason ? [reason] : [])];
    return notes.length > 0 ? `${name} (${notes.join(": ")})` : name;
  });
  const more = operations.length - shown;
  return texts.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
