import type { ProductOp } from "../../expr/operations.ts";
import { tensor } from "../../expr/tensor.ts";
import type { Emitters } from "../../onnx/emitter.ts";
import { int, ints, text } from "../../onnx/protobuf.ts";

export const productEmitters: Emitters<ProductOp> = {
  /** Without transposes; `lower` has made those into other nodes. */
  MatMul: (_, inputs) => [inputs],
  Conv: ({ attributes: { stride, pads, group }, inputs: [, weight] }, inputs) => [
    inputs,
    [
      ints("kernel_shape", weight.shape.slice(2) as number[]),
      ints("strides", [stride, stride]),
      ints("pads", pads),
      int("group", group),
    ],
  ],
  AveragePool: ({ attributes: { size } }, inputs) => [
    inputs,
    [ints("kernel_shape", [size, size]), ints("strides", [size, size])],
  ],
  Resize: ({ attributes: { scale } }, [x], writer) => [
    [x, "", writer.constant(tensor([1, 1, scale, scale]))],
    [
      text("mode", "nearest"),
      text("coordinate_transformation_mode", "asymmetric"),
      text("nearest_mode", "floor"),
    ],
  ],
};
