import {
  add,
  constant,
  type Expr,
  mul,
  reshape,
  type Signature,
  silu,
  slice,
  tensor,
  transpose,
} from "@gen/graph";
import { ArgumentError, rules, shown } from "@gen/math/arguments";
import { geluTanh } from "./activation.ts";
import { tokenAttention } from "./attention.ts";
import { convolution } from "./convolution.ts";
import { embedding, gridEmbedding, timestepEmbedding } from "./embedding.ts";
import { type Initializer, normalWeights, xavierUniform, zeros } from "./initializers.ts";
import { checkNetwork } from "./layer-rules.ts";
import { linear } from "./linear.ts";
import { type DenoiserOptions, type Network, network } from "./network.ts";
import { layerNorm } from "./normalization.ts";

/** Settings of {@link dit}. */
export interface DitOptions extends DenoiserOptions {
  /** Height and width of x; a multiple of `patch`. */
  size: number;
  /** Channels of x. @defaultValue 1 */
  inChannels?: number;
  /** Side of the square patches that become tokens. @defaultValue 2 */
  patch?: number;
  /** Features of a token, a multiple of 4 and of `heads`. @defaultValue 128 */
  width?: number;
  /** Number of blocks. @defaultValue 4 */
  depth?: number;
  /** Heads of attention. @defaultValue 4 */
  heads?: number;
  /** Hidden features of the blocks' MLPs, divided by `width`. @defaultValue 4 */
  mlpRatio?: number;
  /** Doubles the channels of the result, as in `unet`. @defaultValue false */
  learnedVariance?: boolean;
}

/**
 * `count` vectors `[batch, 1, width]` from a condition's embedding `[batch, width]`: silu, then a
 * linear layer that starts at zero.
 */
function modulation(name: string, width: number, count: number): (condition: Expr) => Expr[] {
  const layer = linear(name, width, count * width, { weight: zeros });
  return (condition) => {
    const all = layer(silu(condition));
    return Array.from({ length: count }, (_, i) =>
      reshape(slice(all, 1, i * width, (i + 1) * width), [all.shape[0], 1, width]),
    );
  };
}

/** `norm(x) (1 + scale) + shift` of x `[batch, tokens, width]`, the norm without weights. */
function modulatedNorm(width: number): (x: Expr, shift: Expr, scale: Expr) => Expr {
  const norm = layerNorm("", width, { epsilon: 1e-6, affine: false });
  return (x, shift, scale) => add(mul(norm(x), add(scale, 1)), shift);
}

/**
 * The adaLN-Zero block of Peebles and Xie (2023, section 3.2 and figure 3): attention, then an MLP,
 * each on a layer norm. The condition gives the norm's shift and scale, and a gate of the result
 * that starts at zero. Takes x `[batch, tokens, width]` and the condition `[batch, width]`.
 */
function ditBlock(
  name: string,
  width: number,
  { heads, mlpRatio = 4, seed }: Pick<DitOptions, "heads" | "mlpRatio" | "seed">,
): (x: Expr, condition: Expr) => Expr {
  const weight = xavierUniform();
  const modulate = modulation(`${name}.modulation`, width, 6);
  const norm = modulatedNorm(width);
  const attention = tokenAttention(`${name}.attention`, width, { heads, weight, seed });
  const inner = Math.round(mlpRatio * width);
  const widen = linear(`${name}.mlp.0`, width, inner, { weight, seed });
  const narrow = linear(`${name}.mlp.1`, inner, width, { weight, seed });
  return (x, condition) => {
    const [shift1, scale1, gate1, shift2, scale2, gate2] = modulate(condition);
    const h = add(x, mul(gate1, attention(norm(x, shift1, scale1))));
    return add(h, mul(gate2, narrow(geluTanh(widen(norm(h, shift2, scale2))))));
  };
}

const TIME_FEATURES = 256;

/** Glorot and Bengio's weights: this convolution is a linear layer of whole patches. */
const patchWeights: Initializer = (shape, key) =>
  tensor(xavierUniform()([shape[0], shape[1] * shape[2] * shape[3]], key).data, shape);

/**
 * The diffusion transformer with adaLN-Zero blocks of Peebles and Xie (2023, section 3.2):
 * x `[batch, inChannels, size, size]` and t `[batch]` int64 to `[batch, outChannels, size, size]`.
 * Patches become tokens with a fixed 2-D position embedding. Time and class decide every layer
 * norm's shift, scale and gate. The output starts at zero.
 *
 * A block has `(10 + 2 mlpRatio) width^2` weights and `(11 + mlpRatio) width` biases.
 *
 * @param options Size of x, patch, width, depth and heads.
 * @throws RangeError when `patch` does not divide `size`, `heads` not `width`, or 4 not `width`.
 */
export function dit(options: DitOptions): Network {
  checkNetwork(options, {
    size: rules.COUNT,
    patch: rules.optional(rules.NUMBER),
    width: rules.optional(rules.COUNT),
    depth: rules.optional(rules.INDEX),
    mlpRatio: rules.optional(rules.POSITIVE_FINITE),
  });
  const { size, inChannels = 1, patch = 2, width = 128, depth = 4, classes } = options;
  const { heads = 4, mlpRatio, learnedVariance = false, name = "", seed = 0 } = options;
  if (!(Number.isInteger(patch) && patch > 0 && size % patch === 0)) {
    throw new ArgumentError(`patch must divide the size ${size}, got ${shown(patch)}`);
  }
  const side = size / patch;
  const outChannels = (learnedVariance ? 2 : 1) * inChannels;
  const places = constant(gridEmbedding(side, width));
  const patches = { kernel: patch, stride: patch, padding: 0, weight: patchWeights, seed };
  const stem = convolution(`${name}in`, inChannels, width, patches);
  const small = { weight: normalWeights(0.02), seed };
  const time1 = linear(`${name}time.0`, TIME_FEATURES, width, small);
  const time2 = linear(`${name}time.1`, width, width, small);
  const classOf = embedding(`${name}classes`, (classes ?? -1) + 1, width, small);
  const blocks = Array.from({ length: depth }, (_, i) =>
    ditBlock(`${name}blocks.${i}`, width, { heads, mlpRatio, seed }),
  );
  const modulate = modulation(`${name}out.modulation`, width, 2);
  const norm = modulatedNorm(width);
  const head = linear(`${name}out.linear`, width, patch * patch * outChannels, { weight: zeros });

  const signature: Record<string, Signature> = {
    x: { shape: ["batch", inChannels, size, size] },
    t: { shape: ["batch"], dtype: "int64" },
    ...(classes !== undefined && { condition: { shape: ["batch"], dtype: "int64" } }),
  };
  return network(
    signature,
    (x, t, condition) => {
      const [batch] = x.shape;
      const order = { flipSinToCos: true, downscaleFreqShift: 0 };
      let embedded = time2(silu(time1(timestepEmbedding(t, TIME_FEATURES, order))));
      if (classes !== undefined) embedded = add(embedded, classOf(condition));
      const tokens = transpose(reshape(stem(x), [batch, width, side * side]), [0, 2, 1]);
      const h = blocks.reduce((y: Expr, block) => block(y, embedded), add(tokens, places));
      const [shift, scale] = modulate(embedded);
      const pixels = head(norm(h, shift, scale));
      const grid = reshape(pixels, [batch, side, side, patch, patch, outChannels]);
      return reshape(transpose(grid, [0, 5, 1, 3, 2, 4]), [batch, outChannels, size, size]);
    },
    classes,
  );
}
