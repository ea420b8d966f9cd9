export {
  constant,
  type Expr,
  type ExprOf,
  type Input,
  input,
  type Operand,
  type Parameter,
  parameter,
  type Signature,
} from "./expr/expr.ts";
export type { Attributes, Op } from "./expr/operations.ts";
export { type Dim, elementCount, type Shape, shapeText } from "./expr/shape.ts";
export {
  bytesPerElement,
  type DType,
  fromFloat16,
  isFloat,
  type Tensor,
  type TensorData,
  tensor,
  tensorData,
  tensorNumbers,
} from "./expr/tensor.ts";
export { type Graph, graphOf, parametersOf, trace } from "./expr/trace.ts";
export { exprArithmetic } from "./expr-arithmetic.ts";
export { gradients } from "./gradients.ts";
export * from "./ops/arrange/build.ts";
export * from "./ops/elementwise/build.ts";
export * from "./ops/normalize/build.ts";
export * from "./ops/products/build.ts";
export * from "./ops/reduce/build.ts";
