/** Tokens [h w / 4, 4 c] of 2 x 2 numbers as latents [c, h, w], where the golden has Flux's. */
export function unpacked(tokens: Float32Array, [channels, height, width]: readonly number[]) {
  const out = new Float32Array(tokens.length);
  for (let i = 0; i < out.length; i++) {
    const [c, y, x] = [Math.floor(i / height / width), Math.floor(i / width) % height, i % width];
    const token = Math.floor(y / 2) * (width / 2) + Math.floor(x / 2);
    out[i] = tokens[token * 4 * channels + 4 * c + 2 * (y % 2) + (x % 2)];
  }
  return out;
}
