import { type Tensor, tensor } from "@gen/graph";

/**
 * Fixed 2-D sine-cosine embedding of a grid's positions, row by row (Vaswani et al. 2017, section
 * 3.5, for the column in the first half of the features and the row in the second, as in He et
 * al. 2022): `[1, side^2, features]`, each half `[sin(p w_0), ..., cos(p w_0), ...]` with
 * `w_i = 10000^(-4 i / features)`.
 * @throws RangeError unless `features` is a multiple of 4.
 */
export function gridEmbedding(side: number, features: number): Tensor {
  if (!(features > 0 && features % 4 === 0)) {
    throw new RangeError(
      `a position embedding's features must be a multiple of 4, got ${features}`,
    );
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
