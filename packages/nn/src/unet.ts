import { add, concat, type Expr, type Signature, silu } from "@gen/graph";
import { ArgumentError, rules, shown } from "@gen/math/arguments";
import { attention } from "./attention.ts";
import { residualBlock, spatialTransformer } from "./blocks.ts";
import { imageSizes } from "./conv-coders.ts";
import { convolution, downsample, upsample } from "./convolution.ts";
import { embedding, timestepEmbedding } from "./embedding.ts";
import { zeros } from "./initializers.ts";
import { checkNetwork, IMAGE_SIZE, SIZES_OR_NONE } from "./layer-rules.ts";
import { linear } from "./linear.ts";
import { type DenoiserOptions, type Network, network } from "./network.ts";
import { groupNorm } from "./normalization.ts";

/** Settings of {@link unet}. */
export interface UnetOptions extends DenoiserOptions {
  /**
   * Side of x, or height and width; divisible by 2 once for each level but the last (28 goes 28, 14,
   * 7).
   */
  size: number | readonly [height: number, width: number];
  /** Channels of x. @defaultValue 1 */
  inChannels?: number;
  /** Channels of the result. @defaultValue `inChannels`, or twice as many with `learnedVariance` */
  outChannels?: number;
  /**
   * Doubles the channels of the result: the prediction, then the raw numbers of a learned variance
   * (Nichol and Dhariwal 2021, section 3.1), as `ddpmSteps` and the hybrid objective take them.
   * @defaultValue false
   */
  learnedVariance?: boolean;
  /** Channels at full size. The time embedding has four times as many. @defaultValue 32 */
  channels?: number;
  /** Channels of each level, divided by `channels`. @defaultValue `[1, 2]` */
  multipliers?: readonly number[];
  /** Residual blocks of each level on the way down, and one more on the way up. @defaultValue 1 */
  blocks?: number;
  /** Heights at which attention follows each block. The middle always has it. @defaultValue [] */
  attention?: readonly number[];
  /** Heads of attention. @defaultValue 1 */
  heads?: number;
  /** Groups of every normalization. @defaultValue `defaultGroups(channels)` of each layer */
  groups?: number;
  /**
   * Adds a last argument `context` `[batch, tokens, features]`, such as a text's embedding. The
   * attention blocks are then latent diffusion's transformers. Without `tokens`, any number fits.
   * @defaultValue none
   */
  crossAttention?: {
    /** Features of a token of the context. */
    features: number;
    /** Tokens of the context. @defaultValue any number */
    tokens?: number;
  };
  /** The share that training drops in each residual block; Ho et al. take 0.1. @defaultValue 0 */
  dropout?: number;
}

const contextRule = rules.having("{ features, tokens }", {
  features: rules.COUNT,
  tokens: rules.optional(rules.COUNT),
});

type Stage = (x: Expr, time: Expr, context?: Expr) => Expr;

/**
 * The UNet of Ho et al. (2020, appendix B): x `[batch, inChannels, height, width]` and t `[batch]`
 * int64 to `[batch, outChannels, height, width]`. Residual blocks take the time embedding, skips join
 * both ways down and up, the middle attends, and the output starts at zero.
 *
 * @param options Size of x, channels, levels, attention, and whether there are classes.
 * @throws RangeError when `size` cannot be halved once for each level but the last, or
 * `outChannels` contradicts `learnedVariance`.
 */
