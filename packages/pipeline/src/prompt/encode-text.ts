/*
 * One text encoder: ids to the outputs that are wanted, each `[1, ...]`. The others are not computed.
 */
import { cast, type Expr, type Tensor, tensor, trace } from "@gen/graph";
import type { OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { callProgram } from "@gen/runtime-gpu/call-program";

/** The number of ids that a text encoder takes, where its file fixes it. */
export function fixedLength({ signature }: OnnxModel): number | undefined {
  const { shape } = signature[inputOf(signature)];
  return typeof shape[1] === "number" ? shape[1] : undefined;
}

const inputOf = (signature: OnnxModel["signature"]): string =>
  "input_ids" in signature ? "input_ids" : Object.keys(signature)[0];

/** A value of an encoder, from its outputs. */
export type ReadState = (outputs: Readonly<Record<string, Expr>>) => Expr;

/**
 * Values of an encoder by name for each text, `[1, ...]` float32.
 *
 * @throws the backend's own error if it cannot run them.
 */
export async function encodeTexts<T>(
  backend: Backend<T>,
  model: OnnxModel,
  texts: readonly Int32Array[],
  states: Readonly<Record<string, ReadState>>,
): Promise<Record<string, Tensor>[]> {
  const input = inputOf(model.signature);
  const { shape: wanted, dtype } = model.signature[input];
  const rows = typeof wanted[0] === "number" ? wanted[0] : 1;
  const shape = [rows, texts[0].length];
  const graph = trace(
    ({ ids }) => {
      const outputs = model.apply({ [input]: ids });
      return Object.fromEntries(
        Object.entries(states).map(([name, read]) => [name, cast(read(outputs), "float32")]),
      );
    },
    { ids: { shape, dtype } },
  );
  const program = await backend.compile(graph);
  try {
    const encoded: Record<string, Tensor>[] = [];
    for (const text of texts) {
      const ids = tensor(Array.from({ length: rows }, () => [...text]).flat(), shape, dtype);
      const outputs = await callProgram(backend, program, { ids });
      encoded.push(
        Object.fromEntries(
          Object.entries(graph.outputs).map(([name, { shape }]) => [
            name,
            firstRow(outputs[name], shape),
          ]),
        ),
      );
    }
    return encoded;
  } finally {
    await program.dispose();
  }
}

/** The first of the rows of an output. */
function firstRow(data: ArrayLike<number>, [rows, ...rest]: readonly (number | string)[]): Tensor {
  const row = Float32Array.from(data).subarray(0, data.length / Number(rows));
  return { data: row, shape: [1, ...rest.map(Number)], dtype: "float32" };
}

/**
 * The name of a CLIP encoder's hidden state without its last `skipped` layers.
 *
 * @throws GenError `invalid-model` for a file without it.
 */
export function hiddenState({ outputNames }: OnnxModel, path: string, skipped: number): string {
  const layers = outputNames.filter((name) => /^hidden_states\.\d+$/.test(name)).length - 1;
  const name = `hidden_states.${layers - skipped}`;
  if (outputNames.includes(name)) return name;
  throw new GenError(
    "invalid-model",
    `${path} has the outputs ${outputNames.join(", ")}, and the state before its last ${skipped} layers is wanted: export the encoder with all its hidden states, or leave clipSkip out`,
  );
}
