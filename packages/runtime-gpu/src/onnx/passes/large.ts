import { type Expr, elementCount } from "@gen/graph";

/** Whether a pass over a value takes longer than starting an operation; not where its size is unknown. */
export const isLarge = ({ shape }: Expr): boolean => Number(elementCount(shape)) >= 2 ** 15;
