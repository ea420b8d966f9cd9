/**
 * The nodes of an ONNX file and the places of its weights, without the weights' values: what changes
 * weights in place needs, and nothing is copied.
 *
 *   const { weights } = readModelLayout(bytes);
 *   weights.get("conv.weight"); // { shape: [8, 4, 3, 3], dtype: "float32", offset: 1234, length: 1152 }
 */
import { sizeOf } from "../expr/shape.ts";
import { MAX_FILE_BYTES } from "./limits.ts";
import { decode, message } from "./message-codec.ts";
import { nodeFields, nodeTraits, tensor as tensorMessage } from "./messages.ts";
import { decoded, invalidModel, label, typeName } from "./protobuf.ts";
import { externalPlace } from "./read-tensor.ts";

/** Where the elements of a weight lie. */
export interface WeightPlace {
  /** The weight's shape. */
  readonly shape: readonly number[];
  /** `float32`, `float16`, or another of ONNX's types by its own name, such as `BFLOAT16`. */
  readonly dtype: string;
  /** The file beside the model that holds the elements; undefined for the model itself. */
  readonly location?: string;
  /** The first byte in the file. */
  readonly offset: number;
  /** How many bytes. */
  readonly length: number;
}

/** A node of the graph. */
export interface LayoutNode {
  /** The name of the operation. */
  readonly op: string;
  /** The names of its operands. */
  readonly inputs: readonly string[];
  /** The names of its results. */
  readonly outputs: readonly string[];
  /** The module of PyTorch that the node computes, such as `conv1` or `layers.0.fc1`. */
  readonly module?: string;
  /** Gemm: whether its second operand is transposed. */
  readonly transB: boolean;
}

/** The nodes of a file, and its weights by name. */
export interface ModelLayout {
  /** The nodes, in the file's order. */
  readonly nodes: readonly LayoutNode[];
  /** The places of the weights, by name. */
  readonly weights: ReadonlyMap<string, WeightPlace>;
}

const node = message(
  {
    ...nodeFields,
    metadataProps: [9, message({ key: [1, "string"], value: [2, "string"] }), "list"],
  },
  nodeTraits,
);
const model = message({
  graph: [
    7,
    message({ node: [1, node, "list"], initializer: [5, tensorMessage, "list"] }),
    "optional",
  ],
});

/**
 * Reads the layout of an ONNX file. Weights are initializers and Constant nodes whose elements are
 * raw bytes, inside the file or beside it.
 *
 * @param bytes The bytes of the ONNX file.
 * @throws GenError `invalid-model` when the bytes are no ONNX model, or a weight's place leaves the
 * model's folder.
 */
export function readModelLayout(bytes: Uint8Array): ModelLayout {
  if (bytes.length > MAX_FILE_BYTES) {
    throw invalidModel(
      `the ONNX model has ${bytes.length} bytes, at most ${MAX_FILE_BYTES} allowed`,
    );
  }
  const { graph } = decoded(() => decode(model, bytes));
  if (!graph) throw invalidModel("not an ONNX model: it holds no graph");
  const weights = new Map<string, WeightPlace>();
  const add = (name: string, tensor: (typeof graph.initializer)[number]) => {
    const { rawData } = tensor;
    const outside = externalPlace(tensor, `tensor ${label(name)}`);
    if (!outside && rawData.length === 0) return;
    const type = typeName(tensor.dataType);
    const dtype = { FLOAT: "float32", FLOAT16: "float16" }[type] ?? type;
    const shape = tensor.dims.map(Number);
    const size = sizeOf(shape) * (dtype === "float32" ? 4 : 2);
    const place = outside
      ? { ...outside, length: outside.length ?? size }
      : { offset: rawData.byteOffset - bytes.byteOffset, length: rawData.length };
    weights.set(name, { shape, dtype, ...place });
  };
  for (const tensor of graph.initializer) add(tensor.name, tensor);
  const nodes = graph.node.map((node): LayoutNode => {
    const value = node.opType === "Constant" && node.attribute.find(({ t }) => t)?.t;
    if (value && node.output.length > 0) add(node.output[0], value);
    const transB = node.attribute.some(({ name, i }) => name === "transB" && i === 1n);
    return {
      op: node.opType,
      inputs: node.input,
      outputs: node.output,
      module: moduleOf(node),
      transB,
    };
  });
  return { nodes, weights };
}

/** The TorchScript exporter names nodes by their modules; dynamo writes them into the metadata. */
function moduleOf({
  name,
  metadataProps,
}: {
  readonly name: string;
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
}): string | undefined {
  const scopes = metadataProps.find(({ key }) => key === "pkg.torch.onnx.name_scopes")?.value;
  const last = scopes
    ?.match(/'[^']*'/g)
    ?.at(-2)
    ?.slice(1, -1);
  if (last) return last;
  return name.startsWith("/")
    ? name.slice(1, name.lastIndexOf("/")).replaceAll("/", ".")
    : undefined;
}
