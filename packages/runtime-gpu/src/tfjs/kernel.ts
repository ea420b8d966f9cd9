import { type DType, type ExprOf, type Op, type Tensor, tensorNumbers } from "@gen/graph";
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

/** The type that TensorFlow.js holds a dtype as: every float is float32, every integer int32. */
export function storedDType(dtype: DType): "float32" | "int32" | "bool" {
  if (dtype === "int32" || dtype === "int64") return "int32";
  return dtype === "bool" ? "bool" : "float32";
}

/**
 * A copy of a tensor's elements as TensorFlow.js holds them.
 * @throws RangeError when an int64 does not fit int32.
 */
export function storedValues(values: Tensor): Float32Array | Int32Array | Uint8Array {
  const numbers = tensorNumbers(values);
  const stored = storedDType(values.dtype);
  if (stored === "float32") return Float32Array.from(numbers);
  if (stored === "bool") return Uint8Array.from(numbers);
  const integers = Int32Array.from(numbers);
  const wide = values.dtype === "int64" ? integers.findIndex((v, i) => v !== numbers[i]) : -1;
  if (wide < 0) return integers;
  throw new RangeError(`tfjs holds int64 as int32, which cannot be ${numbers[wide]}`);
}
