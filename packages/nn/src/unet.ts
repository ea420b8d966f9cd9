import { add, concat, type Expr, type Signature, silu } from "@gen/graph";
import { attention } from "./attention.ts";
import { halvedSize } from "./conv-encoder.ts";
import { convolution } from "./convolution.ts";
import { embedding } from "./embedding.ts";
import { groupNorm } from "./group-norm.ts";
import { zeros } from "./initialisers.ts";
import { linear } from "./linear.ts";
import { type Network, network } from "./network.ts";
import { downsample, upsample } from "./resample.ts";
import { residualBlock } from "./residual-block.ts";
import { timestepEmbedding } from "./timestep-embedding.ts";

/** Settings of {@link unet}. */
export interface UnetOptions {
  /** Height and width of x; divisible by 2 once for each level but the last (28 goes 28, 14, 7). */
  size: number;
  /** Channels of x; 1 unless told. */
  inChannels?: number;
  /** Channels of the result; `inChannels` unless told. */
  outChannels?: number;
  /** Channels at full size; 32 unless told. The time embedding has four times as many. */
  channels?: number;
  /** Channels of each level over `channels`; `[1, 2]` unless told. */
  multipliers?: readonly number[];
  /** Residual blocks in each level on the way down (one more on the way up); 1 unless told. */
  blocks?: number;
  /** Sizes at which each block is followed by attention; none unless told (the middle always has it). */
  attention?: readonly number[];
  /** Heads of attention; 1 unless told. */
  heads?: number;
  /** Groups of every normalisation; `defaultGroups(channels)` of each layer unless told. */
  groups?: number;
  /** Makes a last argument `[batch]` int64 in [0, classes], where `classes` itself means no class. */
  classes?: number;
  name?: string;
  seed?: number;
}

type Stage = (x: Expr, time: Expr) => Expr;

/**
 * The UNet of Ho et al. (2020, appendix B): x `[batch, inChannels, size, size]` and t `[batch]`
 * int64 to `[batch, outChannels, size, size]`. Residual blocks take the time embedding, skips join
 * both ways down and up, the middle attends, and the output starts at zero.
 * @throws RangeError when `size` cannot be halved once for each level but the last.
 */
export function unet(options: UnetOptions): Network {
  const { size, inChannels = 1, outChannels = inChannels, channels = 32, classes } = options;
  const { multipliers = [1, 2], blocks = 1, attention: attended = [], heads } = options;
  const { groups, name = "", seed = 0 } = options;
  halvedSize(size, multipliers.length - 1);
  const timeFeatures = 4 * channels;

  const block = (path: string, from: number, to: number, side: number): Stage => {
    const residual = residualBlock(path, from, to, { timeFeatures, groups, seed });
    if (!attended.includes(side)) return residual;
    const attends = attention(`${path}.attention`, to, { heads, groups, seed });
    return (x, time) => attends(residual(x, time));
  };

  const stem = convolution(`${name}in`, inChannels, channels, { seed });
  const skips = [channels];
  let [side, width] = [size, channels];
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
    residualBlock(`${name}mid.0`, width, width, { timeFeatures, groups, seed }),
    attention(`${name}mid.attention`, width, { heads, groups, seed }),
    residualBlock(`${name}mid.1`, width, width, { timeFeatures, groups, seed }),
  ];

  // `true` marks the stages that take a skip.
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
    x: { shape: ["batch", inChannels, size, size] },
    t: { shape: ["batch"], dtype: "int64" },
    ...(classes !== undefined && { condition: { shape: ["batch"], dtype: "int64" } }),
  };
  return network(signature, (x, t, condition) => {
    let embedded = time2(silu(time1(timestepEmbedding(t, channels))));
    if (classes !== undefined) embedded = add(embedded, classOf(condition));
    const time = silu(embedded);
    const kept = [stem(x)];
    for (const stage of down) kept.push(stage(kept[kept.length - 1], time));
    let h = mid.reduce((y, stage) => stage(y, time), kept[kept.length - 1]);
    for (const [stage, takesSkip] of up) {
      h = stage(takesSkip ? concat([h, kept.pop() as Expr], 1) : h, time);
    }
    return head(silu(norm(h)));
  });
}
