import { type Expr, topological, withInputs } from "@gen/graph";

/** Whether a value is an expression. */
export const isExpr = (value: unknown): value is Expr =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as Expr).op === "string" &&
  Array.isArray((value as Expr).inputs);

/** The expressions `roots`, rebuilt from their leaves: `change` gives each node's new form on its new operands. */
export function rebuild(
  roots: readonly Expr[],
  change: (node: Expr, operands: readonly Expr[]) => Expr,
): Expr[] {
  const made = new Map<Expr, Expr>();
  const of = (e: Expr) => made.get(e) as Expr;
  for (const node of topological(roots)) made.set(node, change(node, node.inputs.map(of)));
  return roots.map(of);
}

/** The expressions `roots`, in which each key of `places` is replaced by its value. */
export const substitute = (roots: readonly Expr[], places: ReadonlyMap<Expr, Expr>): Expr[] =>
  rebuild(roots, (node, operands) => places.get(node) ?? withInputs(node, operands));

/** A record of the same names, with `f` of each value. */
export const mapValues = <A, B>(
  record: Readonly<Record<string, A>>,
  f: (value: A) => B,
): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
