import { dataError } from "./data-error.ts";
import type { PngHeader } from "./png-header.ts";

/**
 * An empty raster of a PNG, and a function that writes a row of samples into it, blended with white.
 *
 * @throws GenError `invalid-data` when a palette is missing, or palette or transparency do not fit
 * the color type. The function throws when a pixel's index is not in the palette.
 */
export function rasterWriter(
  name: string,
  header: PngHeader,
  palette: Uint8Array | undefined,
  transparency: Uint8Array | undefined,
) {
  const { width, height, depth, color, samples } = header;
  const channels: 1 | 3 = color === 0 || color === 4 ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  const most = 2 ** depth - 1;
  const key = color === 3 ? undefined : transparentColor(name, header, transparency);
  const table = tableOf();

  /** For each value of a sample that is a pixel of its own, the pixel's bytes. */
  function tableOf(): Uint8Array | undefined {
    if (color === 3) return paletteTable(name, depth, palette, transparency);
    if (color !== 0 || depth > 8) return undefined;
    return Uint8Array.from({ length: most + 1 }, (_, value) =>
      value === key?.[0] ? 255 : Math.round((255 * value) / most),
    );
  }

  const writeRow = (row: Uint8Array, pass: PngHeader["passes"][number], y: number): void => {
    let at = ((pass.y + y * pass.dy) * width + pass.x) * channels;
    const step = pass.dx * channels;
    if (table !== undefined) {
      for (let i = 0; i < pass.width; i++, at += step) {
        const bit = i * depth;
        const value = depth === 8 ? row[i] : (row[bit >> 3] >> (8 - depth - (bit & 7))) & most;
        if (value * channels >= table.length) {
          const entries = table.length / channels;
          throw dataError(name, `an index must be below the palette's ${entries}, got ${value}`);
        }
        for (let c = 0; c < channels; c++) data[at + c] = table[value * channels + c];
      }
      return;
    }
    const hasAlpha = samples > channels;
    const value = (k: number) => (depth === 8 ? row[k] : (row[2 * k] << 8) | row[2 * k + 1]);
    for (let i = 0; i < pass.width; i++, at += step) {
      const from = i * samples;
      let alpha = hasAlpha ? value(from + channels) / most : 1;
      if (key !== undefined) {
        alpha = 0;
        for (let c = 0; c < channels; c++) if (value(from + c) !== key[c]) alpha = 1;
      }
      for (let c = 0; c < channels; c++) {
        data[at + c] = Math.round(255 * ((alpha * value(from + c)) / most + 1 - alpha));
      }
    }
  };
  return { raster: { channels, data }, writeRow };
}

/** The colors of a palette as bytes RGB, blended with white. */
function paletteTable(
  name: string,
  depth: number,
  palette: Uint8Array | undefined,
  alphas: Uint8Array = new Uint8Array(0),
): Uint8Array {
  if (palette === undefined) throw dataError(name, "PNG with indices but no palette");
  const entries = palette.length / 3;
  if (!Number.isInteger(entries) || entries < 1 || entries > 2 ** depth) {
    throw dataError(
      name,
      `a palette must have 1 to ${2 ** depth} colors of 3 bytes, got ${palette.length} bytes`,
    );
  }
  if (alphas.length > entries) {
    throw dataError(name, `tRNS must have at most ${entries} bytes, got ${alphas.length}`);
  }
  return palette.map((value, i) => {
    const alpha = (alphas[Math.floor(i / 3)] ?? 255) / 255;
    return Math.round(255 * ((alpha * value) / 255 + 1 - alpha));
  });
}

/** The samples of the color that is transparent. */
function transparentColor(
  name: string,
  { color, samples }: PngHeader,
  bytes: Uint8Array | undefined,
): number[] | undefined {
  if (bytes === undefined) return undefined;
  if (color > 3) throw dataError(name, `a PNG of color type ${color} must have no tRNS`);
  if (bytes.length !== 2 * samples) {
    throw dataError(name, `tRNS must have ${2 * samples} bytes, got ${bytes.length}`);
  }
  return Array.from({ length: samples }, (_, c) => (bytes[2 * c] << 8) | bytes[2 * c + 1]);
}
