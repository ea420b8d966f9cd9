/*
 * ONNX's Attention (operator set 23) in the operations of graphs:
 *
 *   Y = softmax(scale Q K^T + mask) V        [batch, heads, queries, width]
 *
 * Q, K and V are [batch, heads, length, width], or [batch, length, heads * width] with the numbers of
 * heads as attributes. Fewer heads of K and V serve the heads of Q in groups.
 */
import { constant, type Expr } from "../../expr/expr.ts";
import { elementCount, type Shape, shapeText } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import type { NodeReader } from "../../onnx/node-reader.ts";
import { invalidModel, unsupported } from "../../onnx/protobuf.ts";
import { concat, expand, reshape, transpose } from "../arrange/build.ts";
import { add, mul, where } from "../elementwise/build.ts";
import { softmax } from "../reduce/build.ts";
import { matmul } from "./build.ts";

/** The longest side of a causal mask. */
const LONGEST = 2048;

/** `[Y, present key, present value]`. */
export function readAttention(node: NodeReader): readonly Expr[] {
  if (node.float("softcap", 0) !== 0) throw unsupported("a softcap is not supported");
  const q = byHeads(node, 0, "q_num_heads");
  const k = withPast(node, 4, byHeads(node, 1, "kv_num_heads"));
  const v = withPast(node, 5, byHeads(node, 2, "kv_num_heads"));
  const [heads, ofKeys] = [q.shape[1], k.shape[1]];
  const [width, length] = [q.shape[3], k.shape[2]];
  if (typeof heads !== "number" || typeof ofKeys !== "number" || typeof width !== "number") {
    throw unsupported("heads and their width must have fixed sizes");
  }
  if (heads % ofKeys !== 0 || v.shape[1] !== ofKeys || v.shape[2] !== length) {
    const shapes = [q, k, v].map(({ shape }) => shapeText(shape)).join(", ");
    throw invalidModel(`queries, keys and values do not fit: ${shapes}`);
  }
  const repeated = (x: Expr) => repeatHeads(x, heads / ofKeys);
  const scores = matmul(q, repeated(k), { transposeB: true });
  const scaled = mul(scores, node.float("scale", 1 / Math.sqrt(width)));
  const weights = softmax(masked(node, scaled), -1);
  const y = matmul(weights, repeated(v));
  return [node.x(0).shape.length === 3 ? joined(y) : y, k, v];
}

/** Operand `i` as `[batch, heads, length, width]`. */
function byHeads(node: NodeReader, i: number, attribute: string): Expr {
  const x = node.x(i);
  if (x.shape.length === 4) return x;
  const [batch, length, features] = x.shape;
  const heads = node.int(attribute, 0);
  if (x.shape.length !== 3 || !(Number(features) % heads === 0)) {
    throw invalidModel(`operand ${i} ${shapeText(x.shape)} has no ${heads} heads (${attribute})`);
  }
  return transpose(reshape(x, [batch, length, heads, Number(features) / heads]), [0, 2, 1, 3]);
}

const withPast = (node: NodeReader, i: number, x: Expr): Expr =>
  node.has(i) ? concat([node.x(i), x], 2) : x;

/** Each head `times` times in a row. */
function repeatHeads(x: Expr, times: number): Expr {
  if (times === 1) return x;
  const [batch, heads, length, width] = x.shape;
  const each = reshape(x, [batch, heads, 1, length, width]);
  const wide = expand(each, [batch, heads, times, length, width]);
  return reshape(wide, [batch, Number(heads) * times, length, width]);
}

/** Scores with the mask of operand 3, which is added or tells by true what counts, and the causal one. */
function masked(node: NodeReader, scores: Expr): Expr {
  const least = scores.dtype === "float16" ? -65504 : -3.4e38;
  const hide = (keep: Expr) =>
    where(
      keep,
      constant(tensor([0], [], scores.dtype)),
      constant(tensor([least], [], scores.dtype)),
    );
  const given = node.optional(3);
  const sum = given ? add(scores, given.dtype === "bool" ? hide(given) : given) : scores;
  if (node.int("is_causal", 0) !== 1) return sum;
  if (node.has(4)) throw unsupported("is_causal with a past is not supported");
  return add(sum, hide(lowerTriangle(scores.shape.slice(2))));
}

function lowerTriangle([queries, keys]: Shape): Expr {
  if (!(Number(queries) <= LONGEST && Number(keys) <= LONGEST)) {
    throw unsupported(
      `a causal mask needs at most ${LONGEST} fixed positions, got ${queries} x ${keys}`,
    );
  }
  const [rows, columns] = [Number(queries), Number(keys)];
  const kept = Uint8Array.from({ length: rows * columns }, (_, i) =>
    Number(i % columns <= Math.floor(i / columns)),
  );
  return constant(tensor(kept, [rows, columns], "bool"));
}

/** `[batch, heads, length, width]` as `[batch, length, heads * width]`. */
function joined(y: Expr): Expr {
  const [batch, heads, length, width] = y.shape;
  return reshape(transpose(y, [0, 2, 1, 3]), [batch, length, elementCount([heads, width])]);
}
