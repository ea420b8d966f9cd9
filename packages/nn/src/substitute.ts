import type { Expr } from "@gen/graph";
import { rebuild, withInputs } from "@gen/graph/compiler";

/** Expressions by name. */
export type Exprs = Record<string, Expr>;

/** Whether a value is an expression. */
export const isExpr = (value: unknown): value is Expr =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as Expr).op === "string" &&
  Array.isArray((value as Expr).inputs);

/** The same expressions with each key of `places` replaced by its value. */
export const substitute = (roots: Readonly<Exprs>, places: ReadonlyMap<Expr, Expr>): Exprs =>
  rebuild(roots, (node, operands) => places.get(node) ?? withInputs(node, operands));

/** A record of the same names, with `f` of each value. */
export const mapValues = <A, B>(
  record: Readonly<Record<string, A>>,
  f: (value: A, name: string) => B,
): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
