import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { drawRiver, exactDenoiser, type Palette, svgSurface, tracePaths } from "@gen/figures";
import { Resvg } from "@resvg/resvg-js";
import { create, type Font } from "fontkit";
import { indexedPng, type Rgb } from "./indexed-png.mts";

/*
 * The picture that stands beside a shared link: the page's title above the river of paths from noise
 * to data. Titles are drawn as outlines of the book's fonts, so a machine without fonts draws the
 * same picture.
 */

const size = { width: 800, height: 420 } as const;
/** The part above the river. Only this part differs between pages. */
const top = { width: size.width, height: 236 } as const;
const left = 48;

const require = createRequire(import.meta.url);
const openFont = (path: string) => create(readFileSync(require.resolve(path))) as Font;

const words = new Intl.Segmenter("zh", { granularity: "word" });

/** Parts of one line: a font draws the characters that it has. */
interface Fonts {
  readonly latin: Font;
  readonly greek: Font;
  readonly chinese: Font;
}

const serif = "@fontsource/source-serif-4/files/source-serif-4";
const xiaowei = "@fontsource/zcool-xiaowei/files/zcool-xiaowei";

/** The light colors of @gen/figures. */
function palette(): Palette {
  const css = readFileSync(require.resolve("@gen/figures/palette.css"), "utf8");
  const [light] = /:root \{[^}]*\}/.exec(css) ?? [""];
  const colors = [...light.matchAll(/--(\w+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [
    name,
    hex,
  ]);
  return Object.fromEntries(colors);
}

const rgb = (hex: string): Rgb =>
  [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)) as unknown as Rgb;

/** Colors from the ground to each color: enough for lines with soft edges. */
function rampsOf(colors: Palette) {
  const SHADES = 24;
  const ground = rgb(colors.ground);
  const ramp = (hex: string) =>
    Array.from({ length: SHADES }, (_, i) =>
      rgb(hex).map((v, k) => Math.round(ground[k] + ((v - ground[k]) * i) / (SHADES - 1))),
    ) as unknown as Rgb[];
  const ink = ramp(colors.ink);
  return { ink, all: [...ink, ...ramp(colors.x0), ...ramp(colors.z)] };
}

/** The pixels of an SVG drawing, 4 bytes each. */
const pixelsOf = (svg: string) =>
  new Resvg(svg, { font: { loadSystemFonts: false } }).render().pixels;

/** The river over the whole picture, as numbers of colors. */
function riverPixels(colors: Palette, all: readonly Rgb[]): Uint8Array {
  const steps = 60;
  // Data in five heaps, as a word has strokes.
  const anchors = [-1.7, -0.9, 0, 0.8, 1.6].flatMap((x) => [x, 0]);
  const denoise = exactDenoiser(anchors, 0.05);
  const trace = (count: number, eta: number) => [
    ...tracePaths({ denoise, count, steps, eta, seed: 3 }),
  ];
  const surface = svgSurface(size);
  surface.fillStyle = colors.ground;
  surface.fillRect(0, 0, size.width, size.height);
  const box = {
    left: 0,
    top: top.height,
    width: size.width,
    height: size.height - top.height - 24,
  };
  drawRiver(surface, box, colors, { ddim: trace(90, 0), ddpm: trace(36, 1), steps });
  const pixels = pixelsOf(surface.svg());
  const known = new Map<number, number>();
  const nearest = (r: number, g: number, b: number) => {
    const key = (r << 16) | (g << 8) | b;
    let best = known.get(key);
    if (best === undefined) {
      const distances = all.map((c) => (c[0] - r) ** 2 + (c[1] - g) ** 2 + (c[2] - b) ** 2);
      best = distances.indexOf(Math.min(...distances));
      known.set(key, best);
    }
    return best;
  };
  return Uint8Array.from({ length: size.width * size.height }, (_, i) =>
    nearest(pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2]),
  );
}

/** The outline of a text as SVG paths, and its width. */
function outline(fonts: Fonts, text: string, pixels: number) {
  let width = 0;
  let svg = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const font = Object.values(fonts).find((each: Font) => each.hasGlyphForCodePoint(code));
    if (!font) continue;
    const glyph = font.glyphForCodePoint(code);
    const scale = pixels / font.unitsPerEm;
    svg += `<path transform="translate(${width.toFixed(2)} 0) scale(${scale} ${-scale})" d="${glyph.path.toSVG()}"/>`;
    width += glyph.advanceWidth * scale;
  }
  return { svg, width };
}

/** The lines of a title, broken between words. */
function linesOf(fonts: Fonts, title: string, pixels: number): string[] {
  const fits = (line: string) => outline(fonts, line, pixels).width <= size.width - 2 * left;
  const lines: string[] = [];
  let line = "";
  for (const { segment, isWordLike } of words.segment(title)) {
    if (line !== "" && isWordLike && !fits(line + segment)) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += segment;
  }
  return [...lines, line.trimEnd()];
}

/** The title above the river, as opacities of ink. */
function titlePixels(fonts: Fonts, title: string): Uint8Array {
  const pixels =
    [56, 46, 38, 30].find((each) => linesOf(fonts, title, each).length * each <= 120) ?? 24;
  const lines = linesOf(fonts, title, pixels).slice(0, 4);
  const brand = outline(fonts, "gen", 30).svg;
  const drawn = lines.map((line, i) => {
    const y = 84 + pixels + i * pixels * 1.18;
    return `<g transform="translate(${left} ${y})">${outline(fonts, line, pixels).svg}</g>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${top.width}" height="${top.height}"><g transform="translate(${left} 62)">${brand}</g>${drawn.join("")}</svg>`;
  const rgba = pixelsOf(svg);
  return Uint8Array.from({ length: top.width * top.height }, (_, i) => rgba[4 * i + 3]);
}

/** Draws the pictures of titles. */
function shareImages() {
  const fonts: Fonts = {
    latin: openFont(`${serif}-latin-500-normal.woff2`),
    greek: openFont(`${serif}-greek-500-normal.woff2`),
    chinese: openFont(`${xiaowei}-chinese-simplified-400-normal.woff2`),
  };
  const colors = palette();
  const { ink, all } = rampsOf(colors);
  const river = riverPixels(colors, all);
  return (title: string): Buffer => {
    const picture = river.slice();
    titlePixels(fonts, title).forEach((opacity, i) => {
      if (opacity > 0) picture[i] = Math.round((opacity / 255) * (ink.length - 1));
    });
    return indexedPng({ ...size, colors: all, pixels: picture });
  };
}

/** Writes the pictures of pages. `titles` has the title of each file, such as `share/index.png`. */
export async function writeShareImages(
  folder: string,
  titles: ReadonlyMap<string, string>,
): Promise<void> {
  const draw = shareImages();
  // A symbol of the reference has one title in both languages.
  const drawn = new Map<string, Buffer>();
  for (const [file, title] of titles) {
    const path = join(folder, file);
    const picture = drawn.get(title) ?? draw(title);
    drawn.set(title, picture);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, picture);
  }
}
