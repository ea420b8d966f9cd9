import { type Signature, type Tensor, tensor } from "@gen/graph";
import { randomStream } from "@gen/math";
import type { Network } from "@gen/nn";

/** Standard normal numbers for floats and small labels for integers; every name in a shape is `size`. */
export function sampleInputs(
  signature: Readonly<Record<string, Signature>>,
  sizes: Readonly<Record<string, number>>,
): Record<string, Tensor> {
  const made = Object.entries(signature).map(([name, { shape, dtype = "float32" }]) => {
    const full = shape.map((d) => (typeof d === "number" ? d : sizes[d]));
    const count = full.reduce((a, b) => a * b, 1);
    const stream = randomStream({ seed: 1, purpose: name });
    const values = dtype === "int64" ? labels(name, count) : stream.normal(count);
    return [name, tensor(values, full, dtype)] as const;
  });
  return Object.fromEntries(made);
}

// Late time steps have the largest angles.
const labels = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => (name === "t" ? 999 - 331 * (i % 4) : i % 3));

/** Gives the weights that start at zero ordinary values, so that every layer shows in the output. */
export function waken({ parameters }: Network): void {
  for (const p of parameters) {
    const { data } = p.value;
    if (Array.from(data as Float32Array).some((v) => v !== 0)) continue;
    const fanIn = p.shape.slice(1).reduce((a, b) => a * b, 1);
    const deviation = p.shape.length > 1 ? 1 / Math.sqrt(fanIn) : 0.1;
    const normal = randomStream({ seed: 5, purpose: p.name }).normal(data.length);
    p.value = tensor(
      normal.map((z) => z * deviation),
      p.shape,
    );
  }
}
