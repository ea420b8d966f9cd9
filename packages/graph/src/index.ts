export * from "./arrange.ts";
export { type Bindings, bindDims, resolveShape } from "./bind-dims.ts";
export { dropout } from "./dropout.ts";
export * from "./elementwise.ts";
export { compileEvaluation, evaluate, type Tensors } from "./evaluate.ts";
export {
  type Attribute,
  constant,
  type Expr,
  type Input,
  input,
  isInput,
  isParameter,
  type Operand,
  type Parameter,
  parameter,
  type Signature,
} from "./expr.ts";
export { exprArithmetic } from "./expr-arithmetic.ts";
export { type ForeignOperation, foreignOperations, foreignText } from "./foreign.ts";
export { groupRate, groupStatistics } from "./gradients/group-normalization.ts";
export { gradients } from "./gradients.ts";
export { fromOnnx, type OnnxModel } from "./onnx/from-onnx.ts";
export { OnnxError } from "./onnx/protobuf.ts";
export type { OnnxReadOptions } from "./onnx/read-graph.ts";
export type { ExternalData } from "./onnx/read-tensor.ts";
export { type OnnxOptions, toOnnx } from "./onnx/to-onnx.ts";
export { simplify } from "./passes.ts";
export * from "./products.ts";
export * from "./reduce.ts";
export { type Dim, elementCount, type Shape, shapeText, staticShape } from "./shape.ts";
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
  toFloat16,
} from "./tensor.ts";
export {
  type Graph,
  graphOf,
  parametersAsInputs,
  parametersOf,
  rewrite,
  topological,
  trace,
  usesIn,
  withInputs,
} from "./trace.ts";
