import type { Expr } from "@gen/graph";
import type * as tfjs from "@tensorflow/tfjs";

/** The module `@tensorflow/tfjs`. */
export type Tf = typeof tfjs;

/** Computes one node; `shape` is the node's, with every dimension known. */
export type Kernel = (tf: Tf, inputs: tfjs.Tensor[], node: Expr, shape: number[]) => tfjs.Tensor;
