import { concat, type Expr, type Signature } from "@gen/graph";
import { type Activation, activationFunction } from "./activation.ts";
import { embedding } from "./embedding.ts";
import { linear } from "./linear.ts";
import { type Network, network } from "./network.ts";
import { timestepEmbedding } from "./timestep-embedding.ts";

/** Settings of {@link mlp}. */
export interface MlpOptions {
  /** Features of x. */
  inputs: number;
  /** Widths of the hidden layers, in order. */
  hidden: readonly number[];
  /** Features of the result; `inputs` unless told. */
  outputs?: number;
  /** Between layers; silu unless told. */
  activation?: Activation;
  /** Makes a denoiser: a second argument t `[batch]` int64, embedded in so many features (64 unless told). */
  time?: { features?: number } | boolean;
  /** Makes a conditional denoiser: a last argument `[batch]` int64 in [0, classes]; `classes` itself means none. */
  classes?: number;
  /** Starts of parameter names; none unless told. */
  name?: string;
  seed?: number;
}

/**
 * Linear layers with an activation between: x `[batch, inputs]` to `[batch, outputs]`.
 * As a denoiser (`time`), the sinusoidal embedding of t is joined to x before the first layer.
 */
export function mlp(options: MlpOptions): Network {
  const { inputs, hidden, outputs = inputs, time, classes, name = "", seed = 0 } = options;
  const activate = activationFunction(options.activation ?? "silu");
  const timeFeatures = time ? ((time === true ? undefined : time.features) ?? 64) : 0;
  const classFeatures = classes === undefined ? 0 : 32;
  const widths = [inputs + timeFeatures + classFeatures, ...hidden, outputs];
  const layers = widths
    .slice(1)
    .map((width, i) => linear(`${name}layers.${i}`, widths[i], width, { seed }));
  const classOf = embedding(`${name}classes`, (classes ?? 0) + 1, classFeatures, { seed });
  const signature: Record<string, Signature> = {
    x: { shape: ["batch", inputs] },
    ...(time && { t: { shape: ["batch"], dtype: "int64" } }),
    ...(classes !== undefined && { condition: { shape: ["batch"], dtype: "int64" } }),
  };
  return network(signature, (x: Expr, ...rest: Expr[]) => {
    const parts = [x];
    if (time) parts.push(timestepEmbedding(rest[0], timeFeatures));
    if (classes !== undefined) parts.push(classOf(rest[rest.length - 1]));
    return layers.reduce((h, layer, i) => layer(i === 0 ? h : activate(h)), concat(parts, 1));
  });
}
