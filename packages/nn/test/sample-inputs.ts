import { type Parameter, type Signature, type Tensor, tensor } from "@gen/graph";
import { randomStream } from "@gen/math";
import { type Network, withWeights } from "@gen/nn";

/** Standard normal floats and small integer labels; every name in a shape is `size`. */
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

/** The network with the weights that `change` returns for each parameter. */
export const changed = (network: Network, change: (parameter: Parameter) => Tensor): Network =>
  withWeights(network, Object.fromEntries(network.parameters.map((p) => [p.name, change(p)])));

/** The network with random numbers in place of zero weights: every layer then changes the output. */
export const wakened = (network: Network): Network =>
  changed(network, ({ name, shape, value }) => {
    if (Array.from(value.data as Float32Array).some((v) => v !== 0)) return value;
    const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
    const deviation = shape.length > 1 ? 1 / Math.sqrt(fanIn) : 0.1;
    const normal = randomStream({ seed: 5, purpose: name }).normal(value.data.length);
    return tensor(
      normal.map((z) => z * deviation),
      shape,
    );
  });
