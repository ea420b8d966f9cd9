import type { DType, Graph, TensorData } from "@gen/graph";

/** What a backend takes from and gives to host memory. */
export type HostArray = TensorData | readonly number[];

/** Tensors that are alive now, their bytes, and the most bytes that were alive at once. */
export interface MemoryUse {
  /** Tensors that are alive. */
  readonly live: number;
  /** Bytes of the tensors that are alive. */
  readonly bytes: number;
  /** The most bytes that were alive at once. */
  readonly peakBytes: number;
}

/** How a graph is compiled. */
export interface CompileOptions {
  /**
   * Outputs that take the memory of inputs, by name, such as the next weights that of the weights.
   * Each has its input's dtype and shape, and no input is named twice. A run takes these inputs over
   * from the caller: they are disposed of, unless the run fails.
   * @defaultValue none
   */
  readonly inPlace?: Readonly<Record<string, string>>;
}

/** A compiled graph. Parameters are baked in; inputs and outputs are device tensors by name. */
export interface Program<T> {
  /**
   * Runs the graph. The caller keeps its inputs, but those that are taken `inPlace`. It owns every
   * output, and disposes of each once.
   *
   * @param inputs Device tensors by the names of the graph's inputs.
   * @throws RangeError when an input is missing or unknown, or its dtype or shape does not fit.
   */
  run(inputs: Readonly<Record<string, T>>): Promise<Record<string, T>>;
  /** Frees what the program holds; the program cannot run afterwards. */
  dispose(): Promise<void>;
}

/**
 * Runs graphs on one device. `T` is the device's own tensor; each tensor has one owner, who
 * disposes of it, also while it is being read or used: its memory is freed afterwards.
 */
export interface Backend<T = unknown> {
  /** The library and device, such as `onnx/node-cpu`, `onnx/webgpu`, `tfjs/wasm` or `cpu`. */
  readonly name: string;
  /**
   * Compiles a graph for the device.
   *
   * @param graph The graph, with the values of its parameters.
   * @param options Which outputs take the memory of inputs. Default: none.
   */
  compile(graph: Graph, options?: CompileOptions): Promise<Program<T>>;
  /**
   * Copies numbers to the device.
   *
   * @param array The numbers, row-major.
   * @param shape The tensor's shape.
   * @param dtype The type of the elements. Default: "float32".
   */
  upload(array: HostArray, shape: readonly number[], dtype?: DType): T;
  /**
   * Copies a tensor's elements to the host as float32, on the cpu backend as float64.
   *
   * @param tensor A tensor of this backend.
   */
  download(tensor: T): Promise<Float32Array | Float64Array>;
  /**
   * The shape of a tensor.
   *
   * @param tensor A tensor of this backend.
   */
  shapeOf(tensor: T): readonly number[];
  /**
   * Disposes of tensors. Readings and runs that have begun go on.
   *
   * @param tensors Tensors of this backend.
   */
  dispose(...tensors: T[]): void;
  /** The tensors that are alive now. */
  memory(): MemoryUse;
  /** Frees everything, programs and tensors included. */
  close(): Promise<void>;
}
