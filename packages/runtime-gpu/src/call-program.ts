import type { DType } from "@gen/graph";
import type { Backend, HostArray, Program } from "./backend.ts";

/** The numbers of a program's input, in host memory. */
export interface HostInput {
  /** The numbers, row-major. */
  readonly data: HostArray;
  /** The shape of the numbers. */
  readonly shape: readonly number[];
  /** The type of the elements. @defaultValue "float32" */
  readonly dtype?: DType;
}

/**
 * Runs a program on numbers: uploads the inputs, reads every output back, and frees both.
 *
 * @param backend The backend that compiled the program.
 * @param program The compiled graph.
 * @param inputs Numbers by the names of the graph's inputs.
 * @throws RangeError when an input does not fit, as {@link Program.run} does.
 */
export async function callProgram<T>(
  backend: Backend<T>,
  program: Program<T>,
  inputs: Readonly<Record<string, HostInput>>,
): Promise<Record<string, Float32Array | Float64Array>> {
  const owned: T[] = [];
  try {
    const tensors: Record<string, T> = {};
    for (const [name, { data, shape, dtype }] of Object.entries(inputs)) {
      tensors[name] = backend.upload(data, shape, dtype);
      owned.push(tensors[name]);
    }
    const outputs = Object.entries(await program.run(tensors));
    owned.push(...outputs.map(([, tensor]) => tensor));
    const read = outputs.map(async ([name, tensor]) => [name, await backend.download(tensor)]);
    return Object.fromEntries(await Promise.all(read));
  } finally {
    backend.dispose(...owned);
  }
}
