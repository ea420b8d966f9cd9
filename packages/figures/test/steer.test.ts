import {
  mixtureOracle,
  normalNoise,
  numberArithmetic,
  randomStream,
  slicedWasserstein,
} from "@gen/math";
import { expect, test } from "vitest";
import { classColors } from "../src/class-colors.ts";
import {
  classLogProbs,
  classTerms,
  type LabeledMixture,
  likelyClass,
  logMarginal,
  mixturePoints,
  pullsAt,
} from "../src/labeled-mixture.ts";
import { levelOf } from "../src/log-snr.ts";
import { type Region, regionBorders } from "../src/regions.ts";
import { drawScaleCurve } from "../src/scale-curve.ts";
import {
  arrowGrid,
  drawArrows,
  drawClassPoints,
  drawDensity,
  halves,
  planeView,
  shadedRegions,
} from "../src/steer.ts";
import { type Box, svgSurface } from "../src/surface.ts";
import { drawPoints, tiltedDensity, tiltedLogDensity } from "../src/tilted.ts";
import { palette } from "./test-palette.ts";

const mixture: LabeledMixture = {
  classes: [
    [-1, 0.5, -0.6, 0.1, 0.3, 0],
    [1.2, -0.75, 0.4, 0.1],
    [0.1, 1.1],
  ],
  sigma: 0.3,
};
const clean = { signal: 1, noise: 0 };
const levels = [...[-6, -1, 0, 2, 5].map(levelOf), clean];
const x = normalNoise({ seed: 3, batch: 25, size: 2 });

/** The oracle of @gen/math for anchors `[k, 2]`. */
function oracle(anchors: ArrayLike<number>, level: (typeof levels)[number], at: number[]) {
  const means = Array.from({ length: anchors.length / 2 }, (_, k) => [
    anchors[2 * k],
    anchors[2 * k + 1],
  ]);
  const { sigma } = mixture;
  const weights = means.map(() => 1);
  const sigmas = means.map(() => [sigma, sigma]);
  return mixtureOracle(numberArithmetic, { weights, means, sigmas }, level, at);
}
const everyAnchor = mixture.classes.flatMap((each) => Array.from(each));

test("density, posterior and score are mixtureOracle's at every level", () => {
  for (const level of levels) {
    const terms = classTerms(mixture, x, level);
    const log = logMarginal(terms);
    const posterior = classLogProbs(terms);
    const labels = likelyClass(terms);
    const { score } = pullsAt(mixture, x, level);
    const first = oracle(everyAnchor, level, [x[0], x[1]]).logDensity;
    for (let i = 0; i < x.length; i += 2) {
      const exact = oracle(everyAnchor, level, [x[i], x[i + 1]]);
      expect(log[i / 2] - log[0]).toBeCloseTo(exact.logDensity - first, 9);
      expect([score[i], score[i + 1]]).toEqual(exact.score.map((v) => expect.closeTo(v, 8)));
      const probs = exact.classLogProbs.map(Math.exp);
      const classes = [probs[0] + probs[1] + probs[2], probs[3] + probs[4], probs[5]];
      expect(posterior.map((each) => Math.exp(each[i / 2]))).toEqual(
        classes.map((p) => expect.closeTo(p, 10)),
      );
      expect(labels[i / 2]).toBe(classes.indexOf(Math.max(...classes)));
    }
  }
});

test("the classifier's gradient is the slope of its posterior", () => {
  for (const level of levels) {
    const { classifier } = pullsAt(mixture, x, level);
    const step = 1e-5;
    for (const axis of [0, 1]) {
      const moved = (by: number) =>
        classLogProbs(
          classTerms(
            mixture,
            Float64Array.from(x, (v, i) => v + (i % 2 === axis ? by : 0)),
            level,
          ),
        );
      const [high, low] = [moved(step), moved(-step)];
      for (const [c, gradient] of classifier.entries()) {
        for (let i = 0; i < x.length / 2; i++) {
          const slope = (high[c][i] - low[c][i]) / (2 * step);
          expect(Math.abs(gradient[2 * i + axis] - slope)).toBeLessThan(
            1e-5 * (1 + Math.abs(slope)),
          );
        }
      }
    }
  }
});

test("at scale 1, model and classifier together are the score of the class alone", () => {
  for (const level of levels) {
    const { score, classifier } = pullsAt(mixture, x, level);
    for (const [c, gradient] of classifier.entries()) {
      for (let i = 0; i < x.length; i += 2) {
        const own = oracle(mixture.classes[c], level, [x[i], x[i + 1]]).score;
        for (const d of [0, 1]) {
          const both = score[i + d] + gradient[i + d];
          expect(Math.abs(both - own[d])).toBeLessThan(1e-9 * Math.max(1, Math.abs(own[d])));
        }
      }
    }
  }
});

