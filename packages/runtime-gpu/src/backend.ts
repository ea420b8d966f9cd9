import type { DType, Graph, TensorData } from "@gen/graph";

/** What a backend takes from and gives to host memory. */
export type HostArray = TensorData | readonly number[];

/** Tensors that are alive now, their bytes, and the most bytes that were alive at once. */
export interface MemoryUse {
  readonly live: number;
  readonly bytes: number;
  readonly peakBytes: number;
}

/** A compiled graph. Parameters are baked in; inputs and outputs are device tensors by name. */
export interface Program<T> {
  /**
   * Runs the graph. The caller keeps its inputs and owns every output: each is to be disposed once.
   * @throws Error naming a missing or unknown input, or one whose dtype or shape does not fit.
   */
  run(inputs: Readonly<Record<string, T>>): Promise<Record<string, T>>;
  /** Frees what the program holds; the program cannot run afterwards. */
  dispose(): Promise<void>;
}

/**
 * Runs graphs on one device. `T` is the device's own tensor; each tensor has one owner, who disposes
 * of it. A tensor may be disposed of while it is being read or used: it is freed when that ends.
 */
export interface Backend<T = unknown> {
  /** What really runs, such as `onnx/node-cpu`, `onnx/webgpu`, `tfjs/wasm` or `cpu`. */
  readonly name: string;
  compile(graph: Graph): Promise<Program<T>>;
  /** Copies numbers to the device. */
  upload(array: HostArray, shape: readonly number[], dtype?: DType): T;
  /** Copies a tensor's elements to the host, as float32 (float64 on the cpu backend); the tensor stays alive. */
  download(tensor: T): Promise<Float32Array | Float64Array>;
  shapeOf(tensor: T): readonly number[];
  /** Gives tensors up. Readings and runs that have begun are not disturbed. */
  dispose(...tensors: T[]): void;
  memory(): MemoryUse;
  /** Frees everything, programs and tensors included. */
  close(): Promise<void>;
}
