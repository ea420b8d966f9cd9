import {
  add,
  constant,
  type Expr,
  reshape,
  type Signature,
  silu,
  tensor,
  transpose,
} from "@gen/graph";
import { convolution } from "./convolution.ts";
import { ditBlock, modulatedNorm, modulation } from "./dit-block.ts";
import { embedding } from "./embedding.ts";
import { type Initializer, normalWeights, xavierUniform, zeros } from "./initializers.ts";
import { linear } from "./linear.ts";
import { type Network, network } from "./network.ts";
import { gridEmbedding } from "./position-embedding.ts";
import { timestepEmbedding } from "./timestep-embedding.ts";

/** Settings of {@link dit}. */
export interface DitOptions {
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
  /** Adds a last argument `[batch]` int64 in [0, classes]; `classes` itself means no class. */
  classes?: number;
  /** Doubles the channels of the result, as in `unet`. */
  learnedVariance?: boolean;
  /** Start of all parameter names. @defaultValue "" */
  name?: string;
  /** Seed of the first weights. @defaultValue 0 */
  seed?: number;
}

const TIME_FEATURES = 256;

/** Glorot and Bengio's weights of a linear layer of whole patches, which this convolution is. */
const patchWeights: Initializer = (shape, key) =>
  tensor(xavierUniform()([shape[0], shape[1] * shape[2] * shape[3]], key).data, shape);

/**
 * The diffusion transformer with adaLN-Zero blocks of Peebles and Xie (2023, section 3.2):
 * x `[batch, inChannels, size, size]` and t `[batch]` int64 to `[batch, outChannels, size, size]`.
 * Patches become tokens with a fixed 2-D position embedding. Time and class decide every layer
 * norm's shift, scale and gate. The output starts at zero.
 *
 * A block has `(10 + 2 mlpRatio) width^2` weights and `(11 + mlpRatio) width` biases.
 * @throws RangeError when `patch` does not divide `size`, `heads` not `width`, or 4 not `width`.
 */
export function dit(options: DitOptions): Network {
  const { size, inChannels = 1, patch = 2, width = 128, depth = 4, classes } = options;
  const { heads = 4, mlpRatio, learnedVariance = false, name = "", seed = 0 } = options;
  if (!(Number.isInteger(patch) && patch > 0 && size % patch === 0)) {
    throw new RangeError(`patch must divide the size ${size}, got ${patch}`);
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
  return network(signature, (x, t, condition) => {
    const [batch] = x.shape;
    const waves = timestepEmbedding(t, TIME_FEATURES, {
      flipSinToCos: true,
      downscaleFreqShift: 0,
    });
    let embedded = time2(silu(time1(waves)));
    if (classes !== undefined) {
      if (!condition) throw new TypeError("the dit needs its argument condition, got none");
      embedded = add(embedded, classOf(condition));
    }
    const tokens = transpose(reshape(stem(x), [batch, width, side * side]), [0, 2, 1]);
    const h = blocks.reduce((y: Expr, block) => block(y, embedded), add(tokens, places));
    const [shift, scale] = modulate(embedded);
    const pixels = head(norm(h, shift, scale));
    const grid = reshape(pixels, [batch, side, side, patch, patch, outChannels]);
    return reshape(transpose(grid, [0, 5, 1, 3, 2, 4]), [batch, outChannels, size, size]);
  });
}
