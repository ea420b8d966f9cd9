import { expect, test } from "vitest";
import { drawField } from "../src/field.ts";
import { drawRiver, histogram } from "../src/river.ts";
import { drawStage, drawStills, stageView } from "../src/stage.ts";
import { svgSurface } from "../src/surface.ts";
import { palette } from "./test-palette.ts";

const box = { width: 440, height: 240 };

/** The corners of an SVG's squares of one color. */
function squares(svg: string, color: string): [number, number][] {
  const paths = [...svg.matchAll(new RegExp(`fill="${color}"[^>]* d="([^"]*)"`, "g"))];
  return paths.flatMap(([, d]) =>
    [...d.matchAll(/M([-\d.]+) ([-\d.]+)/g)].map(([, x, y]): [number, number] => [+x, +y]),
  );
}

test("the stage maps the plane to its box: the origin is the middle, y is up", () => {
  const view = stageView({ ...box, left: 10, top: 20 });
  expect([view.x(0), view.y(0)]).toEqual([230, 140]);
  expect(view.x(1)).toBeGreaterThan(view.x(0));
  expect(view.y(1)).toBeLessThan(view.y(0));
  expect(view.x(1) - view.x(0)).toBeCloseTo(view.y(0) - view.y(1), 12);
});

test("the stage draws each point that is in the box where it is at the moment", () => {
  const frames = [Float32Array.of(0, 0, 9, 9), Float32Array.of(1, 0.5, 9, 9)];
  const surface = svgSurface(box);
  drawStage(surface, box, palette, { frames, steps: 1, at: 0.5 });
  const view = stageView(box);
  const [[x, y], ...others] = squares(surface.svg(), "#111");
  expect(others).toEqual([]);
  expect(Math.abs(x - view.x(0.5))).toBeLessThan(2);
  expect(Math.abs(y - view.y(0.25))).toBeLessThan(2);
});

test("the five stills show five moments, each with its log SNR", () => {
  const steps = 13;
  // One point that moves from left to right.
  const frames = Array.from({ length: steps + 1 }, (_, i) =>
    Float32Array.of(-1 + (2 * i) / steps, 0),
  );
  const surface = svgSurface(box);
  drawStills(surface, box, palette, { frames, steps });
  const svg = surface.svg();
  expect(squares(svg, "#111")).toHaveLength(5);
  for (const logSnr of [-5, 0, 2, 4, 7]) expect(svg).toContain(`>log SNR ${logSnr}<`);
});

test("the river draws both kinds of paths and the histograms of both ends", () => {
  const flat = Array.from({ length: 5 }, () => Float32Array.of(0.5, 0, -0.5, 0));
  const surface = svgSurface(box);
  drawRiver(surface, box, palette, { ddim: flat, ddpm: flat, steps: 4 });
  const svg = surface.svg();
  expect(svg.match(/stroke="#00f"/g)).toHaveLength(2);
  expect(svg.match(/stroke="#f00"/g)).toHaveLength(2);
  // Two bars on each side: one for each point.
  expect(squares(svg, "#111")).toHaveLength(4);
  const counts = histogram(flat[0]);
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(2);
  expect(counts.indexOf(1)).toBeLessThan(counts.lastIndexOf(1));
});

test("a letter's paths stand out, and the others fade", () => {
  const flat = Array.from({ length: 5 }, () => Float32Array.of(0.5, 0));
  const opacity = (letter: "z" | undefined, color: string) => {
    const surface = svgSurface(box);
    drawRiver(surface, box, palette, { ddim: flat, ddpm: flat, steps: 4, letter });
    return Number(
      new RegExp(`stroke="${color}" stroke-opacity="([\\d.]+)"`).exec(surface.svg())?.[1],
    );
  };
  expect(opacity("z", "#f00")).toBeGreaterThan(opacity(undefined, "#f00"));
  expect(opacity("z", "#00f")).toBeLessThan(opacity(undefined, "#00f"));
});

test("the field draws an arrow from each place toward its estimate, the learned one over the exact", () => {
  const surface = svgSurface(box);
  drawField(surface, box, palette, {
    grid: [0, 0, 1, 1],
    exact: [1, 0, 1, 1],
    learned: [0, 1, 1, 1],
    samples: [0.5, -0.5],
    half: 2,
  });
  const svg = surface.svg();
  const lines = [...svg.matchAll(/stroke="(#\w+)"[^>]* d="([^"]*)"/g)];
  expect(lines.map(([, color]) => color)).toEqual(["#111", "#0a0"]);
  // From the middle of the box: the exact arrow goes right, the learned one up.
  const ends = lines.map(([, , d]) => /^M220 120L([\d.]+) ([\d.]+)/.exec(d)?.slice(1).map(Number));
  expect(ends[0]?.[0]).toBeGreaterThan(225);
  expect(ends[0]?.[1]).toBe(120);
  expect(ends[1]?.[0]).toBe(220);
  expect(ends[1]?.[1]).toBeLessThan(115);
  expect(squares(svg, "#555")).toHaveLength(2);
  expect(squares(svg, "#00f")).toEqual([[248.4, 148.4]]);
});

test("text in an SVG is escaped", () => {
  const surface = svgSurface(box);
  surface.fillText('<b a="c">&', 1, 2);
  expect(surface.svg()).toContain(">&#60;b a=&#34;c&#34;&#62;&#38;<");
});
