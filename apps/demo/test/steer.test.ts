import { drawPoints, levelOf, pullsAt, tiltedDensity } from "@gen/figures";
import { normalNoise, slicedWasserstein } from "@gen/math";
import { expect, test } from "vitest";
import { createWork } from "../src/pages/steer/create-work.ts";
import { dataIds, labeledData } from "../src/pages/steer/data.ts";
import { guidedModel, guidePoints } from "../src/pages/steer/guide-points.ts";
import { addressed, applySettings, type Settings, usual } from "../src/pages/steer/settings.ts";

const run = { count: 300, eta: 0 };
const guide = (settings: Partial<Settings>, options = run) => {
  const all = { ...usual, ...settings };
  return guidePoints(labeledData[all.data].mixture, all, options);
};
const greatest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i])));

test("at scale 0, guided points are those of the model without guidance", async () => {
  for (const data of dataIds) {
    const none = await guide({ data, classes: [] });
    for (const kind of ["classifier", "free"] as const) {
      const guided = await guide({ data, kind, scale: 0 });
      none.forEach((frame, i) => expect(greatest(frame, guided[i])).toBeLessThan(1e-6));
    }
  }
});

test("at scale 1, both kinds have the score of the class alone, at every noise level", async () => {
  const steps = 30;
  const x = normalNoise({ seed: 4, batch: 40, size: 2 });
  for (const data of dataIds) {
    const { mixture } = labeledData[data];
    for (const kind of ["classifier", "free"] as const) {
      const model = await guidedModel(mixture, { classes: [1], kind, scale: 1, steps }, 40);
      for (const [t, logSnr] of [
        [31, -10],
        [30, -5],
        [12, 2.8],
        [1, 8 - 13 / 30],
      ]) {
        const level = levelOf(logSnr);
        const alone = { ...mixture, classes: [mixture.classes[1]] };
        const { score } = pullsAt(alone, x, level);
        const epsilon = await model(Float64Array.from(x), t);
        score.forEach((v, i) =>
          expect(Math.abs(-epsilon[i] / level.noise - v)).toBeLessThan(
            1e-9 * Math.max(1, Math.abs(v)),
          ),
        );
      }
    }
  }
});

test("classifier guidance and classifier-free guidance move exact models alike, also toward two classes", async () => {
  for (const data of dataIds) {
    for (const classes of [[0], [0, 1]]) {
      for (const scale of [0.5, 3, 10]) {
        const [one, other] = await Promise.all(
          (["classifier", "free"] as const).map((kind) => guide({ data, classes, scale, kind })),
        );
        one.forEach((frame, i) => expect(greatest(frame, other[i])).toBeLessThan(1e-3));
      }
    }
  }
});

test("guided points score like fresh draws at scales 0 and 1, and ever farther above", async () => {
  const work = createWork();
  for (const data of dataIds) {
    for (const scale of [0, 1]) {
      const { distance, fresh } = await work.guide({ ...usual, data, scale });
      expect(distance).toBeLessThan(fresh.mean + 3 * fresh.spread);
      expect(fresh.spread).toBeLessThan(0.03);
    }
    const distances: number[] = [];
    for (const scale of [1, 2, 5, 10]) {
      distances.push(await work.distance({ ...usual, data, scale }));
    }
    expect(distances[1]).toBeGreaterThan(3 * distances[0]);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
  }
});

test("the exact answer of a run is the tilted density's, and paths start from the seed's noise", async () => {
  const settings = { ...usual, classes: [1, 2], scale: 2, steps: 10, seed: 5 };
  const { exact, ddim, ddpm } = await createWork().guide(settings);
  const density = tiltedDensity(labeledData.arms.mixture, settings);
  const others = [1, 2, 3, 4].map((seed) => drawPoints(density, { count: 1200, seed }));
  const between = others.slice(1).map((each) => slicedWasserstein(each, others[0], 2));
  expect(slicedWasserstein(exact, others[0], 2)).toBeLessThan(1.2 * Math.max(...between));
  expect([ddim.length, ddpm.length]).toEqual([11, 11]);
  const noise = normalNoise({ seed: 5, purpose: "initial", batch: 1200, size: 2 });
  expect(greatest(ddim[0], noise)).toBeLessThan(0.3);
});

test("an address sets what it names; the rest is clamped or left, and said", () => {
  const read = (address: string) => {
    const settings: Settings = { ...usual, classes: [...usual.classes] };
    return { settings, changed: applySettings(settings, addressed(new URLSearchParams(address))) };
  };
  expect(read("data=clusters&class=bD&kind=free&scale=2.5&steps=20&seed=9&lang=zh")).toEqual({
    settings: { data: "clusters", classes: [1, 3], kind: "free", scale: 2.5, steps: 20, seed: 9 },
    changed: [],
  });
  expect(read("class=none").settings.classes).toEqual([]);
  expect(read("scale=99&steps=abc&seed=-1&class=AZ&kind=magic&data=cats")).toEqual({
    settings: { ...usual, scale: 10 },
    changed: ["data", "kind", "scale", "steps", "seed", "classes"],
  });
  // Moons have two classes.
  expect(read("data=moons&class=C")).toEqual({
    settings: { ...usual, data: "moons", classes: [] },
    changed: ["classes"],
  });
});
