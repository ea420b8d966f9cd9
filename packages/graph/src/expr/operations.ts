import type { Tensor } from "./tensor.ts";

/** Properties of an operation that passes read. */
export interface Traits {
  /** Each element of the result is an element of an operand, or a constant of the operation. */
  readonly movesData?: true;
}

const computes: Traits = {};
const movesData: Traits = { movesData: true };

/** Operations on each element by itself, without attributes; operands broadcast. */
const elementwise = {
  Add: computes,
  Sub: computes,
  Mul: computes,
  Div: computes,
  Pow: computes,
  Max: movesData,
  Min: movesData,
  Greater: computes,
  Less: computes,
  Equal: computes,
  Where: movesData,
  Cast: computes,
  Neg: computes,
  Exp: computes,
  Log: computes,
  Sqrt: computes,
  Abs: computes,
  Sign: computes,
  Sin: computes,
  Cos: computes,
  Tanh: computes,
  Sigmoid: computes,
  Softplus: computes,
  Relu: computes,
  Erf: computes,
  Floor: computes,
};

/** An operation on each element by itself; operands broadcast. */
export type ElementwiseOp = keyof typeof elementwise;

type None = Readonly<Record<string, never>>;
type Axis = { readonly axis: number };
type Reduction = {
  readonly axes: readonly number[];
  /** 1 keeps the reduced axes as dimensions of 1, 0 drops them. */
  readonly keepdims: number;
};
type Transposes = {
  /** 1 where the operand's last two dimensions are swapped first. */
  readonly transA: number;
  readonly transB: number;
};
type Epsilon = { readonly epsilon: number };
type ImageLayout = {
  /** True where the channels are the last axis, as in graphs for TensorFlow.js. */
  readonly channelsLast?: boolean;
};

interface ArrangeAttributes {
  Reshape: None;
  /** Output dimension i is input dimension `perm[i]`. */
  Transpose: { readonly perm: readonly number[] };
  Concat: Axis;
  Slice: Axis & { readonly start: number; readonly end: number; readonly step: number };
  /** The counts before each dimension, then the counts after each. */
  Pad: { readonly pads: readonly number[]; readonly value: number };
  Expand: None;
  Gather: Axis;
}

interface ReduceAttributes {
  ReduceSum: Reduction;
  ReduceMean: Reduction;
  ReduceMax: Reduction;
  Softmax: Axis;
}

interface ProductAttributes {
  MatMul: Transposes;
  Conv: {
    readonly stride: number;
    /** Pixels between two taps of the kernel. */
    readonly dilation: number;
    /** `[top, left, bottom, right]`. */
    readonly pads: readonly [number, number, number, number];
    readonly group: number;
  };
  AveragePool: ImageLayout & { readonly size: number };
  Resize: ImageLayout & { readonly scale: number };
}

interface NormalizeAttributes {
  GroupNormalization: ImageLayout & Epsilon & { readonly groups: number };
}

/**
 * The operations of graphs and their attributes; names are ONNX's.
 * A new operation starts in the group of its folder under `ops/`; the compiler then names each
 * table that lacks it.
 */
export interface Attributes
  extends Record<ElementwiseOp, None>,
    ArrangeAttributes,
    ReduceAttributes,
    ProductAttributes,
    NormalizeAttributes {
  Input: None;
  Parameter: None;
  Constant: { readonly value: Tensor };
  Dropout: { readonly rate: number };
  /** A node of an ONNX file that is kept as it is; `id` distinguishes equal nodes. */
  Foreign: { readonly id: number };
  /** One result of a foreign node; `opaque` is 1 when expressions lack its dtype or shape. */
  Result: { readonly index: number; readonly opaque?: number };
}

/** The name of an operation of graphs. */
export type Op = keyof Attributes;
export type ArrangeOp = keyof ArrangeAttributes;
export type ReduceOp = keyof ReduceAttributes;
export type ProductOp = keyof ProductAttributes;
export type NormalizeOp = keyof NormalizeAttributes;
/** Operations that backends compute: all but leaves, foreign nodes and dropout. */
export type ComputedOp = ElementwiseOp | ArrangeOp | ReduceOp | ProductOp | NormalizeOp;

/** A convolution's attributes in ONNX, with a number for each axis. */
type Window = {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly group: number;
};

/** Operations that only ONNX files have. Passes before writing put them into graphs. */
export interface OnnxForms {
  Gemm: Transposes;
  InstanceNormalization: Epsilon;
  LayerNormalization: Epsilon;
  BatchNormalization: Epsilon;
  GlobalAveragePool: None;
  /** ONNX's Conv with numbers for each axis: of lines, images or volumes. */
  ConvNd: Window;
  "com.microsoft.nchwc.ReorderInput": None;
  "com.microsoft.nchwc.ReorderOutput": { readonly channels: number };
  "com.microsoft.nchwc.Conv": Window;
}

const others: { readonly [O in Exclude<ComputedOp, ElementwiseOp>]: Traits } = {
  Reshape: movesData,
  Transpose: movesData,
  Concat: movesData,
  Slice: movesData,
  Pad: movesData,
  Expand: movesData,
  Gather: movesData,
  ReduceSum: computes,
  ReduceMean: computes,
  ReduceMax: computes,
  Softmax: computes,
  MatMul: computes,
  Conv: computes,
  AveragePool: computes,
  Resize: movesData,
  GroupNormalization: computes,
};

/** Whether an operation works on each element by itself. */
export const isElementwiseOp = (op: string): op is ElementwiseOp => op in elementwise;

/** Every operation that backends compute. */
export const computedOps = (): ComputedOp[] =>
  Object.keys({ ...elementwise, ...others }) as ComputedOp[];

/** The traits of an operation; undefined for one that backends do not compute. */
export const traitsOf = (op: string): Traits | undefined =>
  isElementwiseOp(op) ? elementwise[op] : others[op as keyof typeof others];
