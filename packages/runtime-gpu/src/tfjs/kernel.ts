import type { ExprOf, Op } from "@gen/graph";
import type * as tfjs from "@tensorflow/tfjs";

/** The module `@tensorflow/tfjs`. */
export type Tf = typeof tfjs;

/** Computes one node; `shape` is the node's, with every dimension known. */
export type Kernel<O extends Op> = (
  tf: Tf,
  inputs: tfjs.Tensor[],
  node: ExprOf<O>,
  shape: number[],
) => tfjs.Tensor;
