/*
 * A model of TensorFlow.js as a network over expressions: one node, which `interpret.ts` computes by
 * calling the model.
 *
 *   network.apply(x, t, ...conditions) = model([x, t, ...conditions])
 *
 * TensorFlow.js has images [batch, height, width, channels] and numbers of items [batch, 1]; ours
 * are [batch, channels, height, width] and [batch].
 *
 *   const model = await tf.loadLayersModel("https://example.com/model.json");
 *   const predictor = denoiser(fromLayersModel(model), "epsilon");
 */
import {
  cast,
  type Dim,
  type DType,
  type Expr,
  reshape,
  type Shape,
  type Signature,
  shapeText,
  slice,
  transpose,
} from "@gen/graph";
import { libraryCall } from "@gen/graph/compiler";
import { ArgumentError, checkArguments, checkOptions, rules } from "@gen/math/arguments";
import type * as tfjs from "@tensorflow/tfjs";

import type {
  GraphModel,
  LayersModel,
  TfjsModelOptions,
  TfjsNetwork,
  TfjsValue,
} from "./model-types.ts";

type Run = (tensors: readonly tfjs.Tensor[]) => unknown;

/**
 * A `tf.LayersModel`, such as Keras exports, as a network of (x, t) and conditions. Only
 * `tfjsBackend` in this thread runs it; the model stays the caller's, and is not trained.
 *
 * @param model The model. Its weights are read in each run.
 * @param options The order of its inputs, its classes and its layout. Default: the model's order, channels
 * last.
 * @throws RangeError when the model lacks what `options` names, or an input has no known rank.
 */
export function fromLayersModel(model: LayersModel, options: TfjsModelOptions = {}): TfjsNetwork {
  checkArguments({ model }, { model: LAYERS });
  const { inputNames, outputNames } = model;
  // TensorFlow.js gives the tensors of a loaded model other names than their layers.
  const named = (values: readonly TfjsValue[], names: readonly string[]): TfjsValue[] =>
    values.map(({ shape, dtype }, i) => ({ name: names[i], shape, dtype }));
  const inputs = named(model.inputs, inputNames);
  const parts = partsOf({ inputs, outputs: named(model.outputs, outputNames) }, options);
  const places = parts.inputs.map(({ name }) => inputNames.indexOf(name));
  const output = outputNames.indexOf(parts.output.name);
  return networkOf(parts, options, (tensors) => {
    const ordered: tfjs.Tensor[] = [];
    for (const [i, place] of places.entries()) ordered[place] = tensors[i];
    return [model.predictOnBatch(ordered as never)].flat()[output];
  });
}

/**
 * A `tf.GraphModel`, as tensorflowjs_converter writes it, as a network of (x, t) and conditions.
 * Only `tfjsBackend` in this thread runs it; a graph with control flow is refused in its first run.
 *
 * @param model The model, which stays the caller's.
 * @param options The order of its inputs, its classes and its layout. Give `inputs`: the order in a graph
 * is that of its file.
 * @throws RangeError as {@link fromLayersModel} does.
 */
export function fromGraphModel(model: GraphModel, options: TfjsModelOptions = {}): TfjsNetwork {
  checkArguments({ model }, { model: GRAPH });
  const parts = partsOf(model, options);
  return networkOf(parts, options, (tensors) => {
    const named = parts.inputs.map(({ name }, i) => [name, tensors[i]]);
    return [model.execute(Object.fromEntries(named) as never, parts.output.name)].flat()[0];
  });
}

const LAYERS = rules.having("a built tf.LayersModel", {
  inputs: rules.LIST,
  inputNames: rules.LIST,
  outputs: rules.LIST,
  outputNames: rules.LIST,
  predictOnBatch: rules.FUNCTION,
});
const GRAPH = rules.having("a tf.GraphModel", {
  inputs: rules.LIST,
  outputs: rules.LIST,
  execute: rules.FUNCTION,
});

/** An input whose number of dimensions is known. */
type Ranked = TfjsValue & { readonly shape: readonly (number | null)[] };

interface Parts {
  readonly inputs: readonly Ranked[];
  readonly output: TfjsValue;
}

