import { concat, type Expr, type Signature } from "@gen/graph";
import { rules } from "@gen/math/arguments";
import { type Activation, activationFunction } from "./activation.ts";
import { embedding, timestepEmbedding } from "./embedding.ts";
import { checkNetwork, SIZES_OR_NONE } from "./layer-rules.ts";
import { linear } from "./linear.ts";
import { type DenoiserOptions, type Network, network } from "./network.ts";

/** Settings of {@link mlp}. */
export interface MlpOptions extends DenoiserOptions {
  /** Features of x. */
  inputs: number;
  /** Widths of the hidden layers, in order. */
  hidden: readonly number[];
  /** Features of the result. @defaultValue `inputs` */
  outputs?: number;
  /** The activation between layers. @defaultValue silu */
  activation?: Activation;
  /**
   * Makes a denoiser, with a second argument t `[batch]` int64. The embedding of t has `features`,
   * 64 by default.
   * @defaultValue false
   */
  time?:
    | {
        /** Features of the embedding of t. @defaultValue 64 */
        features?: number;
      }
    | boolean;
}

const timeRule = rules.having("{ features }", { features: rules.optional(rules.COUNT) });

/**
 * Linear layers with an activation between them: x `[batch, inputs]` to `[batch, outputs]`.
 * In a denoiser (`time`), the first layer takes x joined with the sinusoidal embedding of t.
 *
 * @param options Features of x and of the layers, and whether it takes the time.
 * @throws RangeError when a width is no positive integer, or the activation's name is unknown.
 */
export function mlp(options: MlpOptions): Network {
  checkNetwork(options, {
    inputs: rules.COUNT,
    hidden: SIZES_OR_NONE,
    outputs: rules.optional(rules.COUNT),
    time: rules.optional(rules.either(rules.FLAG, timeRule)),
  });
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
  return network(
    signature,
    (x: Expr, ...rest: Expr[]) => {
      const parts = [x];
      if (time) parts.push(timestepEmbedding(rest[0], timeFeatures));
      if (classes !== undefined) parts.push(classOf(rest[rest.length - 1]));
      return layers.reduce((h, layer, i) => layer(i === 0 ? h : activate(h)), concat(parts, 1));
    },
    classes,
  );
}
