// Writes packages/cli/src/drawing/font.ts: printable ASCII of the X11 font 7x13 (font-misc-misc,
// public domain). Usage: node tooling/datasets/build-font.mjs FOLDER  (FOLDER of fetch-packages.sh)
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const path = "usr/share/fonts/X11/misc/7x13-ISO8859-1.pcf.gz";
const file = gunzipSync(readFileSync(join(process.argv[2] ?? ".", path)));
const tables = new Map();
for (let i = 0; i < file.readUInt32LE(4); i++) {
  tables.set(file.readUInt32LE(8 + 16 * i), file.readUInt32LE(8 + 16 * i + 12));
}
// Portable Compiled Format: each table starts with a little-endian format word.
const reader = (type) => {
  const at = tables.get(type);
  const format = file.readUInt32LE(at);
  const big = (format & 4) !== 0;
  return {
    at,
    format,
    u16: (o) => (big ? file.readUInt16BE(at + o) : file.readUInt16LE(at + o)),
    i16: (o) => (big ? file.readInt16BE(at + o) : file.readInt16LE(at + o)),
    u32: (o) => (big ? file.readUInt32BE(at + o) : file.readUInt32LE(at + o)),
  };
};
const metrics = reader(1 << 2);
const bitmaps = reader(1 << 3);
const encodings = reader(1 << 5);
const glyphs = bitmaps.u32(4);
const rowBytes = 1 << (bitmaps.format & 3);
const msbFirst = (bitmaps.format & 8) !== 0;
const [width, height, ascent] = [7, 13, 11];

function metric(glyph) {
  if (metrics.format & 0x100) {
    const byte = (k) => file[metrics.at + 6 + 5 * glyph + k] - 0x80;
    return { left: byte(0), right: byte(1), ascent: byte(3), descent: byte(4) };
  }
  const word = (k) => metrics.i16(8 + 12 * glyph + 2 * k);
  return { left: word(0), right: word(1), ascent: word(3), descent: word(4) };
}

const out = Buffer.alloc(95 * height);
const firstColumn = encodings.u16(4);
for (let code = 32; code < 127; code++) {
  const glyph = encodings.u16(14 + 2 * (code - firstColumn));
  const m = metric(glyph);
  const start = bitmaps.at + 8 + 4 * glyphs + 16 + bitmaps.u32(8 + 4 * glyph);
  for (let y = 0; y < m.ascent + m.descent; y++) {
    let bits = 0;
    for (let x = 0; x < m.right - m.left; x++) {
      const byte = file[start + y * rowBytes + (x >> 3)];
      const on = (byte >> (msbFirst ? 7 - (x & 7) : x & 7)) & 1;
      bits |= on << (7 - (x + m.left));
    }
    out[(code - 32) * height + ascent - m.ascent + y] = bits;
  }
}

const hex = out.toString("hex");
const lines = hex.match(/.{1,96}/g).map((line) => `  "${line}",`);
writeFileSync(
  fileURLToPath(new URL("../../packages/cli/src/drawing/font.ts", import.meta.url)),
  `// Written by tooling/datasets/build-font.mjs from the X11 font 7x13 (font-misc-misc): "Public
// domain font. Share and enjoy." Printable ASCII: 13 rows a glyph, a byte a row, high bit left.
export const glyphWidth = ${width};
export const glyphHeight = ${height};
export const glyphRows: readonly string[] = [
${lines.join("\n")}
];
`,
);
for (const c of "Ag4%") {
  for (let y = 0; y < height; y++) {
    console.log(
      out[(c.charCodeAt(0) - 32) * height + y]
        .toString(2)
        .padStart(8, "0")
        .replaceAll("0", ".")
        .slice(0, 7),
    );
  }
}