test("the tilted density is that of all points at scale 0, of the class at scale 1, and a product for two classes", () => {
  const terms = classTerms(mixture, x, clean);
  const all = logMarginal(terms);
  const tilted = (classes: number[], scale: number) =>
    tiltedLogDensity(mixture, { classes, scale }, x);
  const expectEqual = (a: Float64Array, b: Float64Array) =>
    a.forEach((v, i) => expect(v).toBeCloseTo(b[i], 9));
  expectEqual(tilted([], 7), all);
  expectEqual(tilted([1], 0), all);
  expectEqual(tilted([1], 1), terms.logDensity[1]);
  // p (p_a / p)^s (p_b / p)^s
  const [a, b] = terms.logDensity;
  expectEqual(
    tilted([0, 1], 3),
    all.map((v, i) => -5 * v + 3 * a[i] + 3 * b[i]),
  );
});

test("draws of the grid are draws of the density: those that rejection sampling accepts", () => {
  const guidance = { classes: [0], scale: 4 };
  const density = tiltedDensity(mixture, guidance);
  expect(density.mass.reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 12);
  const count = 3000;
  // Proposals from the class itself; p(c | x)^(scale - 1) of them are accepted.
  const stream = (purpose: string) => randomStream({ seed: 8, purpose });
  const [anchors, offsets, chances] = ["anchors", "offsets", "chances"].map(stream);
  const accepted: number[] = [];
  while (accepted.length < 2 * count) {
    const [anchor] = anchors.integers(1, 3);
    const [dx, dy] = offsets.normal(2);
    const { classes, sigma } = mixture;
    const point = [classes[0][2 * anchor] + sigma * dx, classes[0][2 * anchor + 1] + sigma * dy];
    const [posterior] = classLogProbs(classTerms(mixture, point, clean));
    if (Math.log(chances.uniform(1)[0]) < 3 * posterior[0]) accepted.push(...point);
  }
  const draws = [1, 2, 3, 4, 5, 6].map((seed) => drawPoints(density, { count, seed }));
  const between = draws.slice(1).map((each) => slicedWasserstein(each, draws[0], 2));
  const distance = slicedWasserstein(accepted, draws[0], 2);
  expect(distance).toBeLessThan(1.2 * Math.max(...between));
  expect(drawPoints(density, { count: 5, seed: 1 })).toEqual(draws[0].slice(0, 10));
});

test("draws of a mixture have its mean, its spread and its classes' shares", () => {
  const count = 20_000;
  const { points, labels } = mixturePoints(mixture, { count, seed: 2 });
  for (const axis of [0, 1]) {
    const values = Array.from({ length: count }, (_, i) => points[2 * i + axis]);
    const anchors = everyAnchor.filter((_, i) => i % 2 === axis);
    const meanOf = (list: number[]) => list.reduce((sum, v) => sum + v, 0) / list.length;
    const varianceOf = (list: number[]) => meanOf(list.map((v) => v ** 2)) - meanOf(list) ** 2;
    const variance = varianceOf(anchors) + mixture.sigma ** 2;
    expect(Math.abs(meanOf(values) - meanOf(anchors))).toBeLessThan(
      4 * Math.sqrt(variance / count),
    );
    expect(varianceOf(values) / variance).toBeCloseTo(1, 1);
  }
  mixture.classes.forEach((anchors, c) => {
    const share = Array.from(labels).filter((label) => label === c).length / count;
    expect(share).toBeCloseTo(anchors.length / everyAnchor.length, 1);
  });
  const { points: first } = mixturePoints(mixture, { count: 3, seed: 2 });
  expect(Array.from(first)).toEqual(Array.from(points).slice(0, 6));
});

test("the smallest region of a share of a Gaussian is a disk of known size", () => {
  const sigma = 0.5;
  const density = tiltedDensity({ classes: [[0, 0]], sigma }, { classes: [], scale: 1 });
  const cellArea = ((2 * density.half) / density.cells) ** 2;
  const shares = [0.95, 0.5, 0.2];
  regionBorders(density, shares).forEach((border, i) => {
    const area = density.mass.filter((v) => v >= border).length * cellArea;
    expect(area / (-2 * Math.PI * sigma ** 2 * Math.log(1 - shares[i]))).toBeCloseTo(1, 2);
  });
});

test("the shading covers the regions of 95 to 20 % where they are", () => {
  const sigma = 0.5;
  const density = tiltedDensity({ classes: [[0.5, 0.25]], sigma }, { classes: [], scale: 1 });
  const box = { width: 420, height: 420, left: 40, top: 20 };
  const { unit, ...view } = planeView(box);
  const outlines = drawn(box, shadedRegions(density));
  expect(outlines).toHaveLength(5);
  outlines.forEach((outline, i) => {
    const { area, middle } = measure(outline);
    const share = [0.95, 0.8, 0.6, 0.4, 0.2][i];
    const disk = -2 * Math.PI * (sigma * unit) ** 2 * Math.log(1 - share);
    expect(Math.abs(area / disk - 1)).toBeLessThan(0.01);
    expect(Math.abs(middle[0] - view.x(0.5))).toBeLessThan(0.5);
    expect(Math.abs(middle[1] - view.y(0.25))).toBeLessThan(0.5);
  });
});

