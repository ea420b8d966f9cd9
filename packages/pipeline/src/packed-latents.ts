/*
 * Flux's tokens: latents [batch, c, h, w] in patches of 2 x 2, and the positions of image and text.
 *
 *   token (i, j) = the 4 c numbers of rows 2 i, 2 i + 1 and columns 2 j, 2 j + 1
 *   img_ids = (0, i, j)      txt_ids = (0, 0, 0)
 *
 * As FluxPipeline's _pack_latents and _prepare_latent_image_ids (diffusers 0.39).
 */
import { constant, type Expr, mul, reshape, slice, sum, tensor, transpose } from "@gen/graph";
import { ArgumentError } from "@gen/math/arguments";

/** `[batch, c, h, w]` as tokens `[batch, h w / 4, 4 c]`. */
export function packLatents(x: Expr): Expr {
  const [batch, channels, height, width] = x.shape;
  const [rows, columns] = halves(height, width);
  const apart = reshape(x, [batch, channels, rows, 2, columns, 2]);
  const tokens = transpose(apart, [0, 2, 4, 1, 3, 5]);
  return reshape(tokens, [batch, rows * columns, Number(channels) * 4]);
}

/** The reverse of {@link packLatents} for latents in the shape of `like`. */
export function unpackLatents(tokens: Expr, like: Expr): Expr {
  const [batch, channels, height, width] = like.shape;
  const [rows, columns] = halves(height, width);
  const apart = reshape(tokens, [batch, rows, columns, channels, 2, 2]);
  return reshape(transpose(apart, [0, 3, 1, 4, 2, 5]), [batch, channels, height, width]);
}

/** The positions `[h w / 4, 3]` of an image's tokens. */
export function imageIds({ shape }: Expr): Expr {
  const [rows, columns] = halves(shape[2], shape[3]);
  const ids = Array.from({ length: rows * columns }, (_, i) => [
    0,
    Math.floor(i / columns),
    i % columns,
  ]);
  return constant(tensor(ids.flat(), [rows * columns, 3], "int64"));
}

/** The positions `[tokens, 3]` of a text's tokens, all 0. */
export function textIds(text: Expr): Expr {
  const length = text.shape[1];
  if (typeof length !== "number") return mul(slice(sum(text, [0]), 1, 0, 3), 0);
  return constant(tensor(Array(3 * length).fill(0), [length, 3], "int64"));
}

function halves(height: unknown, width: unknown): [number, number] {
  const sides = [Number(height) / 2, Number(width) / 2];
  if (sides.every(Number.isInteger)) return sides as [number, number];
  throw new ArgumentError(`height and width of latents must be even, got ${height} x ${width}`);
}
