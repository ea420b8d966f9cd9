// A grayscale PNG encoder. Each row uses the filter with the least sum of absolute differences.
// The result is compressed at zlib's highest level.
import { constants, crc32, deflateSync } from "node:zlib";

const predictors = [
  () => 0,
  (a) => a,
  (_a, b) => b,
  (a, b) => (a + b) >> 1,
  (a, b, c) => {
    const p = a + b - c;
    const pa = Math.abs(p - a);
    const pb = Math.abs(p - b);
    const pc = Math.abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
  },
];

function filterRows(pixels, width, height, filters) {
  const out = Buffer.alloc(height * (width + 1));
  const row = Buffer.alloc(width);
  for (let y = 0; y < height; y++) {
    let best = Infinity;
    for (const filter of filters) {
      let sum = 0;
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        const a = x > 0 ? pixels[at - 1] : 0;
        const b = y > 0 ? pixels[at - width] : 0;
        const c = x > 0 && y > 0 ? pixels[at - width - 1] : 0;
        const difference = (pixels[at] - predictors[filter](a, b, c)) & 255;
        row[x] = difference;
        sum += difference < 128 ? difference : 256 - difference;
      }
      if (sum < best) {
        best = sum;
        out[y * (width + 1)] = filter;
        row.copy(out, y * (width + 1) + 1);
      }
    }
  }
  return out;
}

function chunk(type, data) {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

/** An 8-bit grayscale PNG of `pixels` [height, width] with latin-1 text chunks. */
export function encodeGrayPng(pixels, width, height, text = {}) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const candidates = [[0], [4], [0, 1, 2, 3, 4]].map((filters) =>
    deflateSync(filterRows(pixels, width, height, filters), {
      level: 9,
      memLevel: 9,
      strategy: constants.Z_DEFAULT_STRATEGY,
    }),
  );
  console.log("  deflated bytes (none, paeth, adaptive):", ...candidates.map((c) => c.length));
  candidates.sort((a, b) => a.length - b.length);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    ...Object.entries(text).map(([key, value]) =>
      chunk("tEXt", Buffer.from(`${key}\0${value}`, "latin1")),
    ),
    chunk("IDAT", candidates[0]),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Arranges images [n, side, side] row by row in a sheet of `columns`. Empty cells are 0. */
export function sheet(images, n, side, columns) {
  const rows = Math.ceil(n / columns);
  const width = columns * side;
  const pixels = Buffer.alloc(rows * side * width);
  for (let i = 0; i < n; i++) {
    const left = (i % columns) * side;
    const top = Math.floor(i / columns) * side;
    for (let y = 0; y < side; y++) {
      images.copy(
        pixels,
        (top + y) * width + left,
        (i * side + y) * side,
        (i * side + y + 1) * side,
      );
    }
  }
  return { pixels, width, height: rows * side };
}
