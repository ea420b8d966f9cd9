/*
 * Drawings as the digits of the data set: a bitmap of 32x32 dots, of which each pixel counts a
 * square of 4x4 (Alpaydin and Kaynak 1998).
 */

/** Width and height of a picture. */
export const side = 8;
/** Numbers of a picture. */
export const size = side * side;

const dots = 32;
const margin = 2;
const pen = 1.7;

/** Points in the plane, y up, as a picture `[64]` in [0, 1]: centered, and as large as it fits. */
export function rasterize(marks: readonly (readonly [number, number])[]): Float32Array {
  const xs = marks.map(([x]) => x);
  const ys = marks.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const scale = (dots - 2 * (margin + pen)) / Math.max(right - left, high - low, 0.4);
  const bitmap = new Uint8Array(dots * dots);
  for (const [x, y] of marks) {
    const column = dots / 2 + scale * (x - (left + right) / 2);
    const row = dots / 2 - scale * (y - (low + high) / 2);
    for (let i = Math.floor(row - pen); i <= row + pen; i++) {
      for (let j = Math.floor(column - pen); j <= column + pen; j++) {
        const inside = Math.hypot(i + 0.5 - row, j + 0.5 - column) <= pen;
        if (inside && i >= 0 && j >= 0 && i < dots && j < dots) bitmap[i * dots + j] = 1;
      }
    }
  }
  const block = dots / side;
  const picture = new Float32Array(size);
  bitmap.forEach((dot, i) => {
    const row = Math.floor(i / dots / block);
    picture[row * side + Math.floor((i % dots) / block)] += dot / (block * block);
  });
  return picture;
}

/** A picture as 64 hexadecimal digits, 16 levels of gray. */
export const toHex = (picture: Float32Array): string =>
  Array.from(picture, (v) => Math.round(v * 15).toString(16)).join("");

export const isHex = (text: unknown): text is string =>
  typeof text === "string" && new RegExp(`^[0-9a-f]{${size}}$`).test(text);

export const fromHex = (text: string): Float32Array =>
  Float32Array.from(text, (digit) => Number.parseInt(digit, 16) / 15);

/** Each drawing moved by at most one pixel: nine pictures of each, `[9 n, 64]`. */
export function shifted(drawings: readonly string[]): Float32Array {
  const moves = [-1, 0, 1];
  const pictures = drawings.flatMap((drawing) => {
    const picture = fromHex(drawing);
    return moves.flatMap((down) =>
      moves.map((right) =>
        picture.map((_, i) => {
          const [row, column] = [Math.floor(i / side) - down, (i % side) - right];
          const inside = row >= 0 && column >= 0 && row < side && column < side;
          return inside ? picture[row * side + column] : 0;
        }),
      ),
    );
  });
  return Float32Array.from(pictures.flatMap((picture) => [...picture]));
}
