/* The weights of a model as a safetensors file, and the table of their names. */
import { writeSafetensors } from "@gen/data";
import { tensor, tensorNumbers } from "@gen/graph";
import type { Weights } from "@gen/nn";
import type { Names } from "./weight-names.ts";

type FloatTensor = Weights[string];

/** A line for each weight: its name here, its name there, its type and shape. */
export function nameRows(weights: Weights, names: Names) {
  return Object.entries(weights).map(([name, { dtype, shape }]) => ({
    name,
    there: names.get(name) ?? name,
    dtype,
    shape,
  }));
}

/** The rows as lines of a table. */
export function nameLines(rows: ReturnType<typeof nameRows>): string[] {
  const isRenamed = rows.some(({ name, there }) => name !== there);
  const table = rows.map(({ name, there, dtype, shape }) => [
    name,
    ...(isRenamed ? [there] : []),
    `${dtype} [${shape.join(", ")}]`,
  ]);
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  return table.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join("  ")
      .trimEnd(),
  );
}

/** The file, and the greatest change of a weight by `dtype`. PyTorch's tools want `format`. */
export function weightsFile(
  weights: Weights,
  names: Names,
  dtype: "float32" | "float16",
): { readonly bytes: Uint8Array; readonly greatest: number } {
  let greatest = 0;
  const tensors = Object.entries(weights).map(([name, value]) => {
    const numbers = tensorNumbers(value);
    const written = tensor(numbers, value.shape, dtype);
    const back = tensorNumbers(written);
    for (let i = 0; i < numbers.length; i++)
      greatest = Math.max(greatest, Math.abs(numbers[i] - back[i]));
    return [names.get(name) ?? name, written as FloatTensor] as const;
  });
  return { bytes: writeSafetensors(Object.fromEntries(tensors), { format: "pt" }), greatest };
}
