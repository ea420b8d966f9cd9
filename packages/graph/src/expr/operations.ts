import type { Tensor } from "./tensor.ts";

/** Properties of an operation that passes read. */
export interface Traits {
  /** Each element of the result is an element of an operand, or a constant of the operation. */
  readonly movesData?: true;
}

const computes: Traits = {};
const movesData: Traits = { movesData: true };

/** Operations on each element by itself, without attributes; operands broadcast. @internal */
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

/** No attributes. */
export type None = Readonly<Record<string, never>>;
/** An axis of the operand. */
type Axis = {
  /** The axis, 0-based. */
  readonly axis: number;
};
/** Which axes are reduced. */
type Reduction = {
  /** The axes, 0-based. */
  readonly axes: readonly number[];
  /** 1 keeps the reduced axes as dimensions of 1, 0 drops them. */
  readonly keepdims: number;
};
/** Which operands are transposed first. */
export type Transposes = {
  /** 1 where the operand's last two dimensions are swapped first. */
  readonly transA: number;
  /** 1 where the last two dimensions of the second operand are swapped first. */
  readonly transB: number;
};
/** What keeps a division from zero. */
export type Epsilon = {
  /** Added to the variance. */
  readonly epsilon: number;
};
/** Where the channels of an image are. */
type ImageLayout = {
  /** True where the channels are the last axis, as in graphs for TensorFlow.js. */
  readonly channelsLast?: boolean;
};

/** Operations that move elements. */
interface ArrangeAttributes {
  /** The new shape is the result's. */
  Reshape: None;
  /** Output dimension i is input dimension `perm[i]`. */
  Transpose: { readonly perm: readonly number[] };
  /** The axis that the operands are joined along. */
  Concat: Axis;
  /** A part of one axis. */
  Slice: Axis & {
    /** The first position. */
    readonly start: number;
    /** The position after the last one. */
    readonly end: number;
    /** The distance of two positions. */
    readonly step: number;
  };
  /** The counts before each dimension, then the counts after each. */
  Pad: {
    /** The counts before each dimension, then after each. */
    readonly pads: readonly number[];
    /** The number that is added. */
    readonly value: number;
  };
  /** The new shape is the result's. */
  Expand: None;
  /** The axis that is chosen from. */
  Gather: Axis;
}

/** Operations that reduce axes. */
interface ReduceAttributes {
  /** The sum over the axes. */
  ReduceSum: Reduction;
  /** The mean over the axes. */
  ReduceMean: Reduction;
  /** The largest element over the axes. */
  ReduceMax: Reduction;
  /** The axis that sums to 1. */
  Softmax: Axis;
}

/** Products of matrices, and what slides over images. */
interface ProductAttributes {
  /** Which operands are transposed first. */
  MatMul: Transposes;
  /** How the kernel moves. */
  Conv: {
    /** Pixels between two positions of the kernel. */
    readonly stride: number;
    /** Pixels between two taps of the kernel. */
    readonly dilation: number;
    /** `[top, left, bottom, right]`. */
    readonly pads: readonly [number, number, number, number];
    /** Groups of channels. */
    readonly group: number;
  };
  /** The blocks whose mean is taken. */
  AveragePool: ImageLayout & {
    /** The side of a block. */
    readonly size: number;
  };
  /** How much larger the image becomes. */
  Resize: ImageLayout & {
    /** How often each pixel is repeated along a side. */
    readonly scale: number;
  };
}

/** Operations that normalize. */
interface NormalizeAttributes {
  /** Which channels are normalized together. */
  GroupNormalization: ImageLayout &
    Epsilon & {
      /** How many groups of channels. */
      readonly groups: number;
    };
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
  /** A named input. */
  Input: None;
  /** A named weight. */
  Parameter: None;
  /** A constant. */
  Constant: {
    /** Its numbers. */
    readonly value: Tensor;
  };
  /** A mark for training. */
  Dropout: {
    /** The probability of being dropped. */
    readonly rate: number;
  };
  /** A mark for differentiation: the operand's values without its gradient. */
  StopGradient: None;
  /** A node of an ONNX file that is kept as it is; `id` distinguishes equal nodes. */
  Foreign: {
    /** Distinguishes equal nodes. */
    readonly id: number;
  };
  /** One result of a foreign node; `opaque` is 1 when expressions lack its dtype or shape. */
  Result: {
    /** Which result of the node. */
    readonly index: number;
    /** 1 when expressions lack its dtype or shape. */
    readonly opaque?: number;
  };
}

/** The name of an operation of graphs. */
export type Op = keyof Attributes;
/** An operation that moves elements. */
export type ArrangeOp = keyof ArrangeAttributes;
/** An operation that reduces axes. */
export type ReduceOp = keyof ReduceAttributes;
/** A product of matrices, or what slides over images. */
export type ProductOp = keyof ProductAttributes;
/** An operation that normalizes. */
export type NormalizeOp = keyof NormalizeAttributes;
/** Operations that backends compute: all but leaves, foreign nodes and marks. */
export type ComputedOp = ElementwiseOp | ArrangeOp | ReduceOp | ProductOp | NormalizeOp;

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

/**
 * The traits of an operation; undefined for one that backends do not compute.
 *
 * @param op The name of the operation.
 */
export const traitsOf = (op: string): Traits | undefined =>
  isElementwiseOp(op) ? elementwise[op] : others[op as keyof typeof others];
