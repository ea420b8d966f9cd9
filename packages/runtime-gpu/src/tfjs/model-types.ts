import type { Expr, Signature } from "@gen/graph";

/** What TensorFlow.js says of an input or output of a model. */
export interface TfjsValue {
  /** The input's or output's name. */
  readonly name: string;
  /** The dimensions; null or -1 stands for any number. */
  readonly shape?: readonly (number | null)[];
  /** The type of the elements. */
  readonly dtype?: string;
}

/** The used part of a `tf.LayersModel`. */
export interface LayersModel {
  /** The inputs, in order. */
  readonly inputs: readonly TfjsValue[];
  /** The names of the input layers, which a loaded model keeps. */
  readonly inputNames: readonly string[];
  /** The outputs, in order. */
  readonly outputs: readonly TfjsValue[];
  /** The names of the layers that give the outputs. */
  readonly outputNames: readonly string[];
  /**
   * Runs the model without training's changes such as dropout.
   *
   * @param inputs Tensors in the order of the inputs.
   */
  predictOnBatch(inputs: never): object;
}

/** The used part of a `tf.GraphModel`. */
export interface GraphModel {
  /** The inputs. */
  readonly inputs: readonly TfjsValue[];
  /** The outputs. */
  readonly outputs: readonly TfjsValue[];
  /**
   * Runs the graph.
   *
   * @param inputs Tensors by the names of the inputs.
   * @param output The name of the wanted output.
   */
  execute(inputs: never, output: string): object;
}

/** How a model of TensorFlow.js is read. */
export interface TfjsModelOptions {
  /** The names of the inputs x, t and the conditions, in this order. @defaultValue the model's order */
  readonly inputs?: readonly string[];
  /** The name of the output that is used. @defaultValue the first */
  readonly output?: string;
  /** The number of classes, where the condition is a label. @defaultValue none */
  readonly classes?: number;
  /** Whether x has its channels at axis 1 in the model too. @defaultValue false, they are last */
  readonly channelsFirst?: boolean;
}

/** A model of TensorFlow.js as a function of (x, t) and conditions, for `denoiser`. */
export interface TfjsNetwork {
  /**
   * The model's output, in the layout of x.
   *
   * @param inputs x `[batch, channels, ...]`, t `[batch]`, then the conditions.
   */
  apply(...inputs: Expr[]): Expr;
  /** None: the weights stay in the model. */
  readonly parameters: readonly [];
  /** The shape and dtype of each input, by its name in the model. */
  readonly signature: Readonly<Record<string, Signature>>;
  /** The number of classes, as in the options. */
  readonly classes?: number;
}