export function unet(options: UnetOptions): Network {
  checkNetwork(options, {
    size: IMAGE_SIZE,
    channels: rules.optional(rules.COUNT),
    multipliers: rules.optional(rules.SIZES),
    blocks: rules.optional(rules.COUNT),
    attention: rules.optional(SIZES_OR_NONE),
    crossAttention: rules.optional(contextRule),
  });
  const { size, inChannels = 1, channels = 32, classes, crossAttention, dropout } = options;
  const { multipliers = [1, 2], blocks = 1, attention: attended = [], heads } = options;
  const { learnedVariance, groups, name = "", seed = 0 } = options;
  const { full } = imageSizes(size, multipliers.length - 1);
  const fittingChannels = (learnedVariance ? 2 : 1) * inChannels;
  const { outChannels = fittingChannels } = options;
  if (learnedVariance && outChannels !== fittingChannels) {
    throw new ArgumentError(
      `outChannels must be ${fittingChannels} with learnedVariance, twice inChannels, got ${shown(outChannels)}`,
    );
  }
  const timeFeatures = 4 * channels;
  const within = { timeFeatures, groups, dropout, seed };

  const attending = (path: string, width: number): Stage => {
    if (!crossAttention) return attention(path, width, { heads, groups, seed });
    const contextFeatures = crossAttention.features;
    const transforms = spatialTransformer(path, width, { contextFeatures, heads, groups, seed });
    return (x, _, context) => transforms(x, context as Expr);
  };
  const block = (path: string, from: number, to: number, side: number): Stage => {
    const residual = residualBlock(path, from, to, within);
    if (!attended.includes(side)) return residual;
    const attends = attending(`${path}.attention`, to);
    return (x, time, context) => attends(residual(x, time), time, context);
  };

  const stem = convolution(`${name}in`, inChannels, channels, { seed });
  const skips = [channels];
  let [side, width] = [full[0], channels];
  const down: Stage[] = [];
  for (const [level, multiplier] of multipliers.entries()) {
    for (let i = 0; i < blocks; i++) {
      down.push(block(`${name}down.${level}.${i}`, width, channels * multiplier, side));
      width = channels * multiplier;
      skips.push(width);
    }
    if (level === multipliers.length - 1) continue;
    down.push(downsample(`${name}down.${level}.resample`, width, width, { seed }));
    skips.push(width);
    side /= 2;
  }

  const mid: Stage[] = [
    residualBlock(`${name}mid.0`, width, width, within),
    attending(`${name}mid.attention`, width),
    residualBlock(`${name}mid.1`, width, width, within),
  ];

  // Each stage, and whether it takes a skip.
  const up: [Stage, boolean][] = [];
  for (const [level, multiplier] of [...multipliers.entries()].reverse()) {
    for (let i = 0; i <= blocks; i++) {
      const from = width + (skips.pop() as number);
      width = channels * multiplier;
      up.push([block(`${name}up.${level}.${i}`, from, width, side), true]);
    }
    if (level === 0) continue;
    up.push([upsample(`${name}up.${level}.resample`, width, width, { seed }), false]);
    side *= 2;
  }

  const norm = groupNorm(`${name}out.norm`, width, { groups });
  const head = convolution(`${name}out.conv`, width, outChannels, { seed, weight: zeros });
  const time1 = linear(`${name}time.0`, channels, timeFeatures, { seed });
  const time2 = linear(`${name}time.1`, timeFeatures, timeFeatures, { seed });
  const classOf = embedding(`${name}classes`, (classes ?? -1) + 1, timeFeatures, { seed });

  const signature: Record<string, Signature> = {
    x: { shape: ["batch", inChannels, ...full] },
    t: { shape: ["batch"], dtype: "int64" },
    ...(classes !== undefined && { condition: { shape: ["batch"], dtype: "int64" } }),
    ...(crossAttention && {
      context: { shape: ["batch", crossAttention.tokens ?? "tokens", crossAttention.features] },
    }),
  };
  return network(
    signature,
    (x, t, ...rest) => {
      const context = crossAttention && rest[classes === undefined ? 0 : 1];
      let embedded = time2(silu(time1(timestepEmbedding(t, channels))));
      if (classes !== undefined) embedded = add(embedded, classOf(rest[0]));
      const time = silu(embedded);
      const kept = [stem(x)];
      for (const stage of down) kept.push(stage(kept[kept.length - 1], time, context));
      let h = mid.reduce((y, stage) => stage(y, time, context), kept[kept.length - 1]);
      for (const [stage, takesSkip] of up) {
        h = stage(takesSkip ? concat([h, kept.pop() as Expr], 1) : h, time, context);
      }
      return head(silu(norm(h)));
    },
    classes,
  );
}
