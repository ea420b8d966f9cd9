import { concat, cos, type Expr, mul, sin } from "@gen/graph";
import { activationFunction, linear, type Network, network, timestepEmbedding } from "@gen/nn";

const frequencies = [1, 2, 4, 8];
const timeFeatures = 64;
const width = 128;
const silu = activationFunction("silu");

/**
 * A denoiser of points: x `[batch, 2]` and t `[batch]` to `[batch, 2]`.
 *
 * Its inputs are x, and sines and cosines of x. An ordinary MLP learns fine detail slowly. With
 * these inputs, thin moons and sharp squares appear within seconds (Tancik et al. 2020).
 */
export function pointDenoiser(): Network {
  const inputs = 2 + 4 * frequencies.length + timeFeatures;
  const layers = [inputs, width, width, width].map((from, i) =>
    linear(`layers.${i}`, from, i < 3 ? width : 2),
  );
  const signature = {
    x: { shape: ["batch", 2] },
    t: { shape: ["batch"], dtype: "int64" },
  } as const;
  return network(signature, (x: Expr, t: Expr) => {
    const waves = frequencies.flatMap((f) => [sin(mul(x, f)), cos(mul(x, f))]);
    const features = concat([x, ...waves, timestepEmbedding(t, timeFeatures)], 1);
    return layers.reduce((h, layer, i) => layer(i === 0 ? h : silu(h)), features);
  });
}
