import type { ReduceOp } from "../../expr/operations.ts";
import { asIs, type Emitter, type Emitters } from "../../onnx/emitter.ts";
import { int, ints } from "../../onnx/protobuf.ts";

/** Reductions take their axes as an input from opset `since` on, as an attribute before. */
const reduce =
  (since: number): Emitter<"ReduceSum" | "ReduceMean" | "ReduceMax"> =>
  ({ attributes: { axes, keepdims } }, [x], writer) => {
    const keep = int("keepdims", keepdims);
    return writer.opset >= since
      ? [[x, writer.ints(axes)], [keep]]
      : [[x], [ints("axes", axes), keep]];
  };

export const reduceEmitters: Emitters<ReduceOp> = {
  ReduceSum: reduce(13),
  ReduceMean: reduce(18),
  ReduceMax: reduce(18),
  Softmax: asIs,
};
