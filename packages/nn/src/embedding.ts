import {
  cast,
  concat,
  constant,
  cos,
  type Expr,
  gather,
  mul,
  pad,
  reshape,
  sin,
  type Tensor,
  tensor,
} from "@gen/graph";
import { ArgumentError, checkArguments, checkOptions, rules, shown } from "@gen/math/arguments";
import { initializedParameter, type LayerOptions, normalWeights } from "./initializers.ts";
import { checkLayer } from "./layer-rules.ts";

/**
 * A table of learned vectors: int64 or int32 indices `[...]` in `[0, count)` to `[..., features]`.
 * The table is `NAME.weight` `[count, features]`, standard normal at first.
 *
 * @param name Start of the weight's name.
 * @param count How many vectors.
 * @param features Numbers of a vector.
 * @param options The seed and the first values. Default: standard normal.
 * @throws on use, RangeError when the indices are no integers.
 */
export function embedding(
  name: string,
  count: number,
  features: number,
  options: Pick<LayerOptions, "seed" | "weight"> = {},
): (indices: Expr) => Expr {
  checkLayer(name, {}, options);
  checkArguments({ count, features }, { count: rules.INDEX, features: rules.INDEX });
  const { seed = 0, weight = normalWeights(1) } = options;
  const table = initializedParameter(`${name}.weight`, [count, features], weight, seed);
  return (indices) => gather(table, indices);
}

/** Settings of {@link timestepEmbedding}. */
export interface TimestepEmbeddingOptions {
  /** Slowest period over 2 pi, in steps. @defaultValue 10,000 */
  maxPeriod?: number;
  /** Cosines before sines (diffusers' `flip_sin_to_cos`). @defaultValue false, as Ho et al. */
  flipSinToCos?: boolean;
  /** Diffusers' `downscale_freq_shift`. @defaultValue 1, as Ho et al. */
  downscaleFreqShift?: number;
}

/**
 * Sines and cosines of a time step (Vaswani et al. 2017, section 3.5, in the order of Ho et al.
 * 2020): `[sin(t w_0), ..., cos(t w_0), ...]` with `w_i = maxPeriod^(-i / (features / 2 - shift))`.
 * `t` `[batch]` of any dtype gives float32 `[batch, features]`; an odd last feature is 0.
 *
 * @param t Time steps `[batch]`, integers or floats.
 * @param features Numbers of the embedding.
 * @param options Periods and order. Default: as Ho et al.
 * @throws RangeError when `features` is no positive integer.
 */
export function timestepEmbedding(
  t: Expr,
  features: number,
  options: TimestepEmbeddingOptions = {},
): Expr {
  checkArguments({ t, features }, { t: rules.EXPRESSION, features: rules.COUNT });
  checkOptions(options, {
    maxPeriod: rules.optional(rules.POSITIVE_FINITE),
    flipSinToCos: rules.optional(rules.FLAG),
    downscaleFreqShift: rules.optional(rules.FINITE),
  });
  const { maxPeriod = 10_000, flipSinToCos = false, downscaleFreqShift = 1 } = options;
  const half = Math.floor(features / 2);
  if (t.shape.length !== 1 || !(half > downscaleFreqShift)) {
    throw new ArgumentError(
      `timestepEmbedding needs t [batch] and more than ${2 * downscaleFreqShift} features, got t [${t.shape.join(", ")}] and ${features}`,
    );
  }
  const rate = -Math.log(maxPeriod) / (half - downscaleFreqShift);
  const frequencies = Float32Array.from({ length: half }, (_, i) => Math.exp(rate * i));
  const angles = mul(
    reshape(cast(t, "float32"), [t.shape[0], 1]),
    constant(tensor(frequencies, [1, half])),
  );
  const waves = [sin(angles), cos(angles)];
  return pad(concat(flipSinToCos ? waves.reverse() : waves, 1), [0, 0], [0, features - 2 * half]);
}

/**
 * Fixed 2-D sine-cosine embedding of a grid's positions, row by row (Vaswani et al. 2017, section
 * 3.5, for the column in the first half of the features and the row in the second, as in He et
 * al. 2022): `[1, side^2, features]`, each half `[sin(p w_0), ..., cos(p w_0), ...]` with
 * `w_i = 10000^(-4 i / features)`.
 * @throws RangeError when `features` is not a multiple of 4.
 */
export function gridEmbedding(side: number, features: number): Tensor {
  if (!(features > 0 && features % 4 === 0)) {
    throw new ArgumentError(`the grid's features must be a multiple of 4, got ${shown(features)}`);
  }
  const waves = features / 4;
  const data = new Float32Array(side * side * features);
  for (let p = 0; p < side * side; p++) {
    for (const [half, place] of [p % side, Math.floor(p / side)].entries()) {
      for (let i = 0; i < waves; i++) {
        const at = p * features + 2 * half * waves + i;
        const angle = place * 10_000 ** (-i / waves);
        data[at] = Math.sin(angle);
        data[at + waves] = Math.cos(angle);
      }
    }
  }
  return tensor(data, [1, side * side, features]);
}
