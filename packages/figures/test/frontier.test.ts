import { expect, test } from "vitest";
import { drawFrontier, type FrontierPicture, frontierView, lineAt } from "../src/frontier.ts";
import { svgSurface } from "../src/surface.ts";
import { palette } from "./test-palette.ts";

const box = { width: 600, height: 400, left: 7, top: 9 };
const picture: FrontierPicture = {
  lines: [
    {
      id: "ddpm",
      name: "DDPM",
      color: "z",
      mark: "square",
      dashed: true,
      points: [
        { steps: 2, distance: 0.8 },
        { steps: 100, distance: 0.1 },
      ],
    },
    {
      id: "ddim",
      name: "DDIM",
      color: "x0",
      mark: "square",
      dashed: false,
      points: [
        { steps: 4, distance: 0.4 },
        { steps: 16, distance: 0.05 },
      ],
    },
  ],
  fresh: { low: 0.03, high: 0.08 },
  words: { steps: "steps", distance: "distance", fresh: "fresh" },
};

const drawn = (more: Partial<FrontierPicture> = {}): string => {
  const surface = svgSurface({ width: 620, height: 420 });
  drawFrontier(surface, box, palette, { ...picture, ...more });
  return surface.svg();
};

/** The lines of one color: their opacity, width, and the ends of their strokes. */
const strokes = (svg: string, color: string) =>
  [
    ...svg.matchAll(
      new RegExp(
        `stroke="${color}" stroke-opacity="([\\d.]+)" stroke-width="([\\d.]+)" d="([^"]*)"`,
        "g",
      ),
    ),
  ].map(([, opacity, width, d]) => ({
    opacity: Number(opacity),
    width: Number(width),
    places: [...d.matchAll(/[ML]([-\d.]+) ([-\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
  }));

test("both axes are logarithmic: equal ratios are equal lengths, closer to the data is lower", () => {
  const { x, y } = frontierView(box, picture);
  expect(x(8) - x(4)).toBeCloseTo(x(100) - x(50), 9);
  expect(x(8)).toBeGreaterThan(x(4));
  expect(y(0.1) - y(0.2)).toBeCloseTo(y(0.4) - y(0.8), 9);
  expect(y(0.1)).toBeGreaterThan(y(0.2));
});

test("the axes hold every point, also those outside of their usual ranges", () => {
  const far = { steps: 300, distance: 0.004 };
  const wide = { lines: [{ ...picture.lines[0], points: [far, { steps: 1, distance: 6 }] }] };
  const { x, y } = frontierView(box, wide);
  for (const { steps, distance } of wide.lines[0].points) {
    expect(x(steps)).toBeGreaterThanOrEqual(box.left);
    expect(x(steps)).toBeLessThanOrEqual(box.left + box.width);
    expect(y(distance)).toBeGreaterThanOrEqual(box.top);
    expect(y(distance)).toBeLessThanOrEqual(box.top + box.height);
  }
});

test("a line goes through its points, and a dashed line from its first to its last", () => {
  const { x, y } = frontierView(box, picture);
  const svg = drawn();
  const [ddim] = strokes(svg, "#00f");
  picture.lines[1].points.forEach(({ steps, distance }, i) => {
    expect(Math.abs(ddim.places[i][0] - x(steps))).toBeLessThan(0.01);
    expect(Math.abs(ddim.places[i][1] - y(distance))).toBeLessThan(0.01);
  });
  const [ddpm] = strokes(svg, "#f00");
  const [from, to] = picture.lines[0].points.map(({ steps, distance }) => [x(steps), y(distance)]);
  expect(Math.hypot(ddpm.places[0][0] - from[0], ddpm.places[0][1] - from[1])).toBeLessThan(0.01);
  const end = ddpm.places[ddpm.places.length - 1];
  expect(Math.hypot(end[0] - to[0], end[1] - to[1])).toBeLessThan(4.1);
  // Six of ten parts are drawn.
  let length = 0;
  for (let i = 0; i < ddpm.places.length; i += 2) {
    const [[ax, ay], [bx, by]] = [ddpm.places[i], ddpm.places[i + 1]];
    length += Math.hypot(bx - ax, by - ay);
  }
  const whole = Math.hypot(to[0] - from[0], to[1] - from[1]);
  expect(Math.abs(length / whole - 0.6)).toBeLessThan(0.02);
});

test("dashes go on around a corner as along a straight line", () => {
  const middle = { steps: Math.sqrt(200), distance: Math.sqrt(0.08) };
  const [first, last] = picture.lines[0].points;
  const bent = drawn({ lines: [{ ...picture.lines[0], points: [first, middle, last] }] });
  const total = (svg: string) => {
    const [{ places }] = strokes(svg, "#f00");
    let length = 0;
    for (let i = 0; i < places.length; i += 2) {
      length += Math.hypot(places[i + 1][0] - places[i][0], places[i + 1][1] - places[i][1]);
    }
    return length;
  };
  // The middle lies on the line, so the dashes cover as much of it.
  expect(total(bent)).toBeCloseTo(total(drawn({ lines: [picture.lines[0]] })), 0);
});

test("the band lies between its two distances, and is absent until it is known", () => {
  const { y } = frontierView(box, picture);
  const band = /fill="#555" fill-opacity="0.16" d="M[-\d.]+ ([-\d.]+)h[-\d.]+v([-\d.]+)/;
  const [, top, height] = band.exec(drawn()) ?? [];
  expect(Math.abs(Number(top) - y(0.08))).toBeLessThan(0.01);
  expect(Math.abs(Number(top) + Number(height) - y(0.03))).toBeLessThan(0.02);
  expect(drawn({ fresh: undefined })).not.toMatch(band);
});

test("a line that is lit is wide and in front, and the others fade", () => {
  const plain = drawn();
  const lit = drawn({ lit: "ddpm" });
  expect(strokes(lit, "#f00")[0].width).toBeGreaterThan(strokes(plain, "#f00")[0].width);
  expect(strokes(lit, "#00f")[0].opacity).toBeLessThan(strokes(plain, "#00f")[0].opacity);
  expect(strokes(lit, "#f00")[0].opacity).toBe(1);
  expect(lit.indexOf('stroke="#f00"')).toBeGreaterThan(lit.indexOf('stroke="#00f"'));
});

test("the pointer finds the line of the nearest point, and none far from all", () => {
  const { x, y } = frontierView(box, picture);
  expect(lineAt(box, picture, x(16) + 10, y(0.05) - 10)).toBe("ddim");
  expect(lineAt(box, picture, x(2) + 3, y(0.8) + 3)).toBe("ddpm");
  expect(lineAt(box, picture, x(40), y(0.8))).toBeUndefined();
});
