/**
 * Graphs as ONNX files: `toOnnx` writes a graph, `fromOnnx` reads a model as a function of `Expr`.
 * @module
 */
export { foreignOperations } from "./expr/foreign.ts";
export type { WholeFile } from "./expr/model-file.ts";
export { fromOnnx, type OnnxModel } from "./onnx/from-onnx.ts";
export { MAX_FILE_BYTES } from "./onnx/limits.ts";
export { modelHeaders } from "./onnx/model-headers.ts";
export { readModelLayout } from "./onnx/model-layout.ts";
export { replaceInitializer } from "./onnx/replace-initializer.ts";
export { toOnnx } from "./onnx/to-onnx.ts";
export { fileOf, wholeModel } from "./onnx/whole-model.ts";
