import type { Expr } from "../../expr/expr.ts";
import { elementCount } from "../../expr/shape.ts";
import { reshape } from "../arrange/build.ts";
import { type Rule, sumToShape, whole } from "../rule.ts";
import { matmul } from "./build.ts";

/** The gradients of a matrix product are matrix products: transposes are flags, never copies. */
export const matmulRule: Rule<"MatMul"> = (g, y) => {
  const [a, b] = y.inputs;
  const transposeA = y.attributes.transA === 1;
  const transposeB = y.attributes.transB === 1;
  const full = whole(g, y);
  if (isWeight(a, b, transposeA)) {
    // One large product in place of one for every leading index, whose results would need a sum.
    const rows = flatten(a);
    const out = flatten(full);
    return [
      () => reshape(matmul(out, b, { transposeB: !transposeB }), a.shape),
      () => rightGradient(out, rows, false, transposeB),
    ];
  }
  return [
    () => sumToShape(leftGradient(full, b, transposeA, transposeB), a.shape),
    () => sumToShape(rightGradient(full, a, transposeA, transposeB), b.shape),
  ];
};

function isWeight(a: Expr, b: Expr, transposeA: boolean): boolean {
  const symbols = new Set(a.shape.filter((d) => typeof d === "string"));
  return b.shape.length === 2 && a.shape.length > 2 && !transposeA && symbols.size < 2;
}

const flatten = (x: Expr) => {
  const last = x.shape.length - 1;
  return reshape(x, [elementCount(x.shape.slice(0, last)), x.shape[last]]);
};

const leftGradient = (g: Expr, b: Expr, transposeA: boolean, transposeB: boolean): Expr =>
  transposeA
    ? matmul(b, g, { transposeA: transposeB, transposeB: true })
    : matmul(g, b, { transposeB: !transposeB });

const rightGradient = (g: Expr, a: Expr, transposeA: boolean, transposeB: boolean): Expr =>
  transposeB
    ? matmul(g, a, { transposeA: true, transposeB: transposeA })
    : matmul(a, g, { transposeA: !transposeA });
