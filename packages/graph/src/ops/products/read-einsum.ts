import type { Expr } from "../../expr/expr.ts";
import { type Dim, elementCount, shapeText } from "../../expr/shape.ts";
import { label, unsupported } from "../../onnx/protobuf.ts";
import { reshape, transpose } from "../arrange/build.ts";
import { sum } from "../reduce/build.ts";
import { matmul } from "./build.ts";

/** Einstein's summation of one or two operands with distinct letters, as one matrix product. */
export function einsum(equation: string, operands: readonly Expr[]): Expr {
  const refuse = () =>
    unsupported(
      `equation ${label(equation)} is not supported for ${operands.map((o) => shapeText(o.shape)).join(" and ")}`,
    );
  const [left, given] = equation.replaceAll(/\s/g, "").split("->");
  const terms = left.split(",");
  const letters = left.replaceAll(",", "");
  const once = [...letters].filter((l) => letters.split(l).length === 2).sort();
  const out = given ?? once.join("");
  const plain = [...terms, out].every((t) => /^[A-Za-z]*$/.test(t) && new Set(t).size === t.length);
  if (!plain || terms.length !== operands.length || terms.length > 2) throw refuse();
  if (terms.some((t, i) => t.length !== operands[i].shape.length)) throw refuse();
  if ([...out].some((l) => !letters.includes(l))) throw refuse();

  // First, a letter that only one operand has, and not the result, is summed away.
  const kept = operands.map((x, i) => {
    const other = (terms[1 - i] ?? "") + out;
    const away = [...terms[i]].flatMap((l, axis) => (other.includes(l) ? [] : [axis]));
    terms[i] = [...terms[i]].filter((l) => other.includes(l)).join("");
    return away.length > 0 ? sum(x, away) : x;
  });
  const [a, b] = kept;
  const toOut = (x: Expr, term: string | string[]) => {
    const order = [...out].map((l) => term.indexOf(l));
    return transpose(x, order);
  };
  if (!b) return toOut(a, terms[0]);
  const sizes = new Map<string, Dim>();
  kept.forEach((x, i) => [...terms[i]].forEach((l, axis) => sizes.set(l, x.shape[axis])));
  const batch = [...terms[0]].filter((l) => terms[1].includes(l) && out.includes(l));
  const inner = [...terms[0]].filter((l) => terms[1].includes(l) && !out.includes(l));
  const rows = [...terms[0]].filter((l) => !terms[1].includes(l));
  const columns = [...terms[1]].filter((l) => !terms[0].includes(l));
  const dims = (group: string[]) => group.map((l) => sizes.get(l) as Dim);
  const matrix = (x: Expr, term: string, m: string[], n: string[]) => {
    const order = [...batch, ...m, ...n].map((l) => term.indexOf(l));
    const sides = [m, n].map((group) => elementCount(dims(group)));
    return reshape(transpose(x, order), [...dims(batch), ...sides]);
  };
  const product = matmul(matrix(a, terms[0], rows, inner), matrix(b, terms[1], inner, columns));
  const letterOrder = [...batch, ...rows, ...columns];
  return toOut(reshape(product, dims(letterOrder)), letterOrder);
}