test("the shading leaves the hole of a ring open, and stays in its box", () => {
  const box = { width: 420, height: 420 };
  const ringOf = (radius: number) => {
    const angle = (k: number) => (Math.PI * k) / 20;
    const places = Array.from({ length: 40 }, (_, k) => [Math.cos(angle(k)), Math.sin(angle(k))]);
    const ring = { classes: [places.flat().map((v) => radius * v)], sigma: 0.1 };
    const [widest] = shadedRegions(tiltedDensity(ring, { classes: [], scale: 1 }));
    return drawn(box, [widest]);
  };
  const areas = ringOf(1).map((outline) => measure(outline).area);
  expect(areas.map(Math.sign).sort()).toEqual([-1, 1]);
  // This ring leaves the grid, and so the box.
  const places = ringOf(2.4).flat(2);
  expect([Math.min(...places), Math.max(...places)]).toEqual([0, 420]);
});

/** The corners of each outline that the regions draw, in pixels. */
function drawn(box: Box, regions: readonly Region[]): number[][][] {
  const surface = svgSurface({ width: 500, height: 500 });
  drawDensity(surface, box, palette, regions);
  return [...surface.svg().matchAll(/M[\d. L]+/g)].map(([outline]) =>
    outline
      .slice(1)
      .split("L")
      .map((corner) => corner.split(" ").map(Number)),
  );
}

/** The area of a polygon, negative for a hole, and its middle. */
function measure(corners: readonly number[][]) {
  let area = 0;
  const middle = [0, 0];
  corners.forEach(([x, y], i) => {
    const [nextX, nextY] = corners[(i + 1) % corners.length];
    // y is down: an outline with the region at its left in the plane goes the other way in pixels.
    const twice = nextX * y - x * nextY;
    area += twice / 2;
    middle[0] += (twice * (x + nextX)) / 6;
    middle[1] += (twice * (y + nextY)) / 6;
  });
  return { area, middle: middle.map((v) => v / area) };
}

test("each class has its color and shape, and points outside are left out", () => {
  const [left, right] = halves({ width: 800, height: 400 });
  expect(left.left + left.width).toBeLessThan(right.left);
  const surface = svgSurface({ width: 800, height: 400 });
  const points = [0, 0, 1, 0, 0, 1, -1, 0, 9, 9];
  const labeled = { points, labels: [0, 1, 2, 3, 0] };
  drawClassPoints(surface, right, labeled, { colors: ["#a00", "#0b0", "#00c", "#dd0"] });
  const svg = surface.svg();
  const middle = right.left + right.width / 2;
  expect(svg).toMatch(new RegExp(`fill="#a00"[^>]* d="M${middle - 2}[\\d.]* 19\\d[^M]*"`));
  const strokes = Object.fromEntries(
    [...svg.matchAll(/stroke="(#\w+)"[^>]* d="([^"]*)"/g)].map(([, color, d]) => [color, d]),
  );
  const corners = (color: string) => (strokes[color].match(/[ML]/g) ?? []).join("");
  expect(["#0b0", "#00c", "#dd0"].map(corners)).toEqual(["MLML", "MLLL", "MLML"]);
});

test("an arrow goes from its place along its vector, y up", () => {
  const box = { width: 420, height: 420 };
  const surface = svgSurface(box);
  drawArrows(surface, box, { from: [0, 0], by: [0.5, 0.25], color: "#0a0", weight: "plain" });
  expect(surface.svg()).toContain('d="M210 210L260 185M');
  const grid = arrowGrid(3);
  expect(grid).toHaveLength(18);
  expect(grid.reduce((sum, v) => sum + v, 0)).toBeCloseTo(0, 12);
  expect(grid[0]).toBeCloseTo(-1.4, 12);
});

test("the curve of distances rises to the right, with its band and the present scale", () => {
  const box = { width: 344, height: 128 };
  const surface = svgSurface(box);
  drawScaleCurve(surface, box, palette, {
    scales: [0, 5, 10],
    distances: [0, 0.4],
    band: [0.1, 0.2],
    present: [10, 0.8],
  });
  const svg = surface.svg();
  // 300 pixels for ten units of scale, 100 for 0.8 of distance.
  expect(svg).toContain('stroke="#111" stroke-opacity="1" stroke-width="1.4" d="M34 108L184 58"');
  expect(svg).toMatch(/fill="#555" fill-opacity="0.35" d="M34 83h300v12.5h-300z"/);
  expect(svg).toMatch(/fill="#aa0"[^>]* d="M330.5 4.5h7v7h-7z"/);
  expect(svg.match(/<text/g)).toHaveLength(5 + 6);
});

test("class colors are far from each other and from every letter's", () => {
  const channels = (color: string) =>
    [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  const distance = (a: string, b: string) =>
    Math.hypot(...channels(a).map((v, i) => v - channels(b)[i]));
  for (const colors of Object.values(classColors)) {
    for (const [i, color] of colors.entries()) {
      for (const other of colors.slice(0, i)) expect(distance(color, other)).toBeGreaterThan(60);
    }
  }
});
