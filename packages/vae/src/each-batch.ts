import type { Dataset } from "@gen/data";
import { type Expr, type Signature, trace } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/sampling";

/** A graph to run over a dataset in order, and where its batches come from. */
export interface EachBatchOptions<T> {
  readonly backend: Backend<T>;
  /** Items in a batch; the last one may be smaller. */
  readonly batchSize: number;
  readonly length: number;
  /** Shapes without the batch. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly f: (inputs: Record<string, Expr>) => Record<string, Expr>;
  /** The numbers of items start..end of each input. */
  readonly load: (start: number, end: number) => Record<string, FloatArray>;
  readonly signal?: { readonly aborted: boolean; readonly reason?: unknown };
}

/** Runs a function over batches of `[batch, ...]`; each output is joined over all items. */
export async function eachBatch<T>(
  options: EachBatchOptions<T>,
): Promise<Record<string, Float32Array>> {
  const { backend, batchSize, length, inputs, load, signal } = options;
  if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new RangeError(`batchSize must be a positive integer, got ${batchSize}`);
  }
  const signature = Object.fromEntries(
    Object.entries(inputs).map(([name, shape]): [string, Signature] => [
      name,
      { shape: ["batch", ...shape] },
    ]),
  );
  const graph = trace(options.f, signature);
  const program = await backend.compile(graph);
  const joined: Record<string, Float32Array> = {};
  try {
    for (let start = 0; start < length; start += batchSize) {
      if (signal?.aborted) throw signal.reason ?? new Error("the run was aborted");
      const end = Math.min(start + batchSize, length);
      const loaded = Object.entries(load(start, end)).map(([name, data]) => {
        return [name, { data, shape: [end - start, ...inputs[name]] }] as const;
      });
      const outputs = await callProgram(backend, program, Object.fromEntries(loaded));
      for (const [name, values] of Object.entries(outputs)) {
        const size = values.length / (end - start);
        joined[name] ??= new Float32Array(length * size);
        joined[name].set(values, start * size);
      }
    }
    return joined;
  } finally {
    await program.dispose();
  }
}

/** Items of a dataset as floats, its range (where it has one) mapped to [0, 1]. */
export function unitItems(dataset: Dataset, start: number, end: number): Float32Array {
  const size = dataset.shape.reduce((a, b) => a * b, 1);
  const [low, high] = dataset.range ?? [0, 1];
  const part = dataset.data.subarray(start * size, end * size);
  return Float32Array.from(part, (v) => (v - low) / (high - low));
}
