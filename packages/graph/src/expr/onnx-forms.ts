import type { Epsilon, None, Transposes } from "./operations.ts";

/** A convolution's attributes in ONNX, with a number for each axis. @internal */
type Window = {
  /** The sides of the kernel. */
  readonly kernel_shape: readonly number[];
  /** Pixels between two positions, along each axis. */
  readonly strides: readonly number[];
  /** Pixels between two taps, along each axis. */
  readonly dilations: readonly number[];
  /** Zeros before each axis, then after each. */
  readonly pads: readonly number[];
  /** Groups of channels. */
  readonly group: number;
};

/**
 * Operations that only ONNX files have. Passes before writing put them into graphs.
 *
 * @internal
 */
export interface OnnxForms {
  /** A product of matrices, with a bias. */
  Gemm: Transposes;
  /** Every channel is a group. */
  InstanceNormalization: Epsilon;
  /** Over the last dimension. */
  LayerNormalization: Epsilon;
  /** By statistics of the training. */
  BatchNormalization: Epsilon;
  /** The mean of each channel. */
  GlobalAveragePool: None;
  /** ONNX's Conv with numbers for each axis: of lines, images or volumes. */
  ConvNd: Window;
  /** Into ONNX Runtime's layout of blocks of channels. */
  "com.microsoft.nchwc.ReorderInput": None;
  /** Out of this layout. */
  "com.microsoft.nchwc.ReorderOutput": {
    /** The channels of the result. */
    readonly channels: number;
  };
  /** A convolution in this layout. */
  "com.microsoft.nchwc.Conv": Window;
}
