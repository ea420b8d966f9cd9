/*
 * What an exported file costs in accuracy: the model as it is and the file, both on ONNX Runtime, on
 * the same random inputs.
 */
import { type DType, type Shape, trace } from "@gen/graph";
import { fileOf, type OnnxModel, wholeModel } from "@gen/graph/onnx";
import { normalNoise } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram, type HostInput } from "@gen/runtime-gpu/call-program";

/** The differences between the outputs of two models. */
export interface ExportError {
  /** The greatest difference of a number. */
  readonly greatest: number;
  /** The root mean square of the differences, as a share of that of the outputs. */
  readonly relative: number;
}

interface Measured {
  readonly backend: Backend;
  readonly seed: number;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** Runs of both models. */
  readonly inputs: number;
  readonly onProgress: (done: number) => void;
  readonly signal: AbortSignal;
}

/** Measures the error of a file that was made of a model. */
export async function measureExport(
  model: OnnxModel,
  bytes: Uint8Array,
  { backend, seed, shapes, inputs, onProgress, signal }: Measured,
): Promise<ExportError> {
  const signature = Object.fromEntries(
    Object.entries(model.signature).map(([name, { dtype }]) => [
      name,
      { dtype, shape: shapes[name] as readonly number[] },
    ]),
  );
  const written = await wholeModel(fileOf(bytes));
  const exact = await backend.compile(trace(model.apply, signature));
  const program = await backend.compile(trace(written.apply, signature));
  let [greatest, error, size] = [0, 0, 0];
  for (let i = 0; i < inputs && !signal.aborted; i++) {
    const given = Object.fromEntries(
      Object.entries(signature).map(([name, like]) => [name, numbersFor(name, like, seed + i)]),
    );
    const wanted = await callProgram(backend, exact, given);
    const got = await callProgram(backend, program, given);
    for (const [name, values] of Object.entries(wanted)) {
      for (const [at, value] of values.entries()) {
        const gap = Math.abs(value - got[name][at]);
        greatest = Math.max(greatest, gap);
        error += gap * gap;
        size += value * value;
      }
    }
    onProgress(i + 1);
  }
  await exact.dispose();
  await program.dispose();
  return { greatest, relative: error === 0 ? 0 : Math.sqrt(error / size) };
}

/** Numbers for an input: noise, time steps over the whole training, or zeros and ones. */
function numbersFor(
  name: string,
  { shape, dtype }: { readonly shape: readonly number[]; readonly dtype: DType },
  seed: number,
): HostInput {
  const length = shape.reduce((a, b) => a * b, 1);
  const isTime = /^(t|timesteps?|time)$/.test(name);
  const data = Array.from({ length }, (_, i) => (isTime ? timeOf(i, seed) : (i + seed) % 2));
  if (isTime || !isFloats(dtype)) return { data, shape, dtype };
  return {
    data: Array.from(normalNoise({ seed, purpose: name, batch: 1, size: length })),
    shape,
    dtype,
  };
}

/** Time steps far from each other, in [0, 1000). */
const timeOf = (i: number, seed: number) => ((i + seed) * 379 + 20) % 1000;

const isFloats = (dtype: DType) => dtype.startsWith("float");
