import { expect, test } from "vitest";
import { drawFilm, drawPicture, filmLayout, levelOfValue } from "../src/film.ts";
import type { Palette } from "../src/palette.ts";
import { svgSurface } from "../src/surface.ts";

const palette: Palette = {
  ground: "#fff",
  wash: "#eeeeee",
  ink: "#000000",
  soft: "#555",
  hair: "#ccc",
  x0: "#00f",
  z: "#f00",
  eps: "#0a0",
  eta: "#aa0",
};

/** The area of the squares of each color in an SVG. */
function areas(svg: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, color, d] of svg.matchAll(/<path fill="([^"]+)"[^>]* d="([^"]*)"/g)) {
    for (const [, w, h] of d.matchAll(/h([\d.]+)v([\d.]+)h/g)) {
      found.set(color, (found.get(color) ?? 0) + Number(w) * Number(h));
    }
  }
  return found;
}

test("-1 is level 0, 1 is level 255, 0 lies between, and what is outside is clipped", () => {
  expect([-1, 1, -3, 7].map(levelOfValue)).toEqual([0, 255, 0, 255]);
  expect(Math.abs(levelOfValue(0) - 127.5)).toBe(0.5);
  expect(levelOfValue(2 * (77 / 255) - 1)).toBe(77);
});

test("a picture covers its box: each pixel by its own color, the ground by nothing", () => {
  const surface = svgSurface({ width: 30, height: 20 });
  // Columns of -1, 0 and 1; rows of 10 pixels.
  const values = [-1, 0, 1, -1, 0, 1];
  drawPicture(surface, { width: 30, height: 20 }, palette, { values, width: 3, height: 2 });
  const found = areas(surface.svg());
  expect([...found.keys()].sort()).toEqual(["rgb(0,0,0)", "rgb(127,127,127)"]);
  for (const area of found.values()) expect(area).toBe(10 * 20);
});

test("pixels leave no seams where a box is no multiple of the picture", () => {
  const surface = svgSurface({ width: 31, height: 17 });
  const values = Array.from({ length: 28 * 28 }, (_, i) => (i % 7) / 3.5 - 0.9);
  drawPicture(surface, { width: 31, height: 17 }, palette, { values, width: 28, height: 28 });
  const total = [...areas(surface.svg()).values()].reduce((sum, area) => sum + area, 0);
  expect(total).toBe(31 * 17);
});

test("a strip shows each moment's label, sample and clean estimate", () => {
  const full = (value: number) => ({ values: [value], width: 1, height: 1 });
  const moments = [999, 500, 0].map((t, i) => ({
    noisy: full(1 - i / 2),
    clean: full(1),
    label: `t = ${t}`,
  }));
  const box = { width: 316, height: 400 };
  const surface = svgSurface(box);
  drawFilm(surface, box, palette, { moments, chosen: 1 });
  const svg = surface.svg();
  for (const { label } of moments) expect(svg).toContain(`>${label}<`);
  const { side, columns } = filmLayout(box.width, moments.length);
  expect([columns, side]).toEqual([3, 100]);
  // Black: the first sample and three estimates. The others are lighter.
  expect(areas(svg).get("rgb(0,0,0)")).toBe(4 * side * side);
  expect(areas(svg).get("rgb(64,64,64)")).toBe(side * side);
  expect(areas(svg).get("#00f")).toBe((1 + 3 + 1) * side);
});

test("a strip fits its width, and goes on in a second line where cells would be tiny", () => {
  for (const width of [288, 320, 560, 920, 1240]) {
    const { columns, side, height, line } = filmLayout(width, 8);
    expect(columns * side + (columns - 1) * 8).toBeLessThanOrEqual(width);
    expect(side).toBeGreaterThanOrEqual(56);
    expect(height).toBeGreaterThanOrEqual((8 / columns) * line);
  }
  expect(filmLayout(320, 8).columns).toBe(4);
  expect(filmLayout(920, 8).columns).toBe(8);
});
