import { type Field, invalidModel, message, numbers, text } from "./wire.ts";

/** An input or output as a file has it; a dimension of unknown size is a name. */
export interface FileValue {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[] | null;
}

/** A tensor of weights as a file has it. */
export interface FileTensor extends FileValue {
  readonly shape: readonly number[];
  readonly bytes: number;
}

const deepest = 20;

// Names of ONNX's element types, in the order of their numbers.
const dtypes =
  "undefined float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 " +
  "uint64 complex64 complex128 bfloat16 float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz " +
  "uint4 int4 float4e2m1";
const dtypeOf = ({ number }: Field) => dtypes.split(" ")[Number(number)] ?? `type ${number}`;
const bitsOf = (dtype: string) =>
  dtype === "bool" ? 8 : Number(/^[a-z]+(\d+)/.exec(dtype)?.[1] ?? 0);

/**
 * What an ONNX file says about itself, whether or not its operations can run here.
 * @throws GenError `invalid-model` when it is no ONNX file, or a damaged one.
 */
export function onnxFile(bytes: Uint8Array) {
  const { list, last } = message({ bytes });
  const opsets = Object.fromEntries(list(8).map(operatorSet));
  if (list(7).length !== 1 || list(8).length === 0) {
    throw invalidModel("not an ONNX model: it holds no graph or names no operator set");
  }
  const counts = new Map<string, number>();
  const weights: ReturnType<typeof fileTensor>[] = [];
  const constants: FileTensor[] = [];
  const inConstants: string[] = [];
  collect(last(7), 0);

  /** Counts the nodes of a graph and of its subgraphs, and lists their weights. */
  function collect(graph: Field, depth: number): void {
    const { list } = message(graph);
    for (const node of list(1).map(message)) {
      if (depth > deepest) throw invalidModel(`its graphs are nested more than ${deepest} deep`);
      const domain = text(node.last(7));
      const prefix = domain === "" || domain === "ai.onnx" ? "" : `${domain}.`;
      const name = prefix + text(node.last(4));
      for (const attribute of node.list(5).map(message)) {
        for (const inner of [...attribute.list(6), ...attribute.list(11)])
          collect(inner, depth + 1);
        if (name !== "Constant" || depth > 0) continue;
        const result = text(node.last(2));
        for (const { tensor, outside } of attribute.list(5).map(fileTensor)) {
          constants.push({ ...tensor, name: result });
          inConstants.push(...outside);
        }
      }
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    weights.push(...list(5).map(fileTensor));
  }

  const initializers = weights.map(({ tensor }) => tensor);
  const isFloats = ({ dtype, shape }: FileTensor) => dtype.includes("float") && shape.length > 0;
  // `fromOnnx` takes Constant nodes for weights in the same way.
  const isWithout = !initializers.some(isFloats);
  const tensors = isWithout ? [...initializers, ...constants.filter(isFloats)] : initializers;
  const graph = message(last(7));
  const isWeight = new Set(tensors.map(({ name }) => name));
  return {
    producer: `${text(last(2))} ${text(last(3))}`.trim(),
    irVersion: Number(last(1).number),
    /** Versions of the operator sets, by domain. */
    opsets,
    // Before version 4 of the format, weights are listed as inputs too.
    inputs: graph
      .list(11)
      .map(fileValue)
      .filter(({ name }) => !isWeight.has(name)),
    outputs: graph.list(12).map(fileValue),
    /** Nodes of each operation, the most first. Names have a domain unless it is ONNX's own. */
    operations: Object.fromEntries([...counts].sort((a, b) => b[1] - a[1])),
    tensors,
    /** Files beside the model that hold weights. */
    outside: [...new Set([...weights.flatMap(({ outside }) => outside), ...inConstants])],
  };
}

function operatorSet(field: Field): [domain: string, version: number] {
  const { last } = message(field);
  return [text(last(1)) || "ai.onnx", Number(last(2).number)];
}

/** A tensor of weights, and the file that holds its bytes if that is another one. */
function fileTensor(field: Field): { tensor: FileTensor; outside: string[] } {
  const { list, last } = message(field);
  const name = text(last(8));
  const shape = list(1).flatMap(numbers);
  const dtype = dtypeOf(last(2));
  const bytes = Math.ceil((shape.reduce((a, b) => a * b, 1) * bitsOf(dtype)) / 8);
  if (!shape.every((d) => d >= 0) || !Number.isSafeInteger(bytes)) {
    throw invalidModel(`tensor ${JSON.stringify(name)} has the shape [${shape.join(", ")}]`);
  }
  const entries = list(13).map(message);
  const location = entries.findLast((entry) => text(entry.last(1)) === "location");
  return {
    tensor: { name, dtype, shape, bytes },
    outside: location ? [text(location.last(2))] : [],
  };
}

function fileValue(field: Field): FileValue {
  const { last } = message(field);
  const name = text(last(1));
  const { dtype, shape } = valueType(last(2));
  // `fromOnnx` names such a dimension in the same way.
  return { name, dtype, shape: shape?.map((d, i) => (d === "" ? `${name}.${i}` : d)) ?? null };
}

function valueType(field: Field): Pick<FileValue, "dtype" | "shape"> {
  const kinds: Readonly<Record<number, string>> = { 4: "sequence", 5: "map", 9: "optional" };
  const [kind] = message(field).all;
  if (kind?.id !== 1) return { dtype: kinds[kind?.id] ?? "unknown", shape: null };
  const { list, last } = message(kind);
  const dtype = list(1).length > 0 ? dtypeOf(last(1)) : "unknown";
  return { dtype, shape: list(2).length > 0 ? message(last(2)).list(1).map(dimension) : null };
}

/** A size, a name, or "" where the file gives neither. */
function dimension(field: Field): number | string {
  const { list, last } = message(field);
  return list(1).length > 0 ? Number(last(1).number) : text(last(2));
}
