import { expect, test } from "vitest";
import { drawMoves } from "../src/moves.ts";
import { svgSurface } from "../src/surface.ts";
import { palette } from "./test-palette.ts";

test("a line joins each number to where it is moved, and numbers outside have none", () => {
  const box = { width: 200, height: 100 };
  const surface = svgSurface(box);
  const names = ["z", "x"] as const;
  drawMoves(surface, box, palette, { from: [0, 1, -9], to: [2, -2, 0], names, half: 4 });
  const [, d = ""] =
    new RegExp(`stroke="${palette.soft}"[^>]* d="([^"]*)"`).exec(surface.svg()) ?? [];
  const places = [...d.matchAll(/[ML]([-\d.]+) /g)].map(([, x]) => Number(x));
  expect(places).toEqual([100, 150, 125, 50]);
});
