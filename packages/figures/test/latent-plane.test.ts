import { expect, test } from "vitest";
import {
  drawLatentMarks,
  drawLatentPlane,
  drawPixels,
  latentGrid,
  latentView,
} from "../src/latent-plane.ts";
import { svgSurface } from "../src/surface.ts";
import { palette } from "./test-palette.ts";

const box = { width: 400, height: 300 };

/** The strokes of an SVG: their colors and points. */
const strokes = (svg: string) =>
  [...svg.matchAll(/stroke="(#\w+)"[^>]* d="([^"]*)"/g)].map(([, color, d]) => ({
    color,
    points: [...d.matchAll(/[ML]([-\d.]+) ([-\d.]+)/g)].map(([, x, y]) => [+x, +y]),
  }));

test("the view maps the square around the origin into its box, and back", () => {
  const view = latentView({ ...box, left: 10, top: 20 }, 3);
  expect([view.x(0), view.y(0)]).toEqual([210, 170]);
  expect(view.y(3)).toBeCloseTo(20, 12);
  for (const [x, y] of [
    [0, 0],
    [-3, 3],
    [1.25, -2],
  ]) {
    const [back, up] = view.place(view.x(x), view.y(y));
    expect(back).toBeCloseTo(x, 12);
    expect(up).toBeCloseTo(y, 12);
  }
});

test("the grid has the middles of its cells, from the top left, and sums to zero", () => {
  const grid = latentGrid(4, 2);
  expect([...grid.slice(0, 4)]).toEqual([-1.5, 1.5, -0.5, 1.5]);
  expect([...grid.slice(-2)]).toEqual([1.5, -1.5]);
  expect(grid.reduce((sum, v) => sum + v, 0)).toBeCloseTo(0, 6);
});

test("a picture's pixels tile its square, each as strong as its value", () => {
  const surface = svgSurface(box);
  const pixels = [1, 0.5, 0, 0.25];
  drawPixels(surface, { width: 21, height: 21, left: 5 }, palette, { side: 2, pixels });
  const parts = [
    ...surface.svg().matchAll(/fill-opacity="([\d.]+)" d="M(\S+) (\S+)h(\S+)v(\S+)h/g),
  ];
  // No pixel for paper. Neighbors share an edge: 5, 16 and 26.
  expect(parts.map(([, ...numbers]) => numbers.map(Number))).toEqual([
    [1, 5, 0, 11, 11],
    [0.5, 16, 0, 10, 11],
    [0.25, 16, 11, 10, 10],
  ]);
});

test("the plane has a decoded picture in each cell, rings at 1 and 2, and each class at its mean", () => {
  const surface = svgSurface(box);
  const across = 3;
  const pixels = new Float32Array(across * across).map((_, i) => 0.2 + i / 20);
  drawLatentPlane(surface, box, palette, {
    half: 3,
    decoded: { across, side: 1, pixels },
    points: [0, 0, 1, -1, 7, 0],
    labels: (i) => `class ${i}`,
  });
  const svg = surface.svg();
  expect(svg.match(/<path fill="#111"/g)).toHaveLength(across * across);
  const view = latentView(box, 3);
  const rings = strokes(svg);
  expect(rings).toHaveLength(2);
  rings.forEach(({ points }, i) => {
    for (const [x, y] of points) {
      expect(Math.hypot(x - view.x(0), y - view.y(0)) / view.unit).toBeCloseTo(i + 1, 2);
    }
  });
  // The third point is outside.
  const texts = [...svg.matchAll(/<text x="(\S+)" y="(\S+)"[^>]*>(.*)<\/text>/g)];
  expect(texts.map(([, x, , label]) => [+x, label])).toEqual([
    [view.x(0), "class 0"],
    [view.x(1), "class 1"],
  ]);
});

test("the marks have z under a cross, its draws, and two deviations of the posterior", () => {
  const surface = svgSurface(box);
  const posterior = { mean: [1, 0.5], deviation: [0.25, 0.5] };
  drawLatentMarks(surface, box, palette, { half: 3, z: [-1, 1], posterior, draws: [2, 2] });
  const svg = surface.svg();
  const view = latentView(box, 3);
  const middle = (points: number[][]) =>
    [0, 1].map((axis) => {
      const values = points.map((point) => point[axis]);
      return (Math.min(...values) + Math.max(...values)) / 2;
    });
  const cross = strokes(svg).filter(({ color }) => color === palette.z);
  expect(cross).toHaveLength(1);
  expect(middle(cross[0].points)).toEqual([view.x(-1), view.y(1)]);
  const [ellipse] = strokes(svg).filter(({ color }) => color === palette.eta);
  expect(middle(ellipse.points)).toEqual([view.x(1), view.y(0.5)]);
  const width = Math.max(...ellipse.points.map(([x]) => x)) - view.x(1);
  const height = view.y(0.5) - Math.min(...ellipse.points.map(([, y]) => y));
  expect(width / view.unit).toBeCloseTo(0.5, 2);
  expect(height / view.unit).toBeCloseTo(1, 2);
  expect(svg).toMatch(
    new RegExp(`fill="${palette.z}"[^>]* d="M${view.x(2) - 3} ${view.y(2) - 3}h6v6`),
  );
});
