import type { ArrangeOp } from "../../expr/operations.ts";
import { tensor } from "../../expr/tensor.ts";
import { asIs, type Emitter, type Emitters } from "../../onnx/emitter.ts";
import { int } from "../../onnx/protobuf.ts";

/** A dimension of the operand is copied (0), one other may follow from the rest (-1). */
const reshape: Emitter<"Reshape"> = (e, [x], writer) => {
  const from = e.inputs[0].shape;
  const target = e.shape.map((d, i) => (typeof d === "string" && d === from[i] ? 0 : d));
  const open = target.filter((d) => typeof d === "string");
  if (e.shape.includes(0)) return [[x, writer.shape(e.shape)], [int("allowzero", 1)]];
  if (open.length > 1) return [[x, writer.shape(e.shape)]];
  return [[x, writer.ints(target.map((d) => (typeof d === "string" ? -1 : d)))]];
};

const expand: Emitter<"Expand"> = (e, [x, like], writer) => {
  if (like !== undefined) return [[x, writer.node("Shape", [like])]];
  const from = e.inputs[0].shape;
  const offset = e.shape.length - from.length;
  // Expand broadcasts both ways, so that a 1 leaves the operand's own dimension.
  return [[x, writer.shape(e.shape.map((d, i) => (d === from[i - offset] ? 1 : d)))]];
};

export const arrangeEmitters: Emitters<ArrangeOp> = {
  Reshape: reshape,
  Transpose: asIs,
  Concat: asIs,
  Slice: ({ attributes: { start, end, axis, step } }, [x], writer) => [
    [x, ...[start, end, axis, step].map((value) => writer.ints([value]))],
  ],
  Pad: ({ attributes: { pads, value }, dtype }, [x], writer) => {
    const fill = value === 0 ? [] : [writer.constant(tensor([value], [], dtype))];
    return [[x, writer.ints(pads), ...fill]];
  },
  Expand: expand,
  Gather: asIs,
};
