import { constant, type Expr } from "../../expr/expr.ts";
import { type Dim, elementCount, shapeText } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import type { NodeReader } from "../../onnx/node-reader.ts";
import { invalidModel, unsupported } from "../../onnx/protobuf.ts";
import { add, less, mul, where } from "../elementwise/build.ts";
import { gather, reshape, slice } from "./build.ts";

/** The longest common dimension. */
const MOST_POSITIONS = 2 ** 20;

/** Slices of `x` at positions in its first dimensions, after `batch_dims` common dimensions. */
export function gatherNd(node: NodeReader): Expr {
  const [x, indices] = [node.x(0), node.x(1)];
  const common = node.int("batch_dims", 0);
  const depth = indices.shape[indices.shape.length - 1];
  if (typeof depth !== "number") throw unsupported(`it needs a fixed depth, got ${depth}`);
  const end = common + depth;
  if (!(depth >= 1 && common < indices.shape.length && end <= x.shape.length)) {
    const shapes = `${shapeText(x.shape)} and ${shapeText(indices.shape)}`;
    throw invalidModel(`${shapes} do not fit with batch_dims ${common}`);
  }
  const places = indices.shape.slice(0, -1);
  let flat: Expr | undefined;
  for (let axis = 0; axis < end; axis++) {
    const size = x.shape[axis];
    const at =
      axis < common
        ? positionsAlong(size, axis, places.length)
        : reshape(slice(indices, -1, axis - common, axis - common + 1), places);
    // The first position counts from the end of the flat dimension where it is negative.
    const isFirst = flat === undefined;
    if (!isFirst && typeof size !== "number") {
      throw unsupported(`it needs a fixed size, got the dimension ${size}`);
    }
    const place = isFirst || axis < common ? at : where(less(at, 0), add(at, Number(size)), at);
    flat = flat ? add(mul(flat, Number(size)), place) : place;
  }
  const count = elementCount(x.shape.slice(0, end));
  return gather(reshape(x, [count, ...x.shape.slice(end)]), flat as Expr, 0);
}

/** 0, 1, ... along one of `rank` dimensions. */
function positionsAlong(size: Dim, axis: number, rank: number): Expr {
  if (typeof size !== "number" || size > MOST_POSITIONS) {
    throw unsupported(`it needs a fixed size, got the dimension ${size}`);
  }
  const shape = Array.from({ length: rank }, (_, i) => (i === axis ? size : 1));
  return constant(
    tensor(
      Array.from({ length: size }, (_, i) => i),
      shape,
      "int64",
    ),
  );
}
