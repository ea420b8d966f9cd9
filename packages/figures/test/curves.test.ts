import { expect, test } from "vitest";
import { drawCurves } from "../src/curves.ts";
import { svgSurface } from "../src/surface.ts";
import { palette } from "./test-palette.ts";

const box = { width: 400, height: 200 };

/** The corners of the curve in one color. */
function corners(svg: string, color: string): [number, number][] {
  const [, d = ""] = new RegExp(`stroke="${color}"[^>]* d="([^"]*)"`).exec(svg) ?? [];
  return [...d.matchAll(/[ML]([-\d.]+) ([-\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

test("a curve runs over the whole width, higher where its value is higher", () => {
  const surface = svgSurface(box);
  const curves = [{ color: "x0", values: [0, 1, 0.25, 2, 0] }] as const;
  drawCurves(surface, box, palette, { low: -2, high: 2, curves });
  const points = corners(surface.svg(), palette.x0);
  expect(points.map(([x]) => x)).toEqual([0, 100, 200, 300, 400]);
  const [zero, one, quarter, two] = points.map(([, y]) => y);
  expect(zero - two).toBeCloseTo(2 * (zero - one), 1);
  expect(zero - quarter).toBeCloseTo(0.25 * (zero - one), 1);
});

test("a value above the top of the picture is drawn at the top", () => {
  const surface = svgSurface(box);
  const curves = [{ color: "z", values: [0, 5, 0] }] as const;
  drawCurves(surface, box, palette, { low: 0, high: 1, curves, most: 1 });
  const [, [, y]] = corners(surface.svg(), palette.z);
  expect(y).toBeCloseTo(20, 6);
});