/** The inputs in order and the output. */
function partsOf(model: Pick<GraphModel, "inputs" | "outputs">, options: TfjsModelOptions): Parts {
  checkOptions(options, {
    inputs: rules.optional(rules.listOf(rules.TEXT)),
    output: rules.optional(rules.TEXT),
    classes: rules.optional(rules.COUNT),
    channelsFirst: rules.optional(rules.FLAG),
  });
  const pick = (kind: string, among: readonly TfjsValue[], name: string): TfjsValue => {
    const found = among.find((value) => value.name === name);
    if (found) return found;
    const names = among.map((value) => value.name).join(", ");
    throw new ArgumentError(`the model has no ${kind} ${name}, only ${names}`);
  };
  const names = options.inputs ?? model.inputs.map(({ name }) => name);
  if (names.length < 2 || new Set(names).size < model.inputs.length) {
    const all = model.inputs.map(({ name }) => name).join(", ");
    throw new ArgumentError(
      `a denoiser takes x, t and perhaps conditions, each input of the model once (${all}), got ${names.join(", ")}`,
    );
  }
  const [first] = model.outputs;
  const output =
    options.output === undefined ? first : pick("output", model.outputs, options.output);
  const inputs = names.map((name) => {
    const input = pick("input", model.inputs, name);
    if (input.shape) return input as Ranked;
    throw new ArgumentError(`input ${name} of the model must have a known number of dimensions`);
  });
  return { inputs, output };
}

function networkOf({ inputs, output }: Parts, options: TfjsModelOptions, run: Run): TfjsNetwork {
  const { classes, channelsFirst = false } = options;
  const [x] = inputs;
  const rank = x.shape.length;
  // [0, 3, 1, 2] for images; undefined where the layouts are one.
  const toFirst = channelsFirst || rank < 3 ? undefined : [0, rank - 1, ...range(1, rank - 1)];
  const toLast = toFirst && [0, ...range(2, rank), 1];
  const signature = inputs.map((input, i): [string, Signature] => {
    const shape = dimsOf(input);
    const dtype = dtypeOf(input);
    if (i === 0)
      return [input.name, { shape: toFirst ? toFirst.map((a) => shape[a]) : shape, dtype }];
    if (!isNumber(input)) return [input.name, { shape, dtype }];
    const isLabel = i > 1 && classes !== undefined;
    return [
      input.name,
      { shape: shape.slice(0, 1), dtype: isLabel || dtype === "int32" ? "int64" : dtype },
    ];
  });
  const apply = (...given: Expr[]): Expr => {
    if (given.length !== inputs.length) {
      const names = inputs.map(({ name }) => name).join(", ");
      throw new ArgumentError(
        `the model takes ${inputs.length} inputs (${names}), got ${given.length}`,
      );
    }
    const moved = toLast ? transpose(given[0], toLast) : given[0];
    const operands = [moved, ...given.slice(1)].map((e, i) => {
      const shaped = i > 0 && isNumber(inputs[i]) ? likeNumber(e, inputs[i].shape) : e;
      return cast(shaped, dtypeOf(inputs[i]));
    });
    const shape = outputShape(output, operands[0].shape);
    const called = libraryCall({ library: "tfjs", name, run: run as never }, operands, { shape });
    return toFirst ? transpose(called, toFirst) : called;
  };
  return {
    apply,
    parameters: [],
    signature: Object.fromEntries(signature),
    ...(classes !== undefined && { classes }),
  };
}

const name = "a model of TensorFlow.js";

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

/** Whether an input holds one number for each item: `[]`, `[batch]` or `[batch, 1]`. */
const isNumber = ({ shape }: Ranked): boolean =>
  shape.length < 2 || (shape.length === 2 && shape[1] === 1);

/** Numbers `[batch]` in the shape that the model has for them. */
function likeNumber(e: Expr, shape: readonly (number | null)[]): Expr {
  if (shape.length === 0) return reshape(slice(e, 0, 0, 1), []);
  const rows = shape[0] === 1 ? slice(e, 0, 0, 1) : e;
  return shape.length === 1 ? rows : reshape(rows, [rows.shape[0], 1]);
}

const isKnown = (d: number | null): d is number => d !== null && d >= 0;

/** The dimensions of an input; open ones get names. */
const dimsOf = ({ name, shape }: Ranked): Dim[] =>
  shape.map((d, i) => (isKnown(d) ? d : i === 0 ? "batch" : `${name}_${i}`));

const dtypes: Readonly<Record<string, DType>> = {
  float32: "float32",
  int32: "int32",
  bool: "bool",
};

function dtypeOf({ name, dtype = "float32" }: Ranked): DType {
  const known = dtypes[dtype];
  if (known) return known;
  throw new ArgumentError(`input ${name} of the model must be float32 or int32, got ${dtype}`);
}

/** The output's shape; what it leaves open is as in x. */
function outputShape({ shape }: TfjsValue, x: Shape): Shape {
  if (!shape) return x;
  if (shape.length === x.length) return shape.map((d, i) => (isKnown(d) && i > 0 ? d : x[i]));
  throw new ArgumentError(
    `the model's output must have as many dimensions as x, ${shapeText(x)}, got ${shapeText(shape.map((d) => d ?? -1))}`,
  );
}
