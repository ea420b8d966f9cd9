/*
 * Weights in int8, in a quarter of the bytes: q = round(w / s) and w ~ s q, with s = max |w| / 127
 * for each output feature. A DequantizeLinear node gives the floats back, so no data are needed to
 * calibrate.
 *
 *   NAME.int8, NAME.scale -> DequantizeLinear -> NAME
 */
import { type Expr, isParameter, type Parameter } from "../expr/expr.ts";
import { isForeign } from "../expr/foreign.ts";
import { tensor, tensorNumbers } from "../expr/tensor.ts";
import { elementType, type TensorInit } from "./messages.ts";
import type { OnnxWriter } from "./onnx-writer.ts";
import { int, tensorMessage } from "./protobuf.ts";

/** The fewest weights that share a scale: of fewer, the scales take what the weights save. */
const FEWEST = 16;

/**
 * The weights that int8 makes smaller, each with the axis of its output features: operands of
 * products and convolutions.
 */
export function int8Axes(nodes: readonly Expr[]): ReadonlyMap<Expr, number> {
  const axes = new Map<Expr, number>();
  for (const node of nodes) {
    for (const [at, weight] of node.inputs.entries()) {
      if (!isParameter(weight) || axes.has(weight)) continue;
      const axis = axisOf(node, at, weight);
      if (axis !== undefined && isLarge(weight, axis)) axes.set(weight, axis);
    }
  }
  return axes;
}

/** The axis of a weight's output features where it is operand number `at` of a node. */
function axisOf(node: Expr, at: number, { shape: { length: rank } }: Expr): number | undefined {
  const op = opOf(node);
  if (rank < 2 || at > 1) return undefined;
  if (op === "Conv" || op === "ConvTranspose") return at === 0 ? undefined : Number(op !== "Conv");
  if (op === "MatMul" || op === "Transpose") return at === 0 ? rank - 2 : rank - 1;
  if (op !== "Gemm") return undefined;
  return at === 0 ? flagOf(node, "transA") : 1 - flagOf(node, "transB");
}

/** A node's operation. One that stays as a file has it is known by its name there. */
function opOf(node: Expr): string {
  if (!isForeign(node)) return node.op === "ConvNd" ? "Conv" : node.op;
  return node.node.domain === "" ? node.node.opType : "";
}

const flagOf = (node: Expr, name: "transA" | "transB"): number => {
  if (!isForeign(node)) return node.op === "Gemm" ? node.attributes[name] : 0;
  return Number(node.node.attributes.find((each) => each.name === name)?.i ?? 0);
};

const isLarge = ({ dtype, shape }: Expr, axis: number): boolean => {
  const count = (shape as readonly number[]).reduce((a, b) => a * b, 1);
  return dtype === "float32" && count / Number(shape[axis]) >= FEWEST;
};

/** Writes a weight in int8, and the node whose result has the weight's name. */
export function writeInt8(writer: OnnxWriter, { name, value }: Parameter, axis: number): void {
  const { bytes, scales } = quantized(tensorNumbers(value), value.shape, axis);
  const [small, scale] = [writer.unique(`${name}.int8`), writer.unique(`${name}.scale`)];
  const message: TensorInit = {
    name: small,
    dataType: elementType.INT8,
    dims: value.shape.map(BigInt),
    rawData: new Uint8Array(bytes.buffer),
  };
  writer.initializers.push(message, tensorMessage(scale, tensor(scales, [scales.length])));
  writer.node("DequantizeLinear", [small, scale], [int("axis", axis)], name);
}

function quantized(numbers: ArrayLike<number>, shape: readonly number[], axis: number) {
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const at = (i: number) => Math.floor(i / inner) % shape[axis];
  const scales = new Float32Array(shape[axis]);
  for (let i = 0; i < numbers.length; i++)
    scales[at(i)] = Math.max(scales[at(i)], Math.abs(numbers[i]) / 127);
  const bytes = new Int8Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const scale = scales[at(i)];
    if (scale > 0) bytes[i] = Math.max(-127, Math.min(127, Math.round(numbers[i] / scale)));
  }
  return { bytes, scales };
}
