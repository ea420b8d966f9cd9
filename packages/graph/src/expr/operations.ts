import type { Tensor } from "./tensor.ts";

type None = Readonly<Record<string, never>>;
type Axis = {
  readonly axis: number;
};
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
type Epsilon = {
  readonly epsilon: number;
};
type ImageLayout = {
  /** True where the channels are the last axis, as in graphs for TensorFlow.js. */
  readonly channelsLast?: boolean;
};

interface LeafAttributes {
  Input: None;
  Parameter: None;
  Constant: { readonly value: Tensor };
}

interface ElementwiseAttributes {
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Pow: None;
  Max: None;
  Min: None;
  Greater: None;
  Less: None;
  Equal: None;
  Where: None;
  Cast: None;
  Neg: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Abs: None;
  Sign: None;
  Sin: None;
  Cos: None;
  Tanh: None;
  Sigmoid: None;
  Softplus: None;
  Relu: None;
  Erf: None;
  Floor: None;
}

interface ArrangeAttributes {
  Reshape: None;
  /** Output dimension i is input dimension `perm[i]`. */
  Transpose: { readonly perm: readonly number[] };
  Concat: Axis;
  Slice: Axis & { readonly start: number; readonly end: number; readonly step: number };
  /** First what is added before each dimension, then what is added after each. */
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

interface KeptAttributes {
  /** A node of an ONNX file that is kept as it is; `id` tells nodes apart that are otherwise equal. */
  Foreign: { readonly id: number };
  /** One result of a foreign node; `opaque` is 1 where its dtype or shape is none of a graph's. */
  Result: { readonly index: number; readonly opaque?: number };
}

/**
 * The operations of graphs and their attributes; names are ONNX's.
 * A new operation starts in the group of its folder under `ops/`.
 * The compiler then names each table that lacks it.
 */
export interface Attributes
  extends LeafAttributes,
    ElementwiseAttributes,
    ArrangeAttributes,
    ReduceAttributes,
    ProductAttributes,
    NormalizeAttributes,
    KeptAttributes {
  Dropout: { readonly rate: number };
}

/** The name of an operation of graphs. */
export type Op = keyof Attributes;
/** Operations on each element by itself; operands broadcast. */
export type ElementwiseOp = keyof ElementwiseAttributes;
export type ArrangeOp = keyof ArrangeAttributes;
export type ReduceOp = keyof ReduceAttributes;
export type ProductOp = keyof ProductAttributes;
export type NormalizeOp = keyof NormalizeAttributes;
/** Operations that backends compute: all but leaves, nodes of files, and dropout, which no graph holds. */
export type ComputedOp = ElementwiseOp | ArrangeOp | ReduceOp | ProductOp | NormalizeOp;

/** Forms that only ONNX files have. Passes before writing put them into graphs. */
export interface OnnxForms {
  Gemm: Transposes;
  InstanceNormalization: Epsilon;
  LayerNormalization: Epsilon;
  BatchNormalization: Epsilon;
  GlobalAveragePool: None;
  "com.microsoft.nchwc.ReorderInput": None;
  "com.microsoft.nchwc.ReorderOutput": { readonly channels: number };
  "com.microsoft.nchwc.Conv": {
    readonly kernel_shape: readonly number[];
    readonly strides: readonly number[];
    readonly dilations: readonly number[];
    readonly pads: readonly number[];
    readonly group: number;
  };
}

/** What passes need to know of an operation. */
export interface Traits {
  /** Each element of the result is computed from one element of each operand; operands broadcast. */
  readonly elementwise?: true;
  /** Each element of the result is an element of an operand, or a constant of the operation. */
  readonly movesData?: true;
}

const elementwise = { elementwise: true } as const;
const movesData = { movesData: true } as const;
const picks = { elementwise: true, movesData: true } as const;
const other = {};

/** The traits of every computed operation. */
export const traits: {
  readonly [O in ComputedOp]: O extends ElementwiseOp ? typeof elementwise : Traits;
} = {
  Add: elementwise,
  Sub: elementwise,
  Mul: elementwise,
  Div: elementwise,
  Pow: elementwise,
  Max: picks,
  Min: picks,
  Greater: elementwise,
  Less: elementwise,
  Equal: elementwise,
  Where: picks,
  Cast: elementwise,
  Neg: elementwise,
  Exp: elementwise,
  Log: elementwise,
  Sqrt: elementwise,
  Abs: elementwise,
  Sign: elementwise,
  Sin: elementwise,
  Cos: elementwise,
  Tanh: elementwise,
  Sigmoid: elementwise,
  Softplus: elementwise,
  Relu: elementwise,
  Erf: elementwise,
  Floor: elementwise,
  Reshape: movesData,
  Transpose: movesData,
  Concat: movesData,
  Slice: movesData,
  Pad: movesData,
  Expand: movesData,
  Gather: movesData,
  ReduceSum: other,
  ReduceMean: other,
  ReduceMax: other,
  Softmax: other,
  MatMul: other,
  Conv: other,
  AveragePool: other,
  Resize: movesData,
  GroupNormalization: other,
};

/** The traits of an operation by name; none for one that backends do not compute. */
export const traitsOf = (op: string): Traits => (op in traits ? traits[op as ComputedOp] : other);
